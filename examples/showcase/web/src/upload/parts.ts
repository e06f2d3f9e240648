/** Which bytes of a file are sent already, and which are to be sent. */
import type { Upload, UploadPart } from '../api/types'

/** A part that is not stored yet, with its place in the file. */
export interface MissingPart {
  part: UploadPart
  start: number
  end: number
}

/** The parts to send, in order. */
export function missingParts(upload: Upload): MissingPart[] {
  return upload.parts
    .filter((part) => !part.is_stored)
    .map((part) => {
      const start = (part.number - 1) * upload.part_bytes
      return { part, start, end: start + part.size_bytes }
    })
}

/** How much is stored already. */
export function storedBytes(upload: Upload): number {
  return upload.parts.reduce((sum, part) => sum + (part.is_stored ? part.size_bytes : 0), 0)
}

/** The time left at the speed so far, or `null` while that says nothing. */
export function secondsLeft(sentBytes: number, leftBytes: number, elapsedMs: number): number | null {
  if (sentBytes <= 0 || elapsedMs < 1_000) return null
  return Math.ceil((leftBytes * elapsedMs) / sentBytes / 1000)
}
