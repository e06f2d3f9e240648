/** Every run of a video, with each attempt: when, how long, and what went wrong. */
import { useEffect, useState } from 'preact/hooks'
import { api, body } from '../api/client'
import type { HistoryRun, VideoState } from '../api/types'
import { at, between, took } from '../format'
import { StateBadge } from '../ui/bits'
import { useResource } from '../ui/hooks'
import { Failure, Loading } from '../ui/states'

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
      <div class="scroll">
        <table class="facts">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Try</th>
              <th scope="col">Began</th>
              <th scope="col">Took</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>{run.stages.flatMap((stage) => rows(stage))}</tbody>
        </table>
      </div>
    </section>
  )
}

function rows(stage: HistoryRun['stages'][number]) {
  return stage.attempts.map((attempt) => {
    const ms = attempt.ended_at ? between(attempt.started_at, attempt.ended_at) : null
    return (
      <tr key={`${stage.name} ${attempt.attempt}`}>
        <th scope="row">{stage.title}</th>
        <td>{attempt.attempt}</td>
        <td>{attempt.started_at ? at(attempt.started_at) : '–'}</td>
        <td>{ms === null ? '–' : took(ms)}</td>
        <td class={attempt.error ? 'is-bad' : ''}>{attempt.error ?? (attempt.ended_at ? 'done' : 'running')}</td>
      </tr>
    )
  })
}
