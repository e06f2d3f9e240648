import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, eventually, faults, newAccount, signedIn, signUp, visitor } from './browser'
import {
  brokenClip,
  ended,
  idOf,
  percent,
  pick,
  RUN_MS,
  realClip,
  roomyClip,
  slowUploads,
  textFile,
  upload,
} from './clips'

const MIB = 1024 * 1024

endBrowserAfterAll()

/** A signed-in player at a browser of their own. */
async function player(): Promise<Page> {
  const { page } = await visitor()
  await signUp(page, newAccount())
  return page
}

describe('a clip', () => {
  it('is uploaded, seen going through the pipeline, and played', async () => {
    const page = await player()
    const found = faults(page)
    await upload(page, realClip(), 'A real clip')

    const seen = new Set<number>()
    await eventually(
      async () => {
        if (await page.locator('section.run').isVisible()) seen.add(await percent(page))
        return page.locator('media-controller.player video').isVisible()
      },
      Boolean,
      RUN_MS,
    )

    expect(seen.size, `percentages seen: ${[...seen]}`).toBeGreaterThan(2)
    expect([...seen]).toEqual([...seen].sort((a, b) => a - b))
    expect(found).toEqual([])
    await page.context().close()
  })

  it('is still followed after a reload in the middle of its run', async () => {
    const page = await player()
    await upload(page, realClip(), 'Reloaded while it runs')
    await page.locator('section.run[data-status=RUNNING]').waitFor({ timeout: RUN_MS })
    const before = await percent(page)

    await page.reload()

    await signedIn(page)
    await page.locator('section.run, media-controller.player').first().waitFor()
    if (await page.locator('section.run').isVisible()) expect(await percent(page)).toBeGreaterThanOrEqual(before)
    await ended(page, 'ready')
    await page.context().close()
  })

  it('is followed by asking again where streams are swallowed', async () => {
    const page = await player()
    const asked = page.waitForResponse((response) => /\/run$/.test(response.url()) && response.ok(), {
      timeout: RUN_MS,
    })
    await page.route('**/run/events', (route) => route.abort())

    await upload(page, realClip(), 'Behind a bad proxy')

    await asked
    await ended(page, 'ready')
    await page.context().close()
  })

  it('is taken up again after its run was cancelled', async () => {
    const page = await player()
    await upload(page, realClip(), 'Cancelled and tried again')
    await page.locator('section.run[data-status=RUNNING]').waitFor({ timeout: RUN_MS })

    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator('section.run[data-status=CANCELLED]').waitFor({ timeout: RUN_MS })
    await page.getByRole('button', { name: 'Try again' }).click()

    await ended(page, 'ready')
    await page.context().close()
  })

  it('goes on where it stopped when the page is reloaded in the middle of the upload', async () => {
    const page = await player()
    const file = roomyClip(64 * MIB)
    await pick(page, file, 'Reloaded while it is sent')
    await slowUploads(page, 6 * MIB)
    const stored = page.waitForResponse((response) => response.request().method() === 'PUT', { timeout: 60_000 })
    await page.getByRole('button', { name: /^Upload / }).click()
    expect((await stored).ok()).toBe(true)

    await page.reload()
    await signedIn(page)
    const sent: string[] = []
    page.on('request', (request) => request.method() === 'PUT' && sent.push(request.url()))
    const listed = page.waitForResponse((response) => /\/videos\/[^/]+\/upload$/.test(response.url()))
    await page.goto('/upload')
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByText('It goes on where it stopped').waitFor()
    await page.getByRole('button', { name: 'Go on with the upload' }).click()
    const { parts } = (await (await listed).json()) as { parts: { is_stored: boolean }[] }
    await page.waitForURL(/\/v\//, { timeout: 60_000 })

    const missing = parts.filter((part) => !part.is_stored).length
    expect(missing).toBeGreaterThan(0)
    expect(missing, `of ${parts.length} parts`).toBeLessThan(parts.length)
    expect(sent).toHaveLength(missing)
    await ended(page, 'ready')
    await page.context().close()
  })

  it('waits while its upload is paused, and is gone when it is cancelled', async () => {
    const page = await player()
    await pick(page, roomyClip(32 * MIB), 'Paused and cancelled')
    await slowUploads(page, 3 * MIB)
    await page.getByRole('button', { name: /^Upload / }).click()
    await eventually(
      () => percent(page),
      (shown) => shown >= 10,
    )

    await page.getByRole('button', { name: 'Pause' }).click()
    const paused = await percent(page)
    await page.getByText(/^Paused · /).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await eventually(
      () => percent(page),
      (shown) => shown > paused,
    )

    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Cancel the upload' }).click()
    await page.getByText('Pick a clip').waitFor()
    await page.goto('/mine')
    await page.getByText('Nothing here yet').waitFor()
    await page.context().close()
  })

  it('that is no video fails with a sentence, and can be tried again', async () => {
    const page = await player()
    const id = await upload(page, brokenClip(), 'Not a video')
    await ended(page, 'failed')

    const reason = (await page.locator('.reason').textContent()) ?? ''
    expect(reason).toMatch(/^\p{Lu}.*[.!]$/u)
    expect(reason).not.toMatch(/\/(tmp|home|var|usr|work)|ffmpeg|panicked|0x/)

    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('section.run:not([data-status=FAILED])').waitFor()
    await ended(page, 'failed')
    await page.locator('.history summary').click()
    await page.getByRole('region', { name: 'Run 2', exact: true }).waitFor()
    expect(idOf(page)).toBe(id)
    await page.context().close()
  })

  it('that only its name calls a video is refused with a sentence', async () => {
    const page = await player()
    await pick(page, textFile(), 'A letter')

    await page.getByRole('button', { name: /^Upload / }).click()

    await page.getByText(/^Stopped · /).waitFor()
    expect(await page.locator('.notice.is-bad').textContent()).toMatch(/\w+ \w+ \w+/)
    await page.getByRole('button', { name: 'Pick another file' }).click()
    await page.getByText('Pick a clip').waitFor()
    await page.context().close()
  })

  it('is not even sent when its file is of another kind', async () => {
    const page = await player()
    await page.goto('/upload')

    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') })

    await page.getByText('This is not a video that can be taken').waitFor()
    expect(await page.getByRole('button', { name: /^Upload / }).count()).toBe(0)
    await page.context().close()
  })
})
