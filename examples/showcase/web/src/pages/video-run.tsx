/** A run as it happens, stage by stage. */
import { useEffect, useState } from 'preact/hooks'
import { api, done } from '../api/client'
import type { Problem } from '../api/problem'
import type { RunView, Stage, StageState } from '../api/types'
import { between, took } from '../format'
import { type Connection, follow } from '../run/follow'
import { announcement, clampPercent, onward, type Pass, passes, shownPercent } from '../run/stages'
import { Bar } from '../ui/bits'
import { confirm } from '../ui/confirm'
import { useAction } from '../ui/hooks'
import { Icon, type IconName } from '../ui/icons'
import { Loading, Notice } from '../ui/states'

interface Props {
  video: string
  /** The run ended: the video may be watched now, or the reason read. */
  onEnd: () => void
}

export function RunPanel({ video, onEnd }: Props) {
  const [round, setRound] = useState(0)
  const { view, connection, problem } = useRun(video, round, onEnd)
  const action = useAction()
  const cancel = async () => {
    const question = {
      title: 'Stop processing?',
      text: 'Finished stages are kept for the next try.',
      action: 'Stop',
      isDangerous: true,
    }
    if (await confirm(question))
      await action.run(() => done(api.POST('/api/videos/{id}/run/cancel', { params: { path: { id: video } } })))
  }
  const retry = async () => {
    if (await action.run(() => done(api.POST('/api/videos/{id}/run/retry', { params: { path: { id: video } } })))) {
      setRound(round + 1)
      onEnd()
    }
  }
  if (!view) return problem ? <Notice problem={problem} /> : <Loading what="the run" />
  const isOver = view.ended_at != null
  return (
    <section class="card stack run" aria-label="Processing" data-status={view.status}>
      <Summary view={view} connection={connection} />
      {view.status === 'FAILED' && (
        <div class="notice is-bad reason">
          <Icon name="alert" />
          <span>{view.reason ?? 'The video could not be processed.'}</span>
        </div>
      )}
      <ol class="passes">
        {passes(view.stages).map((pass) => (
          <PassRow key={pass.key} pass={pass} />
        ))}
      </ol>
      <Notice problem={action.problem ?? problem} />
      <div class="row">
        {!isOver && (
          <button type="button" class="button" disabled={action.isBusy} onClick={() => void cancel()}>
            <Icon name="cross" /> Cancel
          </button>
        )}
        {isOver && view.status !== 'READY' && (
          <button type="button" class="button is-primary" disabled={action.isBusy} onClick={() => void retry()}>
            <Icon name="retry" /> Try again
          </button>
        )}
      </div>
    </section>
  )
}

/** Follows the run; a new `round` follows the next one. */
function useRun(video: string, round: number, onEnd: () => void) {
  const [view, setView] = useState<RunView | null>(null)
  const [connection, setConnection] = useState<Connection>('live')
  const [problem, setProblem] = useState<Problem | null>(null)
  // A new round follows another run of the same video.
  useEffect(() => {
    const abort = new AbortController()
    let wasSeenRunning = false
    const onView = (next: RunView) => {
      if (abort.signal.aborted) return
      setView((shown) => onward(shown, next))
      setProblem(null)
      // A failed run that is merely looked at again is no news for the page around it.
      if (next.ended_at == null) wasSeenRunning = true
      else if (wasSeenRunning || next.status === 'READY') onEnd()
    }
    void follow(video, { onView, onConnection: setConnection, onProblem: setProblem }, abort.signal)
    return () => abort.abort()
  }, [video, round, onEnd])
  return { view, connection, problem }
}

const HEADLINES: Record<RunView['status'], string> = {
  QUEUED: 'In the queue',
  RUNNING: 'Your clip is in the studio',
  READY: 'Ready to watch',
  FAILED: 'This clip could not be made ready',
  CANCELLED: 'Processing was cancelled',
}

function Summary({ view, connection }: { view: RunView; connection: Connection }) {
  const percent = view.status === 'READY' ? 100 : clampPercent(view.percent)
  const tone = { QUEUED: 'is-idle', RUNNING: '', READY: 'is-good', FAILED: 'is-bad', CANCELLED: 'is-idle' }[view.status]
  return (
    <>
      <div class="row is-apart">
        <div>
          <h2>{HEADLINES[view.status]}</h2>
          {view.ended_at == null && <ConnectionLine connection={connection} />}
        </div>
        <strong class="percent">{percent} %</strong>
      </div>
      <Bar percent={percent} label="All stages" tone={tone} />
      <p class="unseen" aria-live="polite">
        {announcement(view)}
      </p>
    </>
  )
}

function ConnectionLine({ connection }: { connection: Connection }) {
  const text = { live: 'Live', polling: 'Updated every two seconds', reconnecting: 'Connecting again…' }[connection]
  return (
    <p class={`live is-${connection}`}>
      <span class="live-dot" aria-hidden="true" /> {text}
    </p>
  )
}

const STATES: Record<StageState, [icon: IconName, label: string, tone: string]> = {
  WAITING: ['clock', 'waiting', 'is-idle'],
  QUEUED: ['clock', 'queued', 'is-idle'],
  RUNNING: ['gauge', 'running', 'is-busy'],
  READY: ['check', 'done', 'is-good'],
  FAILED: ['alert', 'failed', 'is-bad'],
  CANCELLED: ['cross', 'cancelled', 'is-idle'],
}

/** One pass: a bar, and the stages that are done in it. */
function PassRow({ pass }: { pass: Pass }) {
  const [icon, label, tone] = STATES[pass.state]
  const title = pass.stages.map((stage) => stage.title).join(', ')
  return (
    <li class={`pass ${tone}`} data-state={pass.state}>
      <span class="pass-icon">
        <Icon name={icon} />
        <span class="unseen">{label}</span>
      </span>
      <div class="pass-body">
        <div class="row is-apart">
          {pass.stages.length > 1 ? <strong>One pass over the video</strong> : <strong>{title}</strong>}
          <Facts stages={pass.stages} />
        </div>
        <Bar percent={pass.percent} label={title} tone={tone} />
        {pass.stages.length > 1 && (
          <ul class="pass-stages">
            {pass.stages.map((stage) => (
              <li key={stage.name} class={STATES[stage.state][2]}>
                <Icon name={STATES[stage.state][0]} /> {stage.title}
                <span class="unseen">
                  : {STATES[stage.state][1]}, {shownPercent(stage)} percent
                </span>
              </li>
            ))}
          </ul>
        )}
        <Messages stages={pass.stages} />
      </div>
    </li>
  )
}

function Facts({ stages }: { stages: Stage[] }) {
  const attempt = Math.max(...stages.map((stage) => stage.attempt))
  const starts = stages.flatMap((stage) => (stage.started_at ? [stage.started_at] : [])).sort()
  const ends = stages.flatMap((stage) => (stage.finished_at ? [stage.finished_at] : [])).sort()
  const ms = between(starts[0], ends.length === stages.length ? ends.at(-1) : null)
  return (
    <span class="pass-facts muted">
      {stages.every((stage) => stage.reused) && <span>kept from before</span>}
      {attempt > 1 && <span class="again">try {attempt}</span>}
      {ms !== null && ends.length === stages.length && <span>{took(ms)}</span>}
    </span>
  )
}

function Messages({ stages }: { stages: Stage[] }) {
  const messages = stages.filter((stage) => stage.message && stage.state !== 'READY')
  return (
    <>
      {messages.map((stage) => (
        <p key={stage.name} class="muted small">
          {stage.message}
        </p>
      ))}
    </>
  )
}
