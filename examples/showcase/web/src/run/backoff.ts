/** How long to wait before a try after one that failed. */

const WAIT_MS = 500
const WAIT_MAX_MS = 10_000

/** The wait before try `n`: doubled each time up to a limit, and scattered so that not all come back at once. */
export function backoffMs(n: number, random = Math.random()): number {
  return Math.min(WAIT_MAX_MS, WAIT_MS * 2 ** n) * (0.5 + random / 2)
}
