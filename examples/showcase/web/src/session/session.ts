/**
 * Who is signed in.
 *
 * The access token lives in this module's memory and nowhere else; a reload gets a new one by the refresh cookie,
 * which scripts cannot read. Each refresh token may be used once, so refreshes of all tabs stand in one line.
 */
import { signal } from '@preact/signals'
import { asProblem, Problem, problemOf } from '../api/problem'
import { traceparent } from '../api/trace'
import type { Player, Session } from '../api/types'

/** Refresh when the token has less than this to live: time for the request to arrive. */
const MARGIN_MS = 30_000

/** Only says that a refresh is worth a try; it lets nobody in. */
const HINT = 'contest.session'

/** The player; `null` when signed out; `undefined` until that is known. */
export const player = signal<Player | null | undefined>(undefined)

let token: { value: string; until: number } | null = null
let refreshing: Promise<string | null> | null = null
const tabs = new BroadcastChannel('contest.session')

tabs.onmessage = (message) => {
  if (message.data === 'signed-out') forget()
  if (message.data === 'signed-in' && !player.value) void resume()
}

/** Brings a session back after a reload. */
export async function resume(): Promise<void> {
  if (!hinted()) {
    player.value = null
    return
  }
  await refresh(null)
  player.value ??= null
}

export async function signIn(name: string, password: string): Promise<void> {
  enter(await ask('/api/session', { name, password }))
  tabs.postMessage('signed-in')
}

export async function signUp(name: string, password: string, city: string): Promise<void> {
  enter(await ask('/api/players', { name, password, city }))
  tabs.postMessage('signed-in')
}

export async function signOut(): Promise<void> {
  await locked(async () => {
    const headers = { traceparent: traceparent() }
    const response = await fetch('/api/session', { method: 'DELETE', headers })
    if (!response.ok && response.status !== 401) throw problemOf(response, null)
  })
  forget()
  tabs.postMessage('signed-out')
}

/** `fetch` with the session's token; a refused token is renewed and the request sent once more. */
export async function authorized(request: Request): Promise<Response> {
  request.headers.set('traceparent', traceparent())
  const sent = await accessToken()
  if (sent === null) return fetch(request)
  const again = request.clone()
  const response = await fetch(bearing(request, sent))
  if (response.status !== 401) return response
  const fresh = await refresh(sent)
  return fresh === null ? response : fetch(bearing(again, fresh))
}

/** A token that is good for a while yet, or `null` when signed out. */
export async function accessToken(): Promise<string | null> {
  if (token === null) return hinted() ? refresh(null) : null
  return token.until - Date.now() > MARGIN_MS ? token.value : refresh(token.value)
}

/** The token at hand, for the moment in which a page is closed and nothing can be waited for. */
export function tokenAtHand(): string | null {
  return token !== null && token.until > Date.now() ? token.value : null
}

/** Gets another token than the one that is `used` up; the callers of one tab share one request. */
function refresh(used: string | null): Promise<string | null> {
  if (token !== null && token.value !== used && token.until - Date.now() > MARGIN_MS)
    return Promise.resolve(token.value)
  refreshing ??= locked(renew).finally(() => {
    refreshing = null
  })
  return refreshing
}

async function renew(): Promise<string | null> {
  try {
    const session = await ask('/api/session/refresh')
    enter(session)
    return session.access_token
  } catch (error) {
    const problem = asProblem(error)
    if (problem.status !== 401) throw problem
    forget()
    return null
  }
}

async function ask(path: string, body?: unknown): Promise<Session> {
  const headers = new Headers({ traceparent: traceparent() })
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  const sent = body === undefined ? null : JSON.stringify(body)
  const response = await fetch(path, { method: 'POST', headers, body: sent }).catch((error) => {
    throw asProblem(error)
  })
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemOf(response, answer)
  if (answer === null) throw new Problem('internal', response.status, 'The server sent no session.')
  return answer as Session
}

function enter(session: Session): void {
  token = { value: session.access_token, until: Date.now() + session.expires_in_s * 1000 }
  player.value = session.player
  remember(true)
}

function forget(): void {
  token = null
  player.value = null
  remember(false)
}

/** Holds the lock of all tabs; without secure context there is none, and the tab's own promise must do. */
function locked<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request('contest.refresh', work) : work()
}

function bearing(request: Request, value: string): Request {
  request.headers.set('Authorization', `Bearer ${value}`)
  return request
}

function hinted(): boolean {
  try {
    return localStorage.getItem(HINT) !== null
  } catch {
    return true
  }
}

function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT, '1')
    else localStorage.removeItem(HINT)
  } catch {
    // Storage is switched off: the next page load asks the server instead.
  }
}
