import { describe, expect, it } from 'vitest'
import { ago, between, bytes, clock, count, counted, score, took } from '../src/format'

const NOW = Date.parse('2026-06-15T12:00:00.000Z')

describe('figures and times', () => {
  it('tell how long ago something was', () => {
    expect(ago('2026-06-15T11:59:40.000Z', NOW)).toBe('just now')
    expect(ago('2026-06-15T11:58:00.000Z', NOW)).toBe('2 minutes ago')
    expect(ago('2026-06-15T09:00:00.000Z', NOW)).toBe('3 hours ago')
    expect(ago('2026-06-14T11:00:00.000Z', NOW)).toBe('yesterday')
    expect(ago('2024-06-01T00:00:00.000Z', NOW)).toBe('2 years ago')
  })

  it('do not put what a clock that is ahead says into the past', () => {
    expect(ago('2026-06-15T12:00:20.000Z', NOW)).toBe('just now')
  })

  it('give sizes with their unit', () => {
    expect([0, 999, 1000, 12_345_678, 536_870_912].map(bytes)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.0 kB',
      '12.3 MB',
      '537 MB',
    ])
  })

  it('give the length of a clip', () => {
    expect([0, 29_400, 60_000, 3_723_000, -5].map(clock)).toEqual(['0:00', '0:29', '1:00', '1:02:03', '0:00'])
  })

  it('give how long something took, and never sixty seconds', () => {
    expect([12, 999, 1_000, 59_999, 60_000, 185_000].map(took)).toEqual([
      '12 ms',
      '999 ms',
      '1.0 s',
      '59.9 s',
      '1 min 0 s',
      '3 min 5 s',
    ])
  })

  it('have their noun in the right number', () => {
    expect([counted(1, 'like'), counted(0, 'like'), counted(1234, 'view')]).toEqual(['1 like', '0 likes', '1.2K views'])
    expect(count(999)).toBe('999')
  })

  it('show a decimal of a score only while it is small', () => {
    expect([score(0.04), score(12.34), score(1234.5)]).toEqual(['0.0', '12.3', '1,235'])
  })

  it('measure until now while the end is to come', () => {
    expect(between('2026-06-15T11:59:00.000Z', null, NOW)).toBe(60_000)
    expect(between(null, null, NOW)).toBeNull()
  })
})
