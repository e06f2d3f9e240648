import { describe, expect, it } from 'vitest'
import { SseParser } from '../src/run/sse'

/** Feeds the chunks one by one; gives all events. */
function read(...chunks: string[]) {
  const parser = new SseParser()
  return { parser, events: chunks.flatMap((chunk) => parser.push(chunk)) }
}

describe('a stream of events', () => {
  it('gives an event when its blank line comes', () => {
    expect(read('event: status\nid: 7\ndata: {"a":1}\n').events).toEqual([])
    expect(read('event: status\nid: 7\ndata: {"a":1}\n', '\n').events).toEqual([{ event: 'status', data: '{"a":1}' }])
  })

  it('is read the same wherever it is cut', () => {
    const text =
      ': hello\r\n\r\nevent: status\r\nid: 1\r\ndata: one\r\ndata: two\r\n\r\ndata:three\n\nid: 3\rdata: x\r\r'
    const whole = read(text).events

    for (let cut = 1; cut < text.length; cut += 1) {
      expect(read(text.slice(0, cut), text.slice(cut)).events).toEqual(whole)
    }
    expect(read(...text).events).toEqual(whole)
    expect(whole).toEqual([
      { event: 'status', data: 'one\ntwo' },
      { event: 'message', data: 'three' },
      { event: 'message', data: 'x' },
    ])
  })

  it('does not tell comments and empty events', () => {
    expect(read(': keep-alive\n\n', 'event: status\n\n', ':\n\n').events).toEqual([])
  })

  it('forgets the name of an event once it is told', () => {
    expect(read('event: end\ndata: a\n\ndata: b\n\n').events.map(({ event }) => event)).toEqual(['end', 'message'])
  })

  it('keeps the last id of whole events only', () => {
    const { parser } = read('id: 1\ndata: a\n\n', 'data: b\n\n', 'id: 2\ndata: c\n')

    expect(parser.lastEventId).toBe('1')
    parser.push('\n')
    expect(parser.lastEventId).toBe('2')
  })

  it('takes one space off a value, and no more', () => {
    expect(read('data:  two\n\n').events[0]?.data).toBe(' two')
  })

  it('ignores an id with a null and a wait that is no number', () => {
    const { parser } = read('id: a\0b\nretry: soon\ndata: x\n\n')

    expect(parser.lastEventId).toBe('')
    expect(parser.retryMs).toBeNull()
    parser.push('retry: 1500\n')
    expect(parser.retryMs).toBe(1500)
  })
})
