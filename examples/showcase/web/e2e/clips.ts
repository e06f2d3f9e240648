/** Clips to upload, and what is done with them on the pages. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Page, Request, Response } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { eventually } from './browser'
import { settings } from './settings'

/** How long a real pipeline may take on a slow machine. */
export const RUN_MS = 150_000

export interface Picked {
  name: string
  mimeType: string
  buffer: Buffer
}

/** The clip of the settings. */
export function realClip(): Picked {
  const { clip } = settings()
  return { name: basename(clip), mimeType: 'video/mp4', buffer: readFileSync(clip) }
}

/**
 * The clip with room at its end that players skip: the same video, in as many bytes as the test needs.
 *
 * It is a file on the disk, which is the same one when it is picked again: with its time, that is.
 */
export function roomyClip(bytes: number): string {
  const clip = realClip()
  const room = Buffer.alloc(Math.max(8, bytes - clip.buffer.length))
  room.writeUInt32BE(room.length, 0)
  room.write('free', 4, 'ascii')
  const path = join(mkdtempSync(join(tmpdir(), 'contest-e2e-')), 'roomy.mp4')
  writeFileSync(path, Buffer.concat([clip.buffer, room]))
  onTestFinished(() => rmSync(dirname(path), { recursive: true, force: true }))
  return path
}

/** A file that begins as a video does, and is none. */
export function brokenClip(): Picked {
  const head = Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41', 'latin1')
  return { name: 'broken.mp4', mimeType: 'video/mp4', buffer: Buffer.concat([head, textFile().buffer]) }
}

/** A file that only its name calls a video. */
export function textFile(): Picked {
  return { name: 'text.mp4', mimeType: 'video/mp4', buffer: Buffer.from('This is no video at all.\n'.repeat(400)) }
}

/** Picks a file on the upload page and gives it a title. */
export async function pick(page: Page, file: Picked | string, title: string): Promise<void> {
  await page.goto('/upload')
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByLabel('Title').fill(title)
}

/** Uploads a file to the end; gives the id of its video. */
export async function upload(page: Page, file: Picked | string, title: string): Promise<string> {
  await pick(page, file, title)
  await page.getByRole('button', { name: /^Upload / }).click()
  await sent(page)
  return idOf(page)
}

/** Waits until an upload led to the page of its video; throws with what the page, and what it asked, say instead. */
async function sent(page: Page): Promise<void> {
  const asked: string[] = []
  const finished = (response: Response) => asked.push(`${response.status()} ${shown(response.request())}`)
  const failed = (request: Request) => asked.push(`${request.failure()?.errorText} ${shown(request)}`)
  page.on('response', finished).on('requestfailed', failed)
  try {
    await page.waitForURL(/\/v\//, { timeout: 60_000 })
  } catch (error) {
    const card = await page.locator('main').textContent()
    throw new Error(`the upload did not end; the page says:\n${card}\nand it asked:\n${asked.join('\n')}`, {
      cause: error,
    })
  } finally {
    page.off('response', finished).off('requestfailed', failed)
  }
}

/** A request without the signature in its address. */
function shown(request: Request): string {
  return `${request.method()} ${request.url().split('?')[0]}`
}

export function idOf(page: Page): string {
  return new URL(page.url()).pathname.split('/').pop() ?? ''
}

/** Waits on a video's page until its run ended in this way. */
export async function ended(page: Page, how: 'ready' | 'failed'): Promise<void> {
  const sign = how === 'ready' ? 'media-controller.player video' : 'section.run[data-status=FAILED] .reason'
  await page.locator(sign).waitFor({ timeout: RUN_MS })
}

/** Waits until a long stage has begun, and is far from its end. */
export async function midway(page: Page): Promise<void> {
  const bar = page.locator('.pass[data-state=RUNNING] [role=progressbar]').first()
  await eventually(
    () => bar.getAttribute('aria-valuenow', { timeout: 1_000 }).catch(() => null),
    (shown) => Number(shown) >= 1 && Number(shown) <= 80,
    RUN_MS,
  )
}

/** Starts the video of a page, and sees it play. */
export async function plays(page: Page): Promise<void> {
  await page.locator('media-play-button').click()
  const video = page.locator('media-controller.player video')
  await eventually(
    () => video.evaluate((element: HTMLVideoElement) => element.currentTime),
    (time) => time > 0.5,
  )
}

/** Kills a host, without a word; throws with what went wrong. */
export async function kill(host: string | null): Promise<void> {
  const killed = await fetch(host ?? '', { method: 'POST' })
  if (!killed.ok) throw new Error(await killed.text())
}

/** The percentage of a run or an upload as it is shown. */
export async function percent(page: Page): Promise<number> {
  return Number.parseInt((await page.locator('.percent').first().textContent()) ?? '', 10)
}

/** Slows what the page sends; 0 ends it. */
export async function slowUploads(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond > 0 ? bytesPerSecond : -1,
  })
}
