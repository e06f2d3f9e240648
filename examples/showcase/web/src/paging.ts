/** A list that is read page by page, each by the cursor that the one before gave. */

export interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

export interface Pages<T> {
  items: T[]
  /** The cursor of the next page; `null` after the last. */
  next: string | null
}

export const NO_PAGES: Pages<never> = { items: [], next: null }

/** Adds a page. What moved to a later page while the list was read is not shown twice. */
export function append<T>(pages: Pages<T>, page: Page<T>, key: (item: T) => string): Pages<T> {
  const seen = new Set(pages.items.map(key))
  const next = page.next_cursor ?? null
  return {
    items: [...pages.items, ...page.items.filter((item) => !seen.has(key(item)))],
    // A server that gives the same cursor again would be asked for ever.
    next: next === pages.next ? null : next,
  }
}
