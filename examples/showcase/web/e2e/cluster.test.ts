import { describe, expect, it } from 'vitest'
import { endBrowserAfterAll, faults, newAccount, signUp, visitor } from './browser'
import { ended, kill, midway, plays, RUN_MS, realClip, upload } from './clips'
import { settings } from './settings'

const { killApi } = settings()

endBrowserAfterAll()

describe.skipIf(killApi === null)('a clip that is sent to the store by signed URLs', () => {
  it('is followed at another host when the one that tells of it is killed', { timeout: 2 * RUN_MS }, async () => {
    const { context, page } = await visitor()
    const found = faults(page)
    const parts: URL[] = []
    page.on('request', (request) => request.method() === 'PUT' && parts.push(new URL(request.url())))
    await signUp(page, newAccount('cluster'))
    await upload(page, realClip(), 'Followed at another host')
    await midway(page)
    const loads: string[] = []
    page.on('domcontentloaded', () => loads.push(page.url()))
    const followed = page.waitForResponse(
      (response) => response.url().endsWith('/run/events') && response.status() === 200,
      { timeout: RUN_MS },
    )

    await kill(killApi)

    await followed
    await ended(page, 'ready')
    await plays(page)
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) expect(part.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/)
    expect(loads).toEqual([])
    expect(found).toEqual([])
    await context.close()
  })
})
