// DBOS Transact: a workflow of five steps that do nothing, called directly, 64 in flight.
import dbos from '@dbos-inc/dbos-sdk';
import { inFlight, mode, tellRate, tellTimes, url } from './measure.mjs';

const { DBOS } = dbos;

async function chain(n) {
  for (let step = 0; step < 5; step++) n = await DBOS.runStep(async () => n + 1, { name: `step${step}` });
  return n;
}

const workflow = DBOS.registerWorkflow(chain, { name: 'chain' });
DBOS.setConfig({ name: 'peers', systemDatabaseUrl: url, logLevel: 'error', applicationVersion: '1' });
await DBOS.launch();
if (mode === 'throughput') {
  const begun = performance.now();
  await inFlight(64, workflow);
  tellRate(begun);
} else if (mode === 'alone') {
  await tellTimes(workflow);
}
await DBOS.shutdown();
process.exit(0);
