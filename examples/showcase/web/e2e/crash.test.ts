import { execSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, eventually, faults, newAccount, signUp, visitor } from './browser'
import { ended, percent, RUN_MS, realClip, upload } from './clips'

/** A command that kills what works on runs, and starts it again; without it this test says that it was skipped. */
const CRASH = process.env.CONTEST_CRASH ?? ''

endBrowserAfterAll()

describe.skipIf(CRASH === '')('a run whose worker is killed in the middle', () => {
  it('is carried to its end, and the page shows it without a reload', { timeout: 2 * RUN_MS }, async () => {
    const { context, page } = await visitor()
    const found = faults(page)
    await signUp(page, newAccount('crash'))
    await upload(page, realClip(), 'Killed in the middle')
    await page.locator('section.run[data-status=RUNNING]').waitFor({ timeout: RUN_MS })
    await eventually(
      () => percent(page),
      (shown) => shown > 10,
      RUN_MS,
    )

    execSync(CRASH, { stdio: 'ignore' })

    await ended(page, 'ready')
    expect(found).toEqual([])
    await context.close()
  })
})
