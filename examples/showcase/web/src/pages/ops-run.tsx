/** A run's timeline: its tasks with their attempts, times and errors. */
import { useRoute } from 'preact-iso'
import { api, body, done } from '../api/client'
import type { Timeline } from '../api/types'
import { at, between, took } from '../format'
import { type Span, spans } from '../run/timeline'
import { StateBadge } from '../ui/bits'
import { confirm } from '../ui/confirm'
import { Admin } from '../ui/guard'
import { useAction, useEvery, useResource, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Failure, Loading, Notice } from '../ui/states'
import { toast } from '../ui/toast'

const REFRESH_MS = 2_000

export function OpsRunPage() {
  useTitle('Run')
  const { params } = useRoute()
  return (
    <>
      <p>
        <a href="/ops">Operations</a>
      </p>
      <Admin>
        <Run id={params.run ?? ''} />
      </Admin>
    </>
  )
}

function Run({ id }: { id: string }) {
  const timeline = useResource(`run ${id}`, (signal) =>
    body(api.GET('/api/ops/runs/{run}', { params: { path: { run: id } }, signal, cache: 'no-cache' })),
  )
  useEvery(REFRESH_MS, () => {
    if (timeline.data && !timeline.data.ended_at) timeline.reload()
  })
  if (!timeline.data)
    return timeline.problem ? (
      <Failure problem={timeline.problem} retry={timeline.reload} />
    ) : (
      <Loading what="the run" />
    )
  return (
    <>
      <Head run={timeline.data} reload={timeline.reload} />
      <Tasks run={timeline.data} />
    </>
  )
}

function Head({ run, reload }: { run: Timeline; reload: () => void }) {
  const action = useAction()
  const path = { params: { path: { run: run.run } } }
  const cancel = async () => {
    const question = {
      title: 'Cancel this run?',
      text: 'Its tasks stop at the next heartbeat.',
      action: 'Cancel the run',
      isDangerous: true,
    }
    if (!(await confirm(question))) return
    if (await action.run(() => done(api.POST('/api/ops/runs/{run}/cancel', path)))) reload()
  }
  const redrive = async () => {
    if (!(await action.run(() => done(api.POST('/api/ops/runs/{run}/redrive', path))))) return
    toast('The run goes on.')
    reload()
  }
  const ms = between(run.submitted_at, run.ended_at)
  return (
    <section class="card stack">
      <div class="row is-apart">
        <h1>{run.workflow}</h1>
        <StateBadge state={run.status} />
      </div>
      <dl class="pairs">
        <dt>Run</dt>
        <dd class="code">{run.run}</dd>
        <dt>Submitted</dt>
        <dd>{at(run.submitted_at)}</dd>
        <dt>{run.ended_at ? 'Took' : 'Since'}</dt>
        <dd>{ms === null ? '–' : took(ms)}</dd>
      </dl>
      <Notice problem={action.problem} />
      <div class="row">
        {!run.ended_at && (
          <button type="button" class="button" disabled={action.isBusy} onClick={() => void cancel()}>
            <Icon name="cross" /> Cancel
          </button>
        )}
        {run.status === 'FAILED' && (
          <button type="button" class="button is-primary" disabled={action.isBusy} onClick={() => void redrive()}>
            <Icon name="retry" /> Redrive
          </button>
        )}
      </div>
    </section>
  )
}

function Tasks({ run }: { run: Timeline }) {
  return (
    <section class="card" aria-labelledby="tasks">
      <h2 id="tasks">Timeline</h2>
      <ol class="timeline">
        {run.tasks.map((task) => (
          <li key={task.name}>
            <div class="row is-apart">
              <strong>{task.name}</strong>
              <span class="muted small">{task.state.toLowerCase()}</span>
            </div>
            <div class="lane" aria-hidden="true">
              {spans(run, task).map((span) => (
                <Mark key={span.attempt} span={span} />
              ))}
            </div>
            <ul class="attempts">
              {task.attempts.map((attempt) => {
                const ms = attempt.ended_at ? between(attempt.started_at, attempt.ended_at) : null
                return (
                  <li key={attempt.attempt} class={attempt.error ? 'is-bad' : ''}>
                    Attempt {attempt.attempt}
                    {attempt.started_at && ` · ${at(attempt.started_at)}`}
                    {ms !== null && ` · ${took(ms)}`}
                    {attempt.error ? ` · ${attempt.error}` : attempt.outcome && ` · ${attempt.outcome.toLowerCase()}`}
                  </li>
                )
              })}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Mark({ span }: { span: Span }) {
  return (
    <span
      class={`lane-mark ${span.isBad ? 'is-bad' : ''}`}
      style={{ insetInlineStart: `${span.startPercent}%`, inlineSize: `${span.lengthPercent}%` }}
    />
  )
}
