/** Puts a run's stages in the shape that is drawn: one bar for each pass over the video. */
import type { RunView, Stage, StageState } from '../api/types'

/** Stages that are one pass over the video (one process does them all), or a single stage. */
export interface Pass {
  key: string
  stages: Stage[]
  state: StageState
  percent: number
}

/** Groups neighbours of one pass. */
export function passes(stages: readonly Stage[]): Pass[] {
  const groups: Stage[][] = []
  for (const stage of stages) {
    const last = groups.at(-1)
    const isSamePass = stage.pass != null && last?.[0]?.pass === stage.pass
    if (isSamePass) last?.push(stage)
    else groups.push([stage])
  }
  return groups.map((group) => ({
    key: group.map((stage) => stage.name).join(' '),
    stages: group,
    state: stateOf(group.map((stage) => stage.state)),
    percent: clampPercent(group.reduce((sum, stage) => sum + shownPercent(stage), 0) / group.length),
  }))
}

/** A whole number from 0 to 100, whatever was sent. */
export function clampPercent(percent: number): number {
  return Number.isFinite(percent) ? Math.max(0, Math.min(100, Math.floor(percent))) : 0
}

/** What is done is full, whatever its last report said. */
export function shownPercent(stage: Stage): number {
  return stage.state === 'READY' ? 100 : clampPercent(stage.percent)
}

/** What to show after `shown`: the bar of a run that goes on does not go back, though its estimate may. */
export function onward(shown: RunView | null, next: RunView): RunView {
  const goesOn = shown?.run === next.run && shown.status === 'RUNNING' && next.status === 'RUNNING'
  return goesOn ? { ...next, percent: Math.max(shown.percent, next.percent) } : next
}

/** A sentence for those who hear the page: what is worked at now, or how it ended. */
export function announcement(view: RunView): string {
  const running = view.stages.find((stage) => stage.state === 'RUNNING')
  switch (view.status) {
    case 'QUEUED':
      return 'Waiting for a worker.'
    case 'READY':
      return 'Your video is ready.'
    case 'FAILED':
      return `Processing failed. ${view.reason ?? ''}`.trim()
    case 'CANCELLED':
      return 'Processing was cancelled.'
    default: {
      // In quarters: a screen reader that tells each percent tells nothing else.
      const quarter = Math.floor(clampPercent(view.percent) / 25) * 25
      return `${running?.title ?? 'Processing'}: ${quarter} percent of all done.`
    }
  }
}

/** The worst news first: a failed stage fails the pass; a running one keeps it running. */
function stateOf(states: StageState[]): StageState {
  const order: StageState[] = ['FAILED', 'CANCELLED', 'RUNNING']
  for (const state of order) if (states.includes(state)) return state
  if (states.every((state) => state === 'READY')) return 'READY'
  if (states.includes('READY')) return 'RUNNING'
  return states.includes('QUEUED') ? 'QUEUED' : 'WAITING'
}
