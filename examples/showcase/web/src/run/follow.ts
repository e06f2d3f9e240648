/**
 * Follows a run until it ends.
 *
 * By server-sent events as long as they come; where a proxy or a network swallows streams, by polling. The last
 * event's id goes along with each new try, so nothing is shown twice and nothing is missed.
 */
import { asProblem, isAborted, type Problem, problemOf } from '../api/problem'
import type { RunView } from '../api/types'
import { authorized } from '../session/session'
import { backoffMs } from './backoff'
import { SseParser } from './sse'

/** How the page hears of the run. */
export type Connection = 'live' | 'polling' | 'reconnecting'

export interface Follower {
  onView(view: RunView): void
  onConnection(connection: Connection): void
  onProblem(problem: Problem): void
}

/** The server sends a comment each 15 s: after three of them missed, the stream is dead. */
const SILENCE_MS = 45_000
/** Streams that brought nothing, one after the other, before polling takes over. */
const EMPTY_STREAMS_MAX = 3
const POLL_MS = 2_000
/** Polls between two tries of the stream. */
const POLLS_MAX = 15

/** Calls the follower for each change, until the run ends or `signal` is aborted. */
export async function follow(video: string, follower: Follower, signal: AbortSignal): Promise<void> {
  const reader = new RunReader(`/api/videos/${video}/run`, follower, signal)
  for (let empty = 0; !signal.aborted; ) {
    try {
      const opened = Date.now()
      const news = await reader.stream()
      if (reader.ended) return
      // A stream that was open for long and had nothing to tell was a good one.
      empty = news > 0 || Date.now() - opened > SILENCE_MS / 2 ? 0 : empty + 1
      if (empty >= EMPTY_STREAMS_MAX) await reader.poll()
      if (reader.ended) return
    } catch (error) {
      if (isAborted(error) && signal.aborted) return
      const problem = asProblem(error)
      if (isFinal(problem)) return follower.onProblem(problem)
      empty += 1
      if (empty === EMPTY_STREAMS_MAX) follower.onProblem(problem)
    }
    if (signal.aborted) return
    follower.onConnection('reconnecting')
    await pause(backoffMs(empty), signal)
  }
}

class RunReader {
  ended = false
  #lastEventId = ''
  #etag = ''
  /** What was shown last: the end tells the last state once more. */
  #shown = ''

  constructor(
    readonly path: string,
    readonly follower: Follower,
    readonly signal: AbortSignal,
  ) {}

  /** Reads one stream to its end; gives the number of views that came. */
  async stream(): Promise<number> {
    const silence = new AbortController()
    const headers = new Headers({ Accept: 'text/event-stream' })
    if (this.#lastEventId !== '') headers.set('Last-Event-ID', this.#lastEventId)
    const signal = AbortSignal.any([this.signal, silence.signal])
    const response = await authorized(new Request(`${this.path}/events`, { headers, signal, cache: 'no-store' }))
    if (!response.ok) throw problemOf(response, await response.json().catch(() => null))
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream') || response.body === null) return 0
    this.follower.onConnection('live')
    try {
      return await this.#events(response.body.pipeThrough(new TextDecoderStream()).getReader(), silence)
    } catch (error) {
      // A stream that fell silent is opened again like one that was cut.
      if (silence.signal.aborted && !this.signal.aborted) return 0
      throw error
    }
  }

  async #events(reader: ReadableStreamDefaultReader<string>, silence: AbortController): Promise<number> {
    const parser = new SseParser()
    let views = 0
    for (;;) {
      const timer = setTimeout(() => silence.abort(), SILENCE_MS)
      const { done, value } = await reader.read().finally(() => clearTimeout(timer))
      if (done) return views
      for (const { event, data } of parser.push(value)) {
        if (event === 'status' || event === 'end') views += this.#take(data)
        if (event === 'end') this.ended = true
      }
      if (parser.lastEventId !== '') this.#lastEventId = parser.lastEventId
      if (this.ended) return views
    }
  }

  /** Asks again and again, for a while: then the stream is worth another try. */
  async poll(): Promise<void> {
    this.follower.onConnection('polling')
    for (let polls = 0; polls < POLLS_MAX && !this.ended; polls += 1) {
      const headers = new Headers()
      if (this.#etag !== '') headers.set('If-None-Match', this.#etag)
      const response = await authorized(new Request(this.path, { headers, signal: this.signal, cache: 'no-store' }))
      if (response.ok) {
        this.#etag = response.headers.get('ETag') ?? ''
        this.#take(await response.text())
      } else if (response.status !== 304) throw problemOf(response, await response.json().catch(() => null))
      if (!this.ended) await pause(POLL_MS, this.signal)
    }
  }

  #take(data: string): number {
    const view = parseView(data)
    if (view === null) return 0
    this.ended = view.ended_at != null
    if (data !== this.#shown) this.follower.onView(view)
    this.#shown = data
    return 1
  }
}

/** The last event may come without a view. */
function parseView(data: string): RunView | null {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null && 'stages' in value ? (value as RunView) : null
  } catch {
    return null
  }
}

/** Asking again would not help: no such run, or not this player's. */
function isFinal(problem: Problem): boolean {
  return [400, 401, 403, 404].includes(problem.status)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', done)
      resolve()
    }, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
