/** Small pieces that several pages show. */
import type { ComponentChildren } from 'preact'
import type { PlayerCard, RunStatus, VideoState } from '../api/types'
import { Icon, type IconName } from './icons'

/** A player's initials on a colour of their own. */
export function Avatar({ name }: { name: string }) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7)
  return (
    <span class="avatar" style={{ '--hue': String(hue) }} aria-hidden="true">
      {name.slice(0, 2).toUpperCase()}
    </span>
  )
}

export function PlayerLine({ player, when }: { player: Pick<PlayerCard, 'name' | 'city'>; when?: string }) {
  return (
    <span class="player-line">
      <Avatar name={player.name} />
      <span>
        <strong>{player.name}</strong>
        <span class="muted">{when ? `${player.city} · ${when}` : player.city}</span>
      </span>
    </span>
  )
}

const STATES: Record<VideoState | RunStatus, [label: string, icon: IconName, tone: string]> = {
  UPLOADING: ['Uploading', 'upload', 'is-idle'],
  QUEUED: ['Queued', 'clock', 'is-idle'],
  RUNNING: ['Processing', 'gauge', 'is-busy'],
  READY: ['Ready', 'check', 'is-good'],
  FAILED: ['Failed', 'alert', 'is-bad'],
  CANCELLED: ['Cancelled', 'cross', 'is-idle'],
}

export function StateBadge({ state }: { state: VideoState | RunStatus }) {
  const [label, icon, tone] = STATES[state]
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} /> {label}
    </span>
  )
}

/** What may be wider than the screen: it scrolls by itself, by the keys as well. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keys
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}

/** A bar that fills. */
export function Bar({ percent, label, tone = '' }: { percent: number; label: string; tone?: string }) {
  return (
    <div
      class={`bar ${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span class="bar-fill" style={{ inlineSize: `${percent}%` }} />
    </div>
  )
}
