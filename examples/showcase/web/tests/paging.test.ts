import { describe, expect, it } from 'vitest'
import { append, NO_PAGES } from '../src/paging'

const self = (item: string) => item

describe('a list in pages', () => {
  it('grows by each page and ends with the last', () => {
    const first = append(NO_PAGES, { items: ['a', 'b'], next_cursor: 'x' }, self)
    const second = append(first, { items: ['c'], next_cursor: null }, self)

    expect(first).toEqual({ items: ['a', 'b'], next: 'x' })
    expect(second).toEqual({ items: ['a', 'b', 'c'], next: null })
  })

  it('shows what moved to a later page once', () => {
    const first = append(NO_PAGES, { items: ['a', 'b'], next_cursor: 'x' }, self)

    expect(append(first, { items: ['b', 'c'], next_cursor: 'y' }, self).items).toEqual(['a', 'b', 'c'])
  })

  it('ends when a cursor leads to itself', () => {
    const first = append(NO_PAGES, { items: ['a'], next_cursor: 'x' }, self)

    expect(append(first, { items: [], next_cursor: 'x' }, self).next).toBeNull()
  })
})
