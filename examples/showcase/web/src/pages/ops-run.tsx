/** A run's timeline: its tasks with their attempts, times and errors. */
import { useRoute } from 'preact-iso'
import { api, body, done } from '../api/client'
import type { OpsRunDetail, OpsTask } from '../api/types'
import { at, between, took } from '../format'
import { span } from '../run/timeline'
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
      <p class="back">
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

function Head({ run, reload }: { run: OpsRunDetail; reload: () => void }) {
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
        {run.trace && (
          <>
            <dt>Trace</dt>
            <dd class="code">{run.trace}</dd>
          </>
        )}
        <dt>Submitted</dt>
        <dd>{at(run.submitted_at)}</dd>
        <dt>{run.ended_at ? 'Took' : 'Since'}</dt>
        <dd>{ms === null ? '–' : took(ms)}</dd>
      </dl>
      {run.error.length > 0 && <ErrorChain error={run.error} />}
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

function Tasks({ run }: { run: OpsRunDetail }) {
  return (
    <section class="card" aria-labelledby="tasks">
      <h2 id="tasks">Timeline</h2>
      <ol class="timeline">
        {run.tasks.map((task) => (
          <TaskRow key={`${task.step} ${task.item}`} run={run} task={task} />
        ))}
      </ol>
    </section>
  )
}

function TaskRow({ run, task }: { run: OpsRunDetail; task: OpsTask }) {
  const laid = span(run, task)
  const { attempt } = task
  const ms = attempt?.finished_at ? between(attempt.started_at, attempt.finished_at) : null
  const facts = [
    attempt && `attempt ${attempt.number}`,
    attempt?.started_at && at(attempt.started_at),
    ms !== null && took(ms),
    task.pass !== null && `pass ${task.pass}`,
    task.reused && 'kept from before',
    task.worker && `on ${task.worker}`,
  ].filter(Boolean)
  return (
    <li>
      <div class="row is-apart">
        <strong>
          {task.step}
          {task.item > 0 && ` (${task.item})`}
        </strong>
        <span class="muted small">{task.state.toLowerCase()}</span>
      </div>
      <div class="lane" aria-hidden="true">
        {laid && (
          <span
            class={`lane-mark ${task.state === 'FAILED' ? 'is-bad' : ''}`}
            style={{ insetInlineStart: `${laid.startPercent}%`, inlineSize: `${laid.lengthPercent}%` }}
          />
        )}
      </div>
      {facts.length > 0 && <p class="attempts">{facts.join(' · ')}</p>}
      {attempt && attempt.error.length > 0 && <ErrorChain error={attempt.error} />}
    </li>
  )
}

/** An error and its causes, the outermost first. */
function ErrorChain({ error }: { error: string[] }) {
  return (
    <ul class="chain">
      {error.map((message, depth) => (
        <li key={`${depth} ${message}`}>{message}</li>
      ))}
    </ul>
  )
}
