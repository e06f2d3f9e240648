import { describe, expect, it } from 'vitest'
import type { Timeline } from '../src/api/types'
import { spans } from '../src/run/timeline'

const RUN: Timeline = {
  run: '0',
  workflow: 'contest-publish',
  status: 'READY',
  submitted_at: '2026-01-01T00:00:00.000Z',
  ended_at: '2026-01-01T00:00:10.000Z',
  tasks: [],
}

function task(started_at: string | null, ended_at: string | null, error: string | null = null) {
  return { name: 'probe', state: 'READY', attempts: [{ attempt: 1, started_at, ended_at, outcome: null, error }] }
}

describe('an attempt on the timeline', () => {
  it('lies where it was in the run', () => {
    const [span] = spans(RUN, task('2026-01-01T00:00:02.000Z', '2026-01-01T00:00:07.000Z', 'no'))

    expect(span).toEqual({ attempt: 1, startPercent: 20, lengthPercent: 50, isBad: true })
  })

  it('can be seen however short it was, and stays inside', () => {
    const [span] = spans(RUN, task('2026-01-01T00:00:10.000Z', '2026-01-01T00:00:10.000Z'))

    expect(span?.lengthPercent).toBeGreaterThan(0)
    expect((span?.startPercent ?? 0) + (span?.lengthPercent ?? 0)).toBeLessThanOrEqual(100)
  })

  it('is not there before it began', () => {
    expect(spans(RUN, task(null, null))).toEqual([])
  })
})
