// pg-boss: a job that sends the next of five; eight workers that fetch a thousand jobs at a time.
import PgBoss from 'pg-boss';
import { mode, runs, tellRate, tellTimes, url } from './measure.mjs';

const QUEUE = 'step';
const boss = new PgBoss({ connectionString: url, max: 20, supervise: false, schedule: false });
boss.on('error', (error) => console.error(error.message));
await boss.start();
await boss.createQueue(QUEUE);

let left = runs;
let allEnded;
const waiting = new Map();

async function work(jobs) {
  const next = [];
  for (const { data } of jobs) {
    if (data.step < 4) {
      next.push({ name: QUEUE, data: { run: data.run, step: data.step + 1, n: data.n + 1 } });
    } else {
      left -= 1;
      waiting.get(data.run)?.();
    }
  }
  if (next.length > 0) await boss.insert(next);
  if (left === 0) allEnded?.();
}

const start = async () => {
  for (let worker = 0; worker < 8; worker++) {
    await boss.work(QUEUE, { batchSize: 1000, pollingIntervalSeconds: 0.5 }, work);
  }
};
const first = (run) => ({ name: QUEUE, data: { run, step: 0, n: 1 } });
if (mode === 'throughput') {
  const begun = performance.now();
  for (let from = 0; from < runs; from += 500) {
    await boss.insert(Array.from({ length: Math.min(500, runs - from) }, (_, n) => first(from + n)));
  }
  const ended = new Promise((done) => { allEnded = done; });
  await start();
  await ended;
  tellRate(begun);
} else if (mode === 'alone') {
  await start();
  await tellTimes((run) => new Promise((done) => {
    waiting.set(run, done);
    boss.insert([first(run)]);
  }));
}
await boss.stop({ graceful: true, timeout: 3000 });
process.exit(0);
