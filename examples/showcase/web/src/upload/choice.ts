/** Which files are worth sending at all. The server has the last word; this saves the time until it is heard. */

/** What the file picker offers. */
export const ACCEPTED = 'video/mp4,video/quicktime,video/webm,video/x-matroska,.mp4,.mov,.webm,.mkv'

const TYPES: Record<string, string> = {
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
}

/** The content type to declare: what the browser knows, or what the name says. */
export function contentType(file: Pick<File, 'name' | 'type'>): string {
  const extension = file.name.split('.').pop()?.toLowerCase() ?? ''
  return file.type || TYPES[extension] || 'application/octet-stream'
}

/** Why a file cannot be sent, or `null`. */
export function refusal(file: Pick<File, 'name' | 'type' | 'size'>): string | null {
  if (file.size === 0) return 'This file is empty.'
  if (!Object.values(TYPES).includes(contentType(file)))
    return 'This is not a video that can be taken. Pick an MP4, MOV, WebM or MKV file.'
  return null
}

/** A title to begin with: the file's name as words. */
export function titleOf(name: string): string {
  const words = name
    .replace(/\.[^.]+$/, '')
    .replace(/[_\-.\s]+/g, ' ')
    .trim()
  return (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, 80)
}
