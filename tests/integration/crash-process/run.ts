import { parseArgs } from 'node:util';
import { runCampaign, type CampaignResult } from './campaign.ts';
import { POINTS } from './points.ts';

/** `npm run test:crash`: kills the bot's process 200 times, at every named point, and compares everything at the end. */
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, least: { type: 'string', default: '3' }, jobs: { type: 'string', default: '2' } },
});
const [kills, seed, least, jobs] = [Number(values.kills), Number(values.seed), Number(values.least), Number(values.jobs)];
const started = performance.now();
const out = (line: string): void => void process.stdout.write(`${line}\n`);

/** Campaigns side by side, each with its own market, account and database. */
const results: readonly CampaignResult[] = await Promise.all(
  Array.from({ length: jobs }, (_, index) => runCampaign({ kills: Math.ceil((kills - index) / jobs), seed: seed + index, out: (line) => out(`campaign ${seed + index}: ${line}`) })),
);
const coverage = POINTS.map((point) => ({ point, count: results.reduce((sum, result) => sum + (result.coverage[point] ?? 0), 0) }));
for (const { point, count } of coverage) out(`${String(count).padStart(4)}  ${point}`);
const rare = coverage.filter(({ count }) => count < least).map(({ point }) => point);
const faults = [...results.flatMap((result) => result.faults), ...(rare.length > 0 ? [`killed fewer than ${least} times at ${rare.join(', ')}`] : [])];
for (const fault of faults) out(`FAULT ${fault}`);
const sum = (pick: (result: CampaignResult) => number): number => results.reduce((total, result) => total + pick(result), 0);
out(`${sum((result) => result.kills)} kills, ${sum((result) => result.trades)} round trips, ${faults.length === 0 ? 'everything agrees' : `${faults.length} faults`}, ${Math.round((performance.now() - started) / 1_000)} s`);
process.exit(faults.length === 0 ? 0 : 1);
