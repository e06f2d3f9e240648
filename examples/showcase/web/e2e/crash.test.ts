import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, eventually, faults, newAccount, signUp, visitor } from './browser'
import { ended, kill, midway, percent, plays, RUN_MS, realClip, upload } from './clips'
import { settings } from './settings'

const { killWorker } = settings()

endBrowserAfterAll()

describe.skipIf(killWorker === null)('a run whose worker is killed in the middle', () => {
  it('is carried to its end, and the page shows it without a reload', { timeout: 2 * RUN_MS }, async () => {
    const { context, page } = await visitor()
    const found = faults(page)
    await signUp(page, newAccount('crash'))
    await upload(page, realClip(), 'Killed in the middle')
    await midway(page)
    const before = await percent(page)

    await kill(killWorker)

    await eventually(
      async () => (await page.locator('section.run').isHidden()) || (await percent(page)) > before,
      Boolean,
      RUN_MS,
    )
    await ended(page, 'ready')
    await plays(page)
    expect(await tries(page)).toBeGreaterThan(1)
    expect(found).toEqual([])
    await context.close()
  })
})

/** How often the stage of the video's run was tried that was tried most. */
async function tries(page: Page): Promise<number> {
  await page.locator('.history summary').click()
  const cells = page.getByRole('region', { name: 'Run 1', exact: true }).locator('tbody td.is-number')
  await cells.first().waitFor()
  return Math.max(...(await cells.allTextContents()).map(Number))
}
