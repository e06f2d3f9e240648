import { describe, expect, it } from 'vitest'
import type { Upload } from '../src/api/types'
import { contentType, refusal, titleOf } from '../src/upload/choice'
import { missingParts, secondsLeft, storedBytes } from '../src/upload/parts'

function upload(stored: boolean[], lastBytes = 40): Upload {
  return {
    part_bytes: 100,
    size_bytes: (stored.length - 1) * 100 + lastBytes,
    expires_at: '2026-01-01T00:00:00.000Z',
    parts: stored.map((is_stored, at) => ({
      number: at + 1,
      size_bytes: at === stored.length - 1 ? lastBytes : 100,
      is_stored,
      url: `/${at}`,
      headers: {},
    })),
  }
}

describe('the parts of an upload', () => {
  it('cover the file without gaps when none is stored', () => {
    const parts = missingParts(upload([false, false, false]))

    expect(parts.map(({ start, end }) => [start, end])).toEqual([
      [0, 100],
      [100, 200],
      [200, 240],
    ])
  })

  it('that are stored are not sent again', () => {
    expect(missingParts(upload([true, false, true])).map(({ part }) => part.number)).toEqual([2])
    expect(storedBytes(upload([true, false, true]))).toBe(140)
  })

  it('take as long as the speed so far says', () => {
    expect(secondsLeft(50, 100, 5_000)).toBe(10)
    expect(secondsLeft(0, 100, 5_000)).toBeNull()
    expect(secondsLeft(50, 100, 10)).toBeNull()
  })
})

describe('a file to upload', () => {
  it('has the type that its name says when the browser knows none', () => {
    expect(contentType({ name: 'a.MKV', type: '' })).toBe('video/x-matroska')
    expect(contentType({ name: 'a.mp4', type: 'video/mp4' })).toBe('video/mp4')
    expect(contentType({ name: 'a', type: '' })).toBe(null)
    expect(contentType({ name: 'a.mp4', type: 'image/png' })).toBe(null)
  })

  it('is refused when it is empty or no video', () => {
    expect(refusal({ name: 'a.mp4', type: 'video/mp4', size: 0 })).toContain('empty')
    expect(refusal({ name: 'a.pdf', type: 'application/pdf', size: 9 })).toContain('not a video')
    expect(refusal({ name: 'a.mov', type: 'video/quicktime', size: 9 })).toBeNull()
  })

  it('gives a title of at most eighty characters', () => {
    expect(titleOf('my_best-trick.final.mp4')).toBe('My best trick final')
    expect(titleOf(`${'x'.repeat(200)}.mp4`)).toHaveLength(80)
  })
})
