import { describe, expect, it } from 'vitest'
import { span } from '../src/run/timeline'

const RUN = { submitted_at: '2026-01-01T00:00:00.000Z', ended_at: '2026-01-01T00:00:10.000Z' }

function task(started_at: string | null, finished_at: string | null) {
  return { attempt: { number: 1, started_at, finished_at, error: [] } }
}

describe('a task on the timeline', () => {
  it('lies where it was in the run', () => {
    const laid = span(RUN, task('2026-01-01T00:00:02.000Z', '2026-01-01T00:00:07.000Z'))

    expect(laid).toEqual({ startPercent: 20, lengthPercent: 50 })
  })

  it('can be seen however short it was, and stays inside', () => {
    const laid = span(RUN, task('2026-01-01T00:00:10.000Z', '2026-01-01T00:00:10.000Z'))

    expect(laid?.lengthPercent).toBeGreaterThan(0)
    expect((laid?.startPercent ?? 0) + (laid?.lengthPercent ?? 0)).toBeLessThanOrEqual(100)
  })

  it('lasts until now while it runs', () => {
    const now = Date.parse('2026-01-01T00:00:08.000Z')
    const laid = span({ ...RUN, ended_at: null }, task('2026-01-01T00:00:04.000Z', null), now)

    expect(laid).toEqual({ startPercent: 50, lengthPercent: 50 })
  })

  it('is not there before it began', () => {
    expect(span(RUN, task(null, null))).toBeNull()
    expect(span(RUN, { attempt: null })).toBeNull()
  })
})
