import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, newAccount, signIn, signUp, visitor } from './browser'
import { brokenClip, ended, upload } from './clips'
import { settings } from './settings'

endBrowserAfterAll()

describe('the page for operators', () => {
  it('shows a failed run with its attempts and errors, and redrives it', async () => {
    const author = await visitor()
    await signUp(author.page, newAccount())
    await upload(author.page, brokenClip(), 'For the operators')
    await ended(author.page, 'failed')

    const { context, page } = await visitor()
    await signIn(page, settings().admin)
    await page.goto('/ops?status=FAILED')
    await page.getByText('Queued runs').waitFor()
    await page.locator('table.facts a.code').first().click()
    await page.getByRole('heading', { name: 'contest-publish' }).waitFor()
    expect(await page.locator('.timeline > li').count()).toBeGreaterThan(3)
    expect(await page.locator('.chain').first().textContent()).not.toBe('')
    await page.getByRole('button', { name: 'Redrive' }).click()
    await page.getByText('The run goes on.').waitFor()
    await context.close()
    await author.context.close()
  })

  it('warms and empties caches', async () => {
    const { context, page } = await visitor()
    await signIn(page, settings().admin)
    await page.goto('/ops')

    await page.getByRole('button', { name: 'Warm Everything' }).click()
    await page.getByText('The cache is being warmed.').waitFor()
    await page.getByRole('button', { name: 'Empty Rankings' }).click()
    await page.getByRole('button', { name: 'Empty it' }).click()
    await page.getByText('The cache was emptied.').waitFor()
    await context.close()
  })

  it('is not for players', async () => {
    const { context, page } = await visitor()
    await signUp(page, newAccount())

    await page.goto('/ops')

    await page.getByText('Not for you').waitFor()
    await context.close()
  })
})
