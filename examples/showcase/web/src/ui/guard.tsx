/** Pages for those who are signed in. */
import type { ComponentChildren } from 'preact'
import { useLocation } from 'preact-iso'
import { player } from '../session/session'
import { Empty } from './states'

export function SignedIn({ why, children }: { why: string; children: ComponentChildren }) {
  const { url } = useLocation()
  if (player.value) return <>{children}</>
  const next = `?next=${encodeURIComponent(url)}`
  return (
    <Empty icon="user" title="Sign in first">
      <p>{why}</p>
      <div class="row is-center">
        <a class="button is-primary" href={`/sign-in${next}`}>
          Sign in
        </a>
        <a class="button" href={`/sign-up${next}`}>
          Join
        </a>
      </div>
    </Empty>
  )
}

export function Admin({ children }: { children: ComponentChildren }) {
  if (player.value?.role === 'admin') return <>{children}</>
  return (
    <SignedIn why="This page is for those who run the contest.">
      <Empty icon="alert" title="Not for you">
        <p>This page is for those who run the contest.</p>
      </Empty>
    </SignedIn>
  )
}
