/**
 * Gathers what viewers do, to be sent in batches.
 *
 * Each event keeps its id through every try, so a batch whose answer was lost may be sent again: the server counts
 * an id once.
 */
import type { ViewerEvent } from '../api/types'

/** The most that the server takes at once. */
export const BATCH_MAX = 100
/** What is kept while the server cannot be reached; the oldest go first. */
const KEPT_MAX = 1_000

/** How a batch went: `again` keeps its events for the next try. */
export type Outcome = 'taken' | 'again' | 'refused'

export type Send = (events: ViewerEvent[]) => Promise<Outcome>

export class Batch {
  #waiting: ViewerEvent[] = []
  #sending: Promise<void> | null = null

  constructor(readonly send: Send) {}

  get size(): number {
    return this.#waiting.length
  }

  add(event: ViewerEvent): void {
    this.#waiting.push(event)
    this.#waiting.splice(0, this.#waiting.length - KEPT_MAX)
  }

  /** Sends all that waits, batch by batch, in order; stops at the first that must come again. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null
    })
    return this.#sending
  }

  /** Takes out all that waits: for the moment in which the page is closed. */
  drain(): ViewerEvent[][] {
    const all = this.#waiting.splice(0)
    const batches: ViewerEvent[][] = []
    for (let start = 0; start < all.length; start += BATCH_MAX) batches.push(all.slice(start, start + BATCH_MAX))
    return batches
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX)
      const outcome = await this.send(batch).catch((): Outcome => 'again')
      if (outcome === 'again') {
        this.#waiting.unshift(...batch)
        return
      }
    }
  }
}
