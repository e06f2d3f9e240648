/**
 * Follows a run until it ends.
 *
 * By server-sent events as long as they come; where a proxy or a network swallows streams, by polling. The last
 * event's id goes along with each new try, so nothing is shown twice and nothing is missed.
 */
import { asProblem, type Problem, problemOf } from '../api/problem'
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
/** Where nothing was seen yet, the server says at once where the run is. */
const FIRST_MS = 6_000
/** Streams that brought nothing, one after the other, before polling takes over. */
const FAILURES_MAX = 2
const POLL_MS = 2_000
/** Polls between two tries of the stream. */
const POLLS_MAX = 15

/** Calls the follower for each change, until the run ends or `signal` is aborted. */
export async function follow(video: string, follower: Follower, signal: AbortSignal): Promise<void> {
  const reader = new RunReader(`/api/videos/${video}/run`, follower, signal)
  for (let failures = 0; !reader.ended && !signal.aborted; ) {
    const isPolling = failures >= FAILURES_MAX
    try {
      if (isPolling) await reader.poll()
      if (reader.ended) return
      failures = (await reader.stream()) ? 0 : failures + 1
    } catch (error) {
      if (signal.aborted) return
      const problem = asProblem(error)
      if (isFinal(problem)) return follower.onProblem(problem)
      failures += 1
      if (isPolling && !reader.isPolled) follower.onProblem(problem)
    }
    if (reader.ended || reader.isPolled) continue
    follower.onConnection('reconnecting')
    await pause(backoffMs(failures), signal)
  }
}

class RunReader {
  ended = false
  /** Whether the last polls were answered: then nothing is lost by the next one coming at once. */
  isPolled = false
  #lastEventId = ''
  #etag = ''
  /** What was shown last: the end tells the last state once more. */
  #shown = ''

  constructor(
    readonly path: string,
    readonly follower: Follower,
    readonly signal: AbortSignal,
  ) {}

  /** Reads one stream to its end; gives whether it was a good one: it brought news, or was open for long. */
  async stream(): Promise<boolean> {
    const silence = new AbortController()
    const opened = Date.now()
    const first = setTimeout(() => silence.abort(), this.#shown === '' ? FIRST_MS : SILENCE_MS)
    try {
      const body = await this.#open(AbortSignal.any([this.signal, silence.signal]))
      if (body === null) return false
      const news = await this.#events(body.pipeThrough(new TextDecoderStream()).getReader(), silence, first)
      return news > 0 || Date.now() - opened > SILENCE_MS / 2
    } catch (error) {
      // A stream that fell silent is opened again like one that was cut.
      if (silence.signal.aborted && !this.signal.aborted) return false
      throw error
    } finally {
      clearTimeout(first)
    }
  }

  async #open(signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
    const headers = new Headers({ Accept: 'text/event-stream' })
    if (this.#lastEventId !== '') headers.set('Last-Event-ID', this.#lastEventId)
    const response = await authorized(new Request(`${this.path}/events`, { headers, signal, cache: 'no-store' }))
    if (!response.ok) throw problemOf(response, await response.json().catch(() => null))
    return response.headers.get('Content-Type')?.startsWith('text/event-stream') ? response.body : null
  }

  async #events(
    reader: ReadableStreamDefaultReader<string>,
    silence: AbortController,
    first: ReturnType<typeof setTimeout>,
  ): Promise<number> {
    const parser = new SseParser()
    let news = 0
    for (let timer = first; ; ) {
      const { done, value } = await reader.read().finally(() => clearTimeout(timer))
      if (done) return news
      this.isPolled = false
      this.follower.onConnection('live')
      for (const { event, data } of parser.push(value)) {
        if (event === 'status' || event === 'end') news += this.#take(data)
        if (event === 'end') this.ended = true
      }
      if (parser.lastEventId !== '') this.#lastEventId = parser.lastEventId
      if (this.ended) return news
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
    }
  }

  /** Asks again and again, for a while: then the stream is worth another try. */
  async poll(): Promise<void> {
    this.isPolled = false
    for (let polls = 0; polls < POLLS_MAX && !this.ended; polls += 1) {
      const headers = new Headers()
      if (this.#etag !== '') headers.set('If-None-Match', this.#etag)
      const response = await authorized(new Request(this.path, { headers, signal: this.signal, cache: 'no-store' }))
      if (response.ok) {
        this.#etag = response.headers.get('ETag') ?? ''
        this.#take(await response.text())
      } else if (response.status !== 304) throw problemOf(response, await response.json().catch(() => null))
      this.isPolled = true
      this.follower.onConnection('polling')
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
