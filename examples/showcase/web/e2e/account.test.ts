import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, faults, newAccount, signedIn, signUp, visitor } from './browser'

endBrowserAfterAll()

describe('an account', () => {
  it('is made, comes back after a reload, and leaves all tabs at once', async () => {
    const { context, page } = await visitor()
    const found = faults(page)
    const account = newAccount()
    await signUp(page, account)

    await page.reload()
    await signedIn(page)

    const other = await context.newPage()
    await other.goto('/board')
    await signedIn(other)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await other.getByRole('link', { name: 'Sign in' }).first().waitFor()
    await other.reload()
    await other.getByRole('link', { name: 'Sign in' }).first().waitFor()
    expect(found).toEqual([])
    await context.close()
  })

  it('stays signed in when several tabs come back at the same moment', async () => {
    const { context, page } = await visitor()
    await signUp(page, newAccount())
    const tabs = [page, await context.newPage(), await context.newPage(), await context.newPage()]

    // Each refresh token is good for one use; the second use of one would end the session.
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(tabs.map((tab) => tab.goto('/mine')))
      await Promise.all(tabs.map((tab) => signedIn(tab)))
    }

    await page.reload()
    await signedIn(page)
    await context.close()
  })

  it('keeps its token out of what scripts can read later', async () => {
    const { context, page } = await visitor()
    await signUp(page, newAccount())

    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    )

    expect(kept).not.toMatch(/eyJ|Bearer|refresh/)
    const [cookie] = (await context.cookies(`${new URL(page.url()).origin}/api/session`)).filter(
      ({ name }) => name === 'refresh',
    )
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    await context.close()
  })

  it('is refused with a sentence when the password is wrong or the name is taken', async () => {
    const { context, page } = await visitor()
    const account = newAccount()
    await signUp(page, account)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).first().waitFor()

    await page.goto('/sign-in')
    await page.getByLabel('Name', { exact: true }).fill(account.name)
    await page.getByLabel('Password', { exact: true }).fill('not the password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await page.getByRole('alert').locator('.notice').textContent()).toMatch(/\w+ \w+/)

    await page.goto('/sign-up')
    await page.getByLabel('Name', { exact: true }).fill(account.name)
    await page.getByLabel('City').selectOption('Berlin')
    await page.getByLabel('Password', { exact: true }).fill(account.password)
    await page.getByRole('button', { name: 'Join' }).click()
    await page.locator('#name-error').waitFor()
    await context.close()
  })
})
