/**
 * Sends a file to the parts that the API offers, as an uploader of Uppy.
 *
 * The one for S3 that comes with Uppy has the browser ask the store itself to begin, list and finish an upload. Here
 * the API does these, and the page gets no more than the right to put single parts, on any kind of store.
 */
import { BasePlugin, type PluginOpts, type Uppy } from '@uppy/core'
import { fetcher, type LocalUppyFile } from '@uppy/core/utils'
import { api, body, done } from '../api/client'
import { asProblem, isAborted, Problem } from '../api/problem'
import { type MissingPart, missingParts, storedBytes } from './parts'

export type VideoMeta = { video: string }
export type NoBody = Record<string, never>

/** Parts under way at once. */
const PARALLEL = 3
/** Silence after which a part is sent again. */
const STALLED_MS = 30_000
/** Times that the list is asked for anew because parts were refused: their URLs are good for a while only. */
const LISTS_MAX = 4

type File = LocalUppyFile<VideoMeta, NoBody>

export class PartsUploader extends BasePlugin<PluginOpts, VideoMeta, NoBody> {
  constructor(uppy: Uppy<VideoMeta, NoBody>, opts?: PluginOpts) {
    super(uppy, opts)
    this.type = 'uploader'
    this.id = 'PartsUploader'
  }

  override install(): void {
    this.uppy.setState({ capabilities: { ...this.uppy.getState().capabilities, resumableUploads: true } })
    this.uppy.addUploader(this.#upload)
  }

  override uninstall(): void {
    this.uppy.removeUploader(this.#upload)
  }

  readonly #upload = async (ids: string[]): Promise<void> => {
    const files = this.uppy.getFilesByIds(ids).filter((file): file is File => !file.isRemote)
    this.uppy.emit('upload-start', files)
    for (const file of files) await this.#send(file)
  }

  async #send(file: File): Promise<void> {
    const transfer = new Transfer(file, (bytesUploaded) => {
      const uploadStarted = file.progress.uploadStarted ?? Date.now()
      this.uppy.emit('upload-progress', file, { uploadStarted, bytesUploaded, bytesTotal: file.size })
    })
    const pause = () => transfer.pause()
    const resume = () => transfer.resume()
    const cancel = () => transfer.cancel()
    this.uppy.on('pause-all', pause).on('resume-all', resume).on('cancel-all', cancel)
    try {
      await transfer.run()
      this.uppy.emit('upload-success', file, { status: 202, body: {} })
    } catch (error) {
      if (!isAborted(error)) this.uppy.emit('upload-error', file, asProblem(error))
    } finally {
      this.uppy.off('pause-all', pause).off('resume-all', resume).off('cancel-all', cancel)
    }
  }
}

/** One file on its way. */
class Transfer {
  #stop = new AbortController()
  #resumed: (() => void) | null = null
  #cancelled = false
  /** Bytes that arrived by the part that carries them; what was stored before is under 0. */
  readonly #arrived = new Map<number, number>()

  constructor(
    readonly file: File,
    readonly onProgress: (bytes: number) => void,
  ) {}

  pause(): void {
    this.#stop.abort()
  }

  resume(): void {
    this.#resumed?.()
  }

  cancel(): void {
    this.#cancelled = true
    this.#stop.abort()
    this.#resumed?.()
  }

  async run(): Promise<void> {
    const path = { params: { path: { id: this.file.meta.video } } }
    for (let lists = 1; ; ) {
      try {
        await this.#sendMissing()
        return await done(api.POST('/api/videos/{id}/upload/complete', { ...path, signal: this.#stop.signal }))
      } catch (error) {
        if (this.#cancelled) throw new DOMException('The upload was cancelled.', 'AbortError')
        if (isAborted(error)) await this.#untilResumed()
        else if (!isRefusedPart(error) || ++lists > LISTS_MAX) throw error
      }
    }
  }

  async #sendMissing(): Promise<void> {
    const { signal } = this.#stop
    const path = { params: { path: { id: this.file.meta.video } } }
    const upload = await body(api.GET('/api/videos/{id}/upload', { ...path, signal, cache: 'no-store' }))
    this.#arrived.clear()
    this.#progress(0, storedBytes(upload))
    const waiting = missingParts(upload)
    const lanes = Array.from({ length: PARALLEL }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.#put(next, signal)
    })
    await Promise.all(lanes).catch((error) => {
      // The other lanes must not go on beside the next try.
      waiting.length = 0
      throw error
    })
  }

  async #put({ part, start, end }: MissingPart, signal: AbortSignal): Promise<void> {
    const stalled = new AbortController()
    try {
      await fetcher(part.url, {
        method: 'PUT',
        headers: part.headers,
        body: this.file.data?.slice(start, end) ?? null,
        signal: AbortSignal.any([signal, stalled.signal]),
        timeout: STALLED_MS,
        onTimeout: () => stalled.abort(),
        onUploadProgress: (event) => this.#progress(part.number, Math.min(event.loaded, part.size_bytes)),
        shouldRetry: (xhr) => xhr.status === 0 || xhr.status === 429 || xhr.status >= 500,
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw new Problem('part-refused', 0, 'A part of the file could not be sent. Check your connection and try again.')
    }
    this.#progress(part.number, part.size_bytes)
  }

  #progress(part: number, bytes: number): void {
    this.#arrived.set(part, bytes)
    this.onProgress([...this.#arrived.values()].reduce((sum, arrived) => sum + arrived, 0))
  }

  async #untilResumed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#resumed = resolve
    })
    this.#resumed = null
    if (this.#cancelled) throw new DOMException('The upload was cancelled.', 'AbortError')
    this.#stop = new AbortController()
  }
}

function isRefusedPart(error: unknown): boolean {
  return error instanceof Problem && error.slug === 'part-refused'
}
