import { describe, expect, it } from 'vitest'
import type { ViewerEvent } from '../src/api/types'
import { BATCH_MAX, Batch, type Outcome } from '../src/watch/batch'

function event(n: number): ViewerEvent {
  return { id: String(n), video: 'v', kind: 'view', at: '2026-01-01T00:00:00.000Z' }
}

/** A batch of `n` events whose sends end as `outcomes` say; what was sent is noted. */
function filled(n: number, outcomes: (Outcome | Error)[]) {
  const sent: string[][] = []
  const batch = new Batch((events) => {
    sent.push(events.map(({ id }) => id))
    const outcome = outcomes.shift() ?? 'taken'
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome)
  })
  for (let id = 0; id < n; id += 1) batch.add(event(id))
  return { batch, sent }
}

describe('a batch of events', () => {
  it('is sent in parts of a hundred, in order', async () => {
    const { batch, sent } = filled(250, [])

    await batch.flush()

    expect(sent.map((ids) => ids.length)).toEqual([BATCH_MAX, BATCH_MAX, 50])
    expect(sent.flat()).toEqual(Array.from({ length: 250 }, (_, id) => String(id)))
    expect(batch.size).toBe(0)
  })

  it('comes again with the same ids when it was not taken', async () => {
    const { batch, sent } = filled(3, ['again', new Error('offline'), 'taken'])

    await batch.flush()
    await batch.flush()
    batch.add(event(3))
    await batch.flush()

    expect(sent).toEqual([
      ['0', '1', '2'],
      ['0', '1', '2'],
      ['0', '1', '2', '3'],
    ])
  })

  it('is dropped when the server will never take it', async () => {
    const { batch } = filled(3, ['refused'])

    await batch.flush()

    expect(batch.size).toBe(0)
  })

  it('is not sent twice by two flushes at once', async () => {
    const { batch, sent } = filled(3, [])

    await Promise.all([batch.flush(), batch.flush()])

    expect(sent).toHaveLength(1)
  })

  it('sends nothing when there is nothing', async () => {
    const { batch, sent } = filled(0, [])

    await batch.flush()

    expect(sent).toEqual([])
  })

  it('forgets the oldest when the server is away for long', async () => {
    const { batch } = filled(1_500, [])

    expect(batch.size).toBe(1_000)
    expect(batch.drain().flat()[0]?.id).toBe('500')
  })

  it('gives all that waits when the page is closed', () => {
    const { batch } = filled(150, [])

    expect(batch.drain().map((events) => events.length)).toEqual([100, 50])
    expect(batch.size).toBe(0)
  })
})
