/** Lays a run's attempts out along its time. */
import type { Timeline } from '../api/types'

/** An attempt as a stretch of the run's time, in hundredths of it. */
export interface Span {
  attempt: number
  startPercent: number
  lengthPercent: number
  isBad: boolean
}

/** The shortest stretch that can be seen. */
const LENGTH_MIN = 0.6

export function spans(run: Timeline, task: Timeline['tasks'][number], now = Date.now()): Span[] {
  const begin = time(run.submitted_at, now)
  const whole = Math.max(1, time(run.ended_at, now) - begin)
  return task.attempts.flatMap((attempt) => {
    if (!attempt.started_at) return []
    const start = percent(time(attempt.started_at, now) - begin, whole)
    const end = percent(time(attempt.ended_at, now) - begin, whole)
    const lengthPercent = Math.max(LENGTH_MIN, end - start)
    return [
      {
        attempt: attempt.attempt,
        startPercent: Math.min(start, 100 - lengthPercent),
        lengthPercent,
        isBad: attempt.error != null,
      },
    ]
  })
}

function percent(part: number, whole: number): number {
  return Math.max(0, Math.min(100, (100 * part) / whole))
}

function time(value: string | null | undefined, now: number): number {
  return value ? new Date(value).getTime() : now
}
