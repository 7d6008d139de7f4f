import { Command, InvalidArgumentError } from 'commander';
import { runCampaign, type CampaignResult } from './campaign.ts';
import { POINTS } from './points.ts';

/**
 * `npm run test:crash`: kills the bot's process 200 times, at every named point, and compares everything at the end.
 */
const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('use a whole number from 1.');
  return value;
};
const { kills, seed, least, jobs } = new Command('npm run test:crash --')
  .description(
    "kill the bot's real process again and again, at every named point of its work, and compare everything at the end",
  )
  .option('--kills <n>', 'how often it is killed', whole, 200)
  .option('--seed <n>', 'seed of the first campaign', whole, 1)
  .option('--least <n>', 'kills that every point has to have had', whole, 3)
  .option('--jobs <n>', 'campaigns side by side', whole, 2)
  .parse()
  .opts<{ kills: number; seed: number; least: number; jobs: number }>();
const started = performance.now();
const out = (line: string): void => void process.stdout.write(`${line}\n`);

/** Campaigns side by side, each with its own market, account and database. */
const results: readonly CampaignResult[] = await Promise.all(
  Array.from({ length: jobs }, (_, index) =>
    runCampaign({
      kills: Math.ceil((kills - index) / jobs),
      seed: seed + index,
      out: (line) => out(`campaign ${seed + index}: ${line}`),
    }),
  ),
);
const coverage = POINTS.map((point) => ({
  point,
  count: results.reduce((sum, result) => sum + (result.coverage[point] ?? 0), 0),
}));
for (const { point, count } of coverage) out(`${String(count).padStart(4)}  ${point}`);
const rare = coverage.filter(({ count }) => count < least).map(({ point }) => point);
const faults = [
  ...results.flatMap((result) => result.faults),
  ...(rare.length > 0 ? [`killed fewer than ${least} times at ${rare.join(', ')}`] : []),
];
for (const fault of faults) out(`FAULT ${fault}`);
const sum = (pick: (result: CampaignResult) => number): number =>
  results.reduce((total, result) => total + pick(result), 0);
out(
  `${sum((result) => result.kills)} kills, ${sum((result) => result.trades)} round trips, ${faults.length === 0 ? 'everything agrees' : `${faults.length} faults`}, ${Math.round((performance.now() - started) / 1_000)} s`,
);
process.exit(faults.length === 0 ? 0 : 1);
