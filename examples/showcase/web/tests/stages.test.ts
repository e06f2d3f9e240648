import { describe, expect, it } from 'vitest'
import type { RunView, Stage } from '../src/api/types'
import { backoffMs } from '../src/run/backoff'
import { announcement, clampPercent, onward, passes } from '../src/run/stages'

function stage(name: string, fields: Partial<Stage> = {}): Stage {
  return {
    name,
    title: name,
    state: 'WAITING',
    percent: 0,
    attempt: 1,
    pass: null,
    message: null,
    started_at: null,
    finished_at: null,
    reused: false,
    ...fields,
  }
}

describe('the passes of a run', () => {
  it('put neighbours of one pass into one bar', () => {
    const stages = [stage('probe'), stage('trim', { pass: 1 }), stage('edit', { pass: 1 }), stage('poster')]

    expect(passes(stages).map((pass) => pass.key)).toEqual(['probe', 'trim edit', 'poster'])
  })

  it('keep two passes apart that follow each other', () => {
    expect(passes([stage('a', { pass: 1 }), stage('b', { pass: 2 })])).toHaveLength(2)
  })

  it('are as far as their stages are on average, and what is done counts whole', () => {
    const [pass] = passes([stage('a', { pass: 1, state: 'READY', percent: 97 }), stage('b', { pass: 1, percent: 50 })])

    expect(pass?.percent).toBe(75)
  })

  it('run while one stage is done and the next waits', () => {
    expect(passes([stage('a', { pass: 1, state: 'READY' }), stage('b', { pass: 1 })])[0]?.state).toBe('RUNNING')
  })

  it('fail with any of their stages', () => {
    const stages = [stage('a', { pass: 1, state: 'RUNNING' }), stage('b', { pass: 1, state: 'FAILED' })]

    expect(passes(stages)[0]?.state).toBe('FAILED')
  })

  it('are ready when all stages are', () => {
    const stages = [stage('a', { pass: 1, state: 'READY' }), stage('b', { pass: 1, state: 'READY' })]

    expect(passes(stages)[0]).toMatchObject({ state: 'READY', percent: 100 })
  })
})

describe('a percentage', () => {
  it('stays between 0 and 100 and is whole', () => {
    expect([-3, 0, 12.9, 100, 250, Number.NaN].map(clampPercent)).toEqual([0, 0, 12, 100, 100, 0])
  })
})

const VIEW: RunView = {
  run: '0',
  status: 'RUNNING',
  percent: 31,
  stages: [stage('edit', { title: 'Edit', state: 'RUNNING' })],
  reason: null,
  submitted_at: '2026-01-01T00:00:00.000Z',
  ended_at: null,
}

describe('the bar of a run', () => {
  it('does not go back while the run goes on', () => {
    expect(onward({ ...VIEW, percent: 65 }, { ...VIEW, percent: 54 }).percent).toBe(65)
    expect(onward({ ...VIEW, percent: 54 }, { ...VIEW, percent: 65 }).percent).toBe(65)
  })

  it('begins anew with another run, and tells the truth at the end', () => {
    expect(onward({ ...VIEW, percent: 65 }, { ...VIEW, run: '1', percent: 0 }).percent).toBe(0)
    expect(onward({ ...VIEW, percent: 65 }, { ...VIEW, status: 'FAILED', percent: 54 }).percent).toBe(54)
  })
})

describe('what is announced', () => {
  it('is the same within a quarter', () => {
    expect(announcement({ ...VIEW, percent: 26 })).toBe(announcement({ ...VIEW, percent: 49 }))
    expect(announcement({ ...VIEW, percent: 49 })).not.toBe(announcement({ ...VIEW, percent: 50 }))
  })

  it('says why a run failed', () => {
    expect(announcement({ ...VIEW, status: 'FAILED', reason: 'This file is not a video.' })).toContain('not a video')
  })
})

describe('the wait before another try', () => {
  it('doubles up to ten seconds', () => {
    expect([0, 1, 2, 9].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 10_000])
  })

  it('is scattered over half of its length', () => {
    expect(backoffMs(2, 0)).toBe(1000)
  })
})
