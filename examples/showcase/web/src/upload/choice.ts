/** Which files are worth sending at all. The server has the last word; this saves the time until it is heard. */
import type { ContentType } from '../api/types'

/** What the file picker offers. */
export const ACCEPTED = 'video/mp4,video/quicktime,video/webm,video/x-matroska,.mp4,.mov,.webm,.mkv'

/** What is said of a file of another kind. */
export const NOT_TAKEN = 'This is not a video that can be taken. Pick an MP4, MOV, WebM or MKV file.'

const TYPES: Record<string, ContentType> = {
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
}

/** The content type to declare: what the browser knows, or what the name says; `null` for what is not taken. */
export function contentType(file: Pick<File, 'name' | 'type'>): ContentType | null {
  const extension = file.name.split('.').pop()?.toLowerCase() ?? ''
  const declared = file.type || TYPES[extension]
  return Object.values(TYPES).find((type) => type === declared) ?? null
}

/** Why a file cannot be sent, or `null`. */
export function refusal(file: Pick<File, 'name' | 'type' | 'size'>): string | null {
  if (file.size === 0) return 'This file is empty.'
  return contentType(file) === null ? NOT_TAKEN : null
}

/** A title to begin with: the file's name as words. */
export function titleOf(name: string): string {
  const words = name
    .replace(/\.[^.]+$/, '')
    .replace(/[_\-.\s]+/g, ' ')
    .trim()
  return (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, 80)
}
