/** Lays a run's tasks out along its time. */
import type { OpsRunDetail, OpsTask } from '../api/types'

/** The latest attempt of a task as a stretch of the run's time, in hundredths of it. */
export interface Span {
  startPercent: number
  lengthPercent: number
}

/** The shortest stretch that can be seen. */
const LENGTH_MIN = 0.6

type Times = Pick<OpsRunDetail, 'submitted_at' | 'ended_at'>

/** Where a task lies in its run; nowhere before it began. */
export function span(run: Times, task: Pick<OpsTask, 'attempt'>, now = Date.now()): Span | null {
  const attempt = task.attempt
  if (!attempt?.started_at) return null
  const begin = time(run.submitted_at, now)
  const whole = Math.max(1, time(run.ended_at, now) - begin)
  const start = percent(time(attempt.started_at, now) - begin, whole)
  const end = percent(time(attempt.finished_at, now) - begin, whole)
  const lengthPercent = Math.max(LENGTH_MIN, end - start)
  return { startPercent: Math.min(start, 100 - lengthPercent), lengthPercent }
}

function percent(part: number, whole: number): number {
  return Math.max(0, Math.min(100, (100 * part) / whole))
}

function time(value: string | null | undefined, now: number): number {
  return value ? new Date(value).getTime() : now
}
