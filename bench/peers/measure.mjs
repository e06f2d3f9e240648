// What all Node programs share: their arguments, and how they say what they measured.

/** The database that the peer works in. */
export const url = process.env.DATABASE_URL;
/** `setup`, `throughput` or `alone`, and how many runs. */
export const [mode, runs] = [process.argv[2], Number(process.argv[3] ?? 0)];

/** Carries out so many calls, at most so many of them at a time. */
export async function inFlight(most, call) {
  let next = 0;
  const caller = async () => {
    while (next < runs) await call(next++);
  };
  await Promise.all(Array.from({ length: Math.min(most, runs) }, caller));
}

/** Tells how many runs ended in a second. */
export function tellRate(begun) {
  const seconds = (performance.now() - begun) / 1e3;
  console.log(`RESULT ${JSON.stringify({ runs_per_s: runs / seconds })}`);
}

/** Carries out one run after the other, and tells how long they took. */
export async function tellTimes(run) {
  const times = [];
  for (let n = 0; n < runs; n++) {
    const begun = performance.now();
    await run(n);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(runs - 1, Math.floor(runs * share))];
  console.log(`RESULT ${JSON.stringify({ p50_ms: at(0.5), p99_ms: at(0.99) })}`);
}
