/**
 * Remembers which video a file is being uploaded as.
 *
 * A reload loses the file, never what was sent: when the same file is picked again, its upload goes on. Only names
 * and sizes are kept, on this device.
 */

/** An upload that was begun. */
export interface Begun {
  /** The idempotency key of the request that made the video: the same request gives the same video. */
  key: string
  title: string
  video: string | null
}

/** What tells one file from another without reading it. */
export interface FileMark {
  name: string
  size: number
  lastModified: number
}

const PREFIX = 'contest.upload.'

export function recall(player: string, file: FileMark): Begun | null {
  try {
    const text = localStorage.getItem(place(player, file))
    const value: unknown = text === null ? null : JSON.parse(text)
    return isBegun(value) ? value : null
  } catch {
    return null
  }
}

export function remember(player: string, file: FileMark, begun: Begun): void {
  try {
    localStorage.setItem(place(player, file), JSON.stringify(begun))
  } catch {
    // Storage is full or switched off: the upload works, but a reload begins a new one.
  }
}

export function forget(player: string, file: FileMark): void {
  try {
    localStorage.removeItem(place(player, file))
  } catch {
    // Storage is switched off: there is nothing to forget.
  }
}

function place(player: string, file: FileMark): string {
  return `${PREFIX}${player}/${file.size}/${file.lastModified}/${file.name}`
}

function isBegun(value: unknown): value is Begun {
  if (typeof value !== 'object' || value === null) return false
  const { key, title, video } = value as Partial<Begun>
  return typeof key === 'string' && typeof title === 'string' && (video === null || typeof video === 'string')
}
