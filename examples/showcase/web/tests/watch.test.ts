import { describe, expect, it } from 'vitest'
import { WatchMeter } from '../src/watch/meter'
import { uuidv7 } from '../src/watch/uuid'

describe('the time watched', () => {
  it('is the time the video ran on', () => {
    const meter = new WatchMeter()

    for (const ms of [0, 250, 500, 750]) meter.at(ms)

    expect(meter.take()).toBe(750)
    expect(meter.take()).toBe(0)
  })

  it('does not grow by a jump of the position', () => {
    const meter = new WatchMeter()

    for (const ms of [0, 250, 25_000, 25_250, 0, 250]) meter.at(ms)

    expect(meter.take()).toBe(750)
  })

  it('begins anew after a pause', () => {
    const meter = new WatchMeter()

    meter.at(0)
    meter.stop()
    meter.at(1_000)
    meter.at(1_500)

    expect(meter.take()).toBe(500)
  })

  it('loses no part of a millisecond', () => {
    const meter = new WatchMeter()
    let sum = 0

    for (let ms = 0; ms <= 100; ms += 0.25) {
      meter.at(ms)
      sum += meter.take()
    }

    expect(sum).toBe(100)
  })
})

describe('the id of an event', () => {
  it('is a UUID of version 7', () => {
    expect(uuidv7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('is the one of the standard for its time and chance', () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])

    expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
  })

  it('sorts by time', () => {
    const ids = [3, 1, 2].map((ms) => uuidv7(1_700_000_000_000 + ms))

    expect([...ids].sort()).toEqual([ids[1], ids[2], ids[0]])
  })
})
