/** Every run of a video, with each attempt: when, how long, and what went wrong. */
import { useEffect, useState } from 'preact/hooks'
import { api, body } from '../api/client'
import type { HistoryRun, HistoryStage, StageState, VideoState } from '../api/types'
import { at, between, took } from '../format'
import { Scroll, StateBadge } from '../ui/bits'
import { useResource } from '../ui/hooks'
import { Failure, Loading } from '../ui/states'

const STAGE_STATES: Record<StageState, string> = {
  WAITING: 'Waiting',
  QUEUED: 'Queued',
  RUNNING: 'Running',
  READY: 'Done',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
}

export function HistoryPanel({ video, state }: { video: string; state: VideoState }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="card history" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>History</h2>
        <span class="muted small">every attempt, when and how long</span>
      </summary>
      {isOpen && <Runs video={video} state={state} />}
    </details>
  )
}

function Runs({ video, state }: { video: string; state: VideoState }) {
  const history = useResource(`history ${video}`, (signal) =>
    body(api.GET('/api/videos/{id}/history', { params: { path: { id: video } }, signal, cache: 'no-cache' })),
  )
  const { reload } = history
  // What is known changes with the state.
  useEffect(reload, [state])
  if (history.problem) return <Failure problem={history.problem} retry={reload} />
  if (!history.data) return <Loading what="the history" />
  return (
    <div class="stack">
      {history.data.runs.map((run) => (
        <Run key={run.run} run={run} />
      ))}
    </div>
  )
}

function Run({ run }: { run: HistoryRun }) {
  const ms = between(run.submitted_at, run.ended_at)
  return (
    <section class="history-run" aria-label={`Run ${run.n}`}>
      <div class="row is-apart">
        <h3>
          Run {run.n} <span class="muted small">{at(run.submitted_at)}</span>
        </h3>
        <span class="row">
          {run.ended_at && ms !== null && <span class="muted small">{took(ms)}</span>}
          <StateBadge state={run.status} />
        </span>
      </div>
      {run.reason && <p class="notice is-bad">{run.reason}</p>}
      <Scroll label={`Stages of run ${run.n}`}>
        <table class="facts">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">State</th>
              <th scope="col" class="is-number">
                Tries
              </th>
              <th scope="col">Began</th>
              <th scope="col">Took</th>
              <th scope="col">What went wrong</th>
            </tr>
          </thead>
          <tbody>
            {run.stages.map((stage) => (
              <StageRow key={stage.name} stage={stage} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}

function StageRow({ stage }: { stage: HistoryStage }) {
  const ms = stage.finished_at ? between(stage.started_at, stage.finished_at) : null
  return (
    <tr>
      <th scope="row">{stage.title}</th>
      <td>{STAGE_STATES[stage.state]}</td>
      <td class="is-number">{stage.attempts}</td>
      <td>{stage.started_at ? at(stage.started_at) : '–'}</td>
      <td>{ms === null ? '–' : took(ms)}</td>
      <td class="is-bad">{stage.reason}</td>
    </tr>
  )
}
