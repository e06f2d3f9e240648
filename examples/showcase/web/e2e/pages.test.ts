import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESK, endBrowserAfterAll, newAccount, PHONE, signIn, signUp, visitor } from './browser'
import { brokenClip, ended, RUN_MS, realClip, upload } from './clips'
import { settings } from './settings'

endBrowserAfterAll()

const SCHEMES = ['light', 'dark'] as const
const SIZES = { desk: DESK, phone: PHONE }

/** The pages that everybody sees, with what is there once they are loaded. */
const OPEN = {
  feed: ['/', '.clip:not(.is-skeleton)'],
  board: ['/board', 'table.ranking'],
  'sign-in': ['/sign-in', 'form'],
  'sign-up': ['/sign-up', 'form select:not([disabled])'],
  'not-found': ['/nowhere', '.state'],
} as const

let author: Page
let admin: Page
const videos = { ready: '', failed: '' }

beforeAll(async () => {
  author = (await visitor()).page
  await signUp(author, newAccount('pages'))
  videos.failed = await upload(author, brokenClip(), 'A file that is no video')
  await ended(author, 'failed')
  videos.ready = await upload(author, realClip(), 'Backflip at the pier')
  await ended(author, 'ready')
  await author.getByRole('button', { name: /^Like/ }).click()
  admin = (await visitor()).page
  await signIn(admin, settings().admin)
}, 2 * RUN_MS)

afterAll(async () => {
  await author?.context().close()
  await admin?.context().close()
})

/** Looks at a page in both schemes and sizes: no serious fault, nothing wider than the screen, a picture of each. */
async function look(page: Page, name: string, path: string, loaded: string): Promise<void> {
  await page.goto(path)
  await page.locator(loaded).first().waitFor()
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport)
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const what = `${name}, ${size}, ${colorScheme}`
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(wide, `${what} is wider than the screen`).toBeLessThanOrEqual(0)
      await picture(page, `${name}-${size}-${colorScheme}`)
      expect(await seriousFaults(page), what).toEqual([])
    }
  }
}

async function picture(page: Page, name: string): Promise<void> {
  const { shots } = settings()
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) })
}

/** What axe calls serious or critical. */
async function seriousFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))
}

describe('each page has no serious fault, in both schemes, at a desk and on a phone', () => {
  for (const [name, [path, loaded]] of Object.entries(OPEN)) {
    it(`the page ${name}, signed out`, async () => {
      const { context, page } = await visitor()
      await look(page, name, path, loaded)
      await context.close()
    })
  }

  it('the page of a video that is ready', () => look(author, 'video', `/v/${videos.ready}`, 'media-controller.player'))

  it('the page of a video that failed', () => look(author, 'failed', `/v/${videos.failed}`, '.reason'))

  it('the player’s own videos', () => look(author, 'mine', '/mine', '.clip:not(.is-skeleton)'))

  it('the page for uploads', () => look(author, 'upload', '/upload', '.drop'))

  it('the page for operators', () => look(admin, 'ops', '/ops', 'table.facts a.code'))

  it('a run’s timeline', async () => {
    await admin.goto('/ops?status=READY')
    const link = admin.locator('table.facts a.code').first()
    await link.waitFor()
    await look(admin, 'ops-run', (await link.getAttribute('href')) ?? '', '.timeline')
  })

  it('a video’s history', async () => {
    await author.setViewportSize(DESK)
    await author.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await author.goto(`/v/${videos.ready}`)
    await author.locator('.history summary').click()
    await author.locator('.history-run').first().waitFor()
    await author.locator('.history').scrollIntoViewIfNeeded()
    await author.locator('.facts').first().scrollIntoViewIfNeeded()
    await picture(author, 'history-desk-light')
    expect(await seriousFaults(author)).toEqual([])
  })

  it('a run on its way', async () => {
    await author.setViewportSize(DESK)
    await upload(author, realClip(), 'On its way')
    await author.locator('section.run[data-status=RUNNING]').waitFor({ timeout: RUN_MS })
    for (const colorScheme of SCHEMES) {
      await author.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await picture(author, `run-desk-${colorScheme}`)
    }
    expect(await seriousFaults(author)).toEqual([])
    await author.setViewportSize(PHONE)
    await picture(author, 'run-phone-dark')
    await ended(author, 'ready')
  })
})

describe('a phone', () => {
  it('takes a player from the first page to a video that plays', async () => {
    const { context, page } = await visitor({ viewport: PHONE, hasTouch: true, isMobile: true })
    await signUp(page, newAccount('phone'))
    await page.getByRole('navigation', { name: 'Tabs' }).getByRole('link', { name: 'Upload' }).tap()
    await page.locator('input[type=file]').setInputFiles(realClip())
    await page.getByLabel('Title').fill('From my phone')
    await page.getByRole('button', { name: /^Upload / }).tap()
    await page.waitForURL(/\/v\//)
    await ended(page, 'ready')

    await page.locator('media-play-button').tap()

    const video = page.locator('media-controller.player video')
    await expect
      .poll(() => video.evaluate((element: HTMLVideoElement) => element.currentTime), { timeout: 20_000 })
      .toBeGreaterThan(0.5)
    await context.close()
  })
})
