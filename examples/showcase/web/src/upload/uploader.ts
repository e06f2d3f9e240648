/**
 * The upload of this page: one at a time, going on while the player looks at other pages.
 *
 * What is sent is kept by the server; after a reload the same file, picked again, goes on where it was.
 */
import { effect, signal } from '@preact/signals'
import { Uppy } from '@uppy/core'
import { api, body, done } from '../api/client'
import { asProblem, Problem } from '../api/problem'
import type { Video } from '../api/types'
import { player as signedIn } from '../session/session'
import { uuidv7 } from '../watch/uuid'
import { contentType, NOT_TAKEN } from './choice'
import { forget, recall, remember } from './memory'
import { secondsLeft } from './parts'
import { type NoBody, PartsUploader, type VideoMeta } from './plugin'

export interface Sending {
  phase: 'starting' | 'sending' | 'paused' | 'failed' | 'sent'
  file: File
  title: string
  /** The id of the video, once there is one. */
  video: string | null
  sentBytes: number
  secondsLeft: number | null
  problem: Problem | null
}

/** The upload under way, or the one that just ended. */
export const sending = signal<Sending | null>(null)

let uppy: Uppy<VideoMeta, NoBody> | null = null
let startedAt = 0
let startedFrom = 0

// An upload is the player's own: it stops when the player leaves, and is kept on the server for the next time.
effect(() => {
  if (signedIn.value !== null) return
  uppy?.destroy()
  uppy = null
  sending.value = null
})

/** Sends `file` as a video of the player; `resumed` names a video whose upload goes on. */
export async function start(player: string, file: File, title: string, resumed: string | null = null): Promise<void> {
  uppy?.destroy()
  const asked = {
    phase: 'starting',
    file,
    title,
    video: resumed,
    sentBytes: 0,
    secondsLeft: null,
    problem: null,
  } as const
  sending.value = asked
  try {
    const video = resumed ?? (await begin(player, file, title)).id
    if (sending.value !== asked) return
    change({ video })
    await send(player, file, video)
  } catch (error) {
    change({ phase: 'failed', problem: asProblem(error) })
  }
}

export function pause(): void {
  uppy?.pauseAll()
  change({ phase: 'paused', secondsLeft: null })
}

export function resume(): void {
  restartClock()
  change({ phase: 'sending' })
  uppy?.resumeAll()
}

/** Tries again after a failure; what was sent stays sent. */
export async function again(player: string): Promise<void> {
  const failed = sending.value
  if (failed) await start(player, failed.file, failed.title, failed.video)
}

/** Gives the upload up, here and on the server. */
export async function cancel(player: string): Promise<void> {
  const cancelled = sending.value
  uppy?.cancelAll()
  uppy?.destroy()
  uppy = null
  sending.value = null
  if (!cancelled) return
  forget(player, cancelled.file)
  if (cancelled.video) await removeUpload(cancelled.video)
}

/** Removes an upload that was begun, with its parts. One that is gone already is gone. */
export async function removeUpload(video: string): Promise<void> {
  await done(api.DELETE('/api/videos/{id}/upload', { params: { path: { id: video } } })).catch((error) => {
    if (!(error instanceof Problem && error.status === 404)) throw error
  })
}

/** Takes the note of the last upload off the page. */
export function clear(): void {
  sending.value = null
}

/** Makes the video, or finds the one that was made for this file before. */
async function begin(player: string, file: File, title: string): Promise<Pick<Video, 'id'>> {
  const type = contentType(file)
  if (type === null) throw new Problem('unsupported-media-type', 415, NOT_TAKEN)
  const begun = recall(player, file)
  if (begun?.video && (await isOpen(begun.video))) return { id: begun.video }
  const key = begun && begun.video === null && begun.title === title ? begun.key : uuidv7()
  remember(player, file, { key, title, video: null })
  const video = await body(
    api.POST('/api/videos', {
      params: { header: { 'Idempotency-Key': key } },
      body: { title, file_name: file.name, size_bytes: file.size, content_type: type },
    }),
  )
  remember(player, file, { key, title, video: video.id })
  return video
}

/** Whether a video still waits for its parts. */
export async function isOpen(video: string): Promise<boolean> {
  try {
    const { state } = await body(api.GET('/api/videos/{id}', { params: { path: { id: video } }, cache: 'no-store' }))
    return state === 'UPLOADING'
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return false
    throw error
  }
}

async function send(player: string, file: File, video: string): Promise<void> {
  uppy = new Uppy<VideoMeta, NoBody>({ id: video, restrictions: { maxNumberOfFiles: 1 } }).use(PartsUploader)
  uppy.on('upload-progress', (_, { bytesUploaded }) => {
    if (startedFrom < 0) startedFrom = bytesUploaded
    const left = secondsLeft(bytesUploaded - startedFrom, file.size - bytesUploaded, Date.now() - startedAt)
    if (sending.value?.video === video) change({ sentBytes: bytesUploaded, secondsLeft: left })
  })
  uppy.on('upload-error', (_, error) => change({ phase: 'failed', problem: asProblem(error) }))
  uppy.on('upload-success', () => {
    forget(player, file)
    change({ phase: 'sent', sentBytes: file.size, secondsLeft: null })
  })
  uppy.addFile({ name: file.name, type: contentType(file) ?? file.type, data: file, meta: { video } })
  restartClock()
  change({ phase: 'sending' })
  await uppy.upload()
}

function change(fields: Partial<Sending>): void {
  if (sending.value) sending.value = { ...sending.value, ...fields }
}

function restartClock(): void {
  startedAt = Date.now()
  startedFrom = -1
}
