/** Tells the API what is viewed and for how long; what is left is sent when the page goes away. */
import { traceparent } from '../api/trace'
import type { ViewerEvent } from '../api/types'
import { accessToken, tokenAtHand } from '../session/session'
import { Batch, type Outcome } from './batch'
import { uuidv7 } from './uuid'

const PATH = '/api/events'
const EVERY_MS = 10_000

const batch = new Batch(send)

/** Notes a view, or `watchMs` of watching; it is sent within ten seconds. */
export function report(video: string, kind: 'view' | 'watch', watchMs?: number): void {
  const event: ViewerEvent = { id: uuidv7(), video, kind, at: new Date().toISOString() }
  if (watchMs !== undefined) event.watch_ms = watchMs
  batch.add(event)
}

/** Begins to send. Call it once. */
export function startReporting(): void {
  setInterval(() => void batch.flush(), EVERY_MS)
  // The last event that every browser gives, phones as well, before a page may be ended.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') sendLast()
  })
}

/** Sends what waits now: after a view, so that the counts on the page follow soon. */
export function flushReports(): Promise<void> {
  return batch.flush()
}

async function send(events: ViewerEvent[]): Promise<Outcome> {
  const response = await post(events, await accessToken())
  if (response.ok) return 'taken'
  return response.status === 429 || response.status >= 500 ? 'again' : 'refused'
}

function post(events: ViewerEvent[], token: string | null): Promise<Response> {
  const headers = new Headers({ 'Content-Type': 'application/json', traceparent: traceparent() })
  if (token !== null) headers.set('Authorization', `Bearer ${token}`)
  return fetch(PATH, { method: 'POST', headers, body: JSON.stringify({ events }), keepalive: true })
}

/** A beacon cannot carry the token; a request that may outlive the page can. The beacon is for when that is refused. */
function sendLast(): void {
  for (const events of batch.drain()) {
    post(events, tokenAtHand()).catch(() => {
      const body = new Blob([JSON.stringify({ events })], { type: 'application/json' })
      if (!navigator.sendBeacon(PATH, body)) for (const event of events) batch.add(event)
    })
  }
}
