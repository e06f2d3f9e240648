/** What the tests are told by the environment. */
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
  /** Kills, once it is asked to by POST, the host that works on runs; where there is no other, it starts it again. */
  killWorker: string | null
  /** Kills the host of the API that tells of runs, in the middle of it; another is there. */
  killApi: string | null
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
    killWorker: process.env.CONTEST_KILL_WORKER ?? null,
    killApi: process.env.CONTEST_KILL_API ?? null,
  }
}

function needed(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`set ${name}: the browser tests need a running contest (see e2e/settings.ts)`)
  return value
}
