/** Measures how long a video was really watched: the time it ran on, not where its position was put. */

/** A step of the position longer than this is a jump, not playing. */
const STEP_MAX_MS = 2_000

export class WatchMeter {
  #lastMs: number | null = null
  #watchedMs = 0

  /** Takes the position of a video that plays. */
  at(positionMs: number): void {
    const stepMs = this.#lastMs === null ? 0 : positionMs - this.#lastMs
    if (stepMs > 0 && stepMs <= STEP_MAX_MS) this.#watchedMs += stepMs
    this.#lastMs = positionMs
  }

  /** Paused or moved: the next position begins anew. */
  stop(): void {
    this.#lastMs = null
  }

  /** What was watched since the last call, in whole milliseconds. */
  take(): number {
    const whole = Math.floor(this.#watchedMs)
    this.#watchedMs -= whole
    return whole
  }
}
