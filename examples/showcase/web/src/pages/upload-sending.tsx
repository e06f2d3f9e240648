/** An upload under way. */

import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { asProblem, isRefusal } from '../api/problem'
import { bytes, took } from '../format'
import { player } from '../session/session'
import { Bar } from '../ui/bits'
import { confirm } from '../ui/confirm'
import { Icon } from '../ui/icons'
import { Notice } from '../ui/states'
import { toast } from '../ui/toast'
import { again, cancel, clear, pause, resume, type Sending } from '../upload/uploader'

const PHASES: Record<Sending['phase'], string> = {
  starting: 'Getting ready',
  sending: 'Uploading',
  paused: 'Paused',
  failed: 'Stopped',
  sent: 'Sent',
}

export function SendingCard({ sending }: { sending: Sending }) {
  const { route } = useLocation()
  const { file, phase, sentBytes, video } = sending
  const percent = Math.floor((100 * sentBytes) / Math.max(1, file.size))
  useEffect(() => {
    if (phase !== 'sent') return
    route(`/v/${video}`)
    clear()
  }, [phase, video, route])
  return (
    <div class="card stack">
      <div class="row is-apart">
        <div>
          <h2>{sending.title}</h2>
          <p class="muted file-name">{file.name}</p>
        </div>
        <strong class="percent">{percent} %</strong>
      </div>
      <Bar
        percent={percent}
        label="Upload"
        tone={phase === 'failed' ? 'is-bad' : phase === 'paused' ? 'is-idle' : ''}
      />
      <p class="row is-apart muted">
        <span>
          {PHASES[phase]} · {bytes(sentBytes)} of {bytes(file.size)}
        </span>
        {sending.secondsLeft !== null && <span>about {took(sending.secondsLeft * 1000)} left</span>}
      </p>
      <p class="unseen" aria-live="polite">
        {/* In quarters: each percent told would drown all else. */}
        {PHASES[phase]}, {Math.floor(percent / 25) * 25} percent
      </p>
      <Notice problem={sending.problem} />
      <Buttons sending={sending} />
      <p class="muted small">
        You may look around meanwhile. After a reload, pick the same file again: what is sent stays sent.
      </p>
    </div>
  )
}

function Buttons({ sending }: { sending: Sending }) {
  const me = player.value?.id ?? ''
  const giveUp = () => cancel(me).catch((error) => toast(asProblem(error).message))
  const stop = async () => {
    const isAgreed = await confirm({
      title: 'Cancel this upload?',
      text: 'What was sent so far is thrown away.',
      action: 'Cancel the upload',
      isDangerous: true,
    })
    if (isAgreed) await giveUp()
  }
  if (sending.problem && isRefusal(sending.problem)) {
    return (
      <div class="row">
        <button type="button" class="button is-primary" onClick={() => void giveUp()}>
          Pick another file
        </button>
      </div>
    )
  }
  return (
    <div class="row">
      {sending.phase === 'sending' && (
        <button type="button" class="button" onClick={pause}>
          <Icon name="pause" /> Pause
        </button>
      )}
      {sending.phase === 'paused' && (
        <button type="button" class="button is-primary" onClick={resume}>
          <Icon name="play" /> Resume
        </button>
      )}
      {sending.phase === 'failed' && (
        <button type="button" class="button is-primary" onClick={() => void again(me)}>
          <Icon name="retry" /> Try again
        </button>
      )}
      <button type="button" class="button is-quiet" onClick={() => void stop()}>
        <Icon name="cross" /> Cancel
      </button>
    </div>
  )
}
