/** What the tests are told by the environment; `CONTEST_CRASH` is told to its own test alone. */
import { existsSync, mkdirSync } from 'node:fs'

export interface Settings {
  /** Where the contest is served. */
  url: string
  /** A short video, to be uploaded. */
  clip: string
  admin: { name: string; password: string }
  /** Where pictures of the pages go. */
  shots: string | null
  browser: string
}

/** Reads the settings; throws with the name of the variable that is not there. */
export function settings(): Settings {
  const clip = needed('CONTEST_CLIP')
  if (!existsSync(clip)) throw new Error(`CONTEST_CLIP names ${clip}, which is not there`)
  const shots = process.env.CONTEST_SHOTS ?? null
  if (shots) mkdirSync(shots, { recursive: true })
  return {
    url: needed('CONTEST_URL').replace(/\/+$/, ''),
    clip,
    admin: { name: needed('CONTEST_ADMIN_NAME'), password: needed('CONTEST_ADMIN_PASSWORD') },
    shots,
    browser: process.env.CONTEST_BROWSER ?? '/usr/bin/chromium',
  }
}

function needed(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`set ${name}: the browser tests need a running contest (see e2e/settings.ts)`)
  return value
}
