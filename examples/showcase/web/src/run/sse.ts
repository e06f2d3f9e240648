/** Reads server-sent events out of chunks of text, as the HTML standard says, for streams that `EventSource` cannot open. */

export interface ServerEvent {
  event: string
  data: string
}

/** A parser of one stream: feed it the text as it comes. */
export class SseParser {
  /** The id of the last whole event: what to send as `Last-Event-ID`. */
  lastEventId = ''
  /** How long the server wants a reader to wait before it comes again. */
  retryMs: number | null = null

  #rest = ''
  #afterReturn = false
  #event = ''
  #id = ''
  #data: string[] = []

  /** Takes the next text; gives the events that it completes. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = []
    for (const line of this.#lines(text)) {
      if (line !== '') this.#field(line)
      else this.#dispatch(events)
    }
    return events
  }

  /** Whole lines; a line may end in `\n`, `\r` or `\r\n`, and the pair may be cut by two chunks. */
  #lines(text: string): string[] {
    const fresh = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text
    if (text !== '') this.#afterReturn = text.endsWith('\r')
    const lines = (this.#rest + fresh).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    return lines
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(events: ServerEvent[]): void {
    this.lastEventId = this.#id
    if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') })
    this.#data = []
    this.#event = ''
  }
}
