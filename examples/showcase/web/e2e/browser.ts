/** The browser, and the people who sit before it. */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { settings } from './settings'

/** What Debian's Chromium needs to stay by itself and quiet. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const PHONE = { width: 360, height: 740 }
export const DESK = { width: 1280, height: 860 }

let started: Promise<Browser> | null = null

function browser(): Promise<Browser> {
  started ??= chromium.launch({ executablePath: settings().browser, headless: true, args: FLAGS })
  return started
}

/** Ends the browser after the tests of a file; the next file starts it again. */
export function endBrowserAfterAll(): void {
  afterAll(async () => {
    await (await started)?.close()
    started = null
  })
}

/** Somebody with a browser profile of their own, signed out. */
export async function visitor(options: BrowserContextOptions = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await (await browser()).newContext({
    baseURL: settings().url,
    viewport: DESK,
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: true,
    ...options,
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  return { context, page }
}

/** Collects what the page breaks of its own policy, and errors of its scripts. */
export function faults(page: Page): string[] {
  const found: string[] = []
  page.on('pageerror', (error) => found.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) found.push(message.text())
  })
  return found
}

export interface Account {
  name: string
  password: string
}

/** A name that no other run of the tests has taken. */
export function newAccount(prefix = 'e2e'): Account {
  const random = Math.random().toString(36).slice(2, 8)
  return { name: `${prefix}-${Date.now().toString(36)}-${random}`, password: `pass-${random}-${random}` }
}

export async function signUp(page: Page, account: Account, city = 'Berlin'): Promise<void> {
  await page.goto('/sign-up')
  await page.getByLabel('Name', { exact: true }).fill(account.name)
  await page.getByLabel('City').selectOption(city)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await patiently(page, () => page.getByRole('button', { name: 'Join' }).click())
}

export async function signIn(page: Page, account: Account): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Name', { exact: true }).fill(account.name)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await patiently(page, () => page.getByRole('button', { name: 'Sign in' }).click())
}

/** Comes back as late as a limit says: all people of these tests share one address. */
async function patiently(page: Page, send: () => Promise<void>): Promise<void> {
  const limited = page.getByText(/Try again in \d+ s/)
  const signedOut = page.getByRole('button', { name: 'Sign out' })
  for (let tries = 0; tries < 4; tries += 1) {
    await send()
    await signedOut.or(limited).first().waitFor()
    if (await signedOut.isVisible()) return
    const seconds = Number(/in (\d+) s/.exec((await limited.textContent()) ?? '')?.[1])
    await page.waitForTimeout((seconds + 1) * 1_000)
  }
  await signedIn(page)
}

/** Waits until the header says who is signed in. */
export async function signedIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

/** Asks until the answer fits. */
export async function eventually<T>(ask: () => Promise<T>, fits: (answer: T) => boolean, ms = 30_000): Promise<T> {
  let last: T | undefined
  await expect
    .poll(
      async () => {
        last = await ask()
        return fits(last)
      },
      { timeout: ms, interval: 250 },
    )
    .toBe(true)
  return last as T
}
