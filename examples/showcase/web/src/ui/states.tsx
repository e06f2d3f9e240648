/** What a page shows while there is nothing to show yet, nothing at all, or something went wrong. */
import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/problem'
import { Icon, type IconName } from './icons'

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <span class="state-icon">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="state" role="alert">
      <span class="state-icon is-bad">
        <Icon name="alert" />
      </span>
      <h2>{problem.status === 404 ? 'Not found' : 'That did not work'}</h2>
      <p>{problem.message}</p>
      {retry && problem.status !== 404 && (
        <button type="button" class="button" onClick={retry}>
          <Icon name="retry" /> Try again
        </button>
      )}
    </div>
  )
}

/** A line that says what an action met. */
export function Notice({ problem }: { problem: Problem | null }) {
  return (
    <div role="alert" class="notice-slot">
      {problem && (
        <p class="notice is-bad">
          <Icon name="alert" />
          <span>
            {problem.message}
            {problem.retryAfterMs !== null && ` Try again in ${Math.ceil(problem.retryAfterMs / 1000)} s.`}
          </span>
        </p>
      )}
    </div>
  )
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  )
}
