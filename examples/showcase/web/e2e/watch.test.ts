import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Account, endBrowserAfterAll, eventually, faults, newAccount, signedIn, signUp, visitor } from './browser'
import { ended, RUN_MS, realClip, upload } from './clips'

endBrowserAfterAll()

const TITLE = `Watched ${Date.now().toString(36)}`
const author: Account = newAccount('author')
let authorPage: Page
let id = ''

beforeAll(async () => {
  authorPage = (await visitor()).page
  await signUp(authorPage, author, 'Lagos')
  id = await upload(authorPage, realClip(), TITLE)
  await ended(authorPage, 'ready')
}, RUN_MS)

/** The points of a player on a board; 0 while the player is not on it. */
async function points(page: Page, name: string): Promise<number> {
  const row = page.getByRole('table', { name: 'All players' }).getByRole('row').filter({ hasText: name })
  if ((await row.count()) === 0) return 0
  return Number((await row.locator('.points-value').textContent())?.replaceAll(',', ''))
}

describe('a video that is ready', () => {
  it('plays, and shows pictures over the seek bar', async () => {
    const { context, page } = await visitor()
    const found = faults(page)
    await page.goto(`/v/${id}`)
    const video = page.locator('media-controller.player video')

    await page.locator('media-play-button').click()
    await eventually(
      () => video.evaluate((element: HTMLVideoElement) => element.currentTime),
      (time) => time > 1,
    )

    const bar = page.locator('media-time-range')
    await bar.hover({ position: { x: 120, y: 8 } })
    const image = page.locator('media-preview-thumbnail img')
    await eventually(
      () => image.evaluate((element: HTMLImageElement) => element.naturalWidth).catch(() => 0),
      (width) => width > 0,
    )
    expect(found).toEqual([])
    await context.close()
  })

  it('is liked once by a player, and lifts its author on the boards', async () => {
    const { context, page } = await visitor()
    await signUp(page, newAccount('fan'))
    await page.goto('/board?city=Lagos')
    // A page that is left while it renews its session is signed out: each refresh token is good for one use.
    await signedIn(page)
    const before = await points(page, author.name)

    await page.goto(`/v/${id}`)
    const like = page.getByRole('button', { name: /^Like/ })
    await like.click()
    await eventually(
      () => like.getAttribute('aria-pressed'),
      (pressed) => pressed === 'true',
    )
    await page.reload()
    await eventually(
      () => like.getAttribute('aria-pressed'),
      (pressed) => pressed === 'true',
    )
    expect(await like.textContent()).toMatch(/1/)

    await page.goto('/board?city=Lagos')
    await eventually(
      () => points(page, author.name),
      (after) => after > before + 5,
    )
    await authorPage.goto('/board')
    await authorPage.getByRole('table', { name: 'Players around you' }).getByText(author.name).waitFor()
    await context.close()
  })

  it('counts the view of somebody who is signed out', async () => {
    const { context, page } = await visitor()
    const before = ((await (await page.request.get(`/api/videos/${id}`)).json()) as { views: number }).views
    const taken = page.waitForResponse(
      (response) => response.url().endsWith('/api/events') && response.status() === 202,
    )
    await page.goto(`/v/${id}`)

    await page.locator('media-play-button').click()

    // Chromium does not give the body of an answer that may outlive its page; the count tells the same.
    await taken
    await eventually(
      async () => ((await (await page.request.get(`/api/videos/${id}`)).json()) as { views: number }).views,
      (after) => after > before,
    )
    await context.close()
  })

  it('is found by title and by player', async () => {
    const { context, page } = await visitor()
    await page.goto('/')

    const search = page.getByRole('searchbox', { name: 'Search by title or player' })

    for (const words of [TITLE.toLowerCase(), author.name]) {
      await search.fill(words)
      await page.waitForURL((url) => url.searchParams.get('q') === words)
      await page.getByRole('link', { name: TITLE }).waitFor()
    }
    await page.getByRole('link', { name: author.name, exact: true }).click()
    await page.getByRole('heading', { name: `Clips by ${author.name}` }).waitFor()
    await page.getByRole('link', { name: TITLE }).waitFor()
    await search.fill('nothing is called like this')
    await page.getByText('No clip fits').waitFor()
    await context.close()
  })

  it('has a link to share that opens it', async () => {
    const { context, page } = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto(`/v/${id}`)

    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByText('The link is copied').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())

    await page.goto(link)
    await page.getByRole('heading', { name: TITLE }).waitFor()
    await context.close()
  })

  it('is gone for all when its author deletes it', async () => {
    const { context, page } = await visitor()
    await authorPage.goto(`/v/${id}`)

    await authorPage.getByRole('button', { name: 'Delete this video' }).click()
    await authorPage.getByRole('button', { name: 'Delete', exact: true }).click()
    await authorPage.waitForURL(/\/mine/)

    await page.goto(`/v/${id}`)
    await page.getByRole('heading', { name: 'Not found' }).waitFor()
    await context.close()
    await authorPage.context().close()
  })
})
