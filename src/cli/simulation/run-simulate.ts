import { counted } from '../../core/words.ts';
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { SECOND_MS } from '../../core/units.ts';
import { CRASH_POINTS, type CrashPoint } from '../../sim/simulation/crash.ts';
import { runSimulation, variantOf, type SimulationResult } from './simulation.ts';

export interface SimulateOptions {
  readonly seeds: number;
  readonly days: number;
  readonly fromSeed: number;
  /** Threads; each runs whole seeds. */
  readonly jobs: number;
  /** Print every note of the trace: for one seed. */
  readonly trace: boolean;
}

export interface SimulateIo {
  out(line: string): void;
  /** Monotonic milliseconds. */
  now(): number;
}

type Answer = { readonly result: SimulationResult } | { readonly seed: number; readonly failure: string };

const PROGRESS = 10 * SECOND_MS;
const MOST_SHOWN = 5;

/** Runs seeds and prints what came of them. Resolves to 0 when every invariant held, else 1. */
export const runSimulate = async (options: SimulateOptions, io: SimulateIo): Promise<number> => {
  const begun = io.now();
  const tally = createTally(options, io, begun);
  if (options.jobs === 1) {
    for (let seed = options.fromSeed; seed < options.fromSeed + options.seeds; seed += 1)
      tally.add(await attempt(seed, options, io));
  } else await onThreads(options, tally.add);
  return tally.finish();
};

const attempt = async (seed: number, { days, trace }: SimulateOptions, io: SimulateIo): Promise<Answer> => {
  try {
    return {
      result: await runSimulation({
        seed,
        days,
        ...variantOf(seed),
        ...(trace ? { listener: (line: string) => io.out(line) } : {}),
      }),
    };
  } catch (error) {
    return { seed, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
};

const onThreads = async (
  { seeds, days, fromSeed, jobs }: SimulateOptions,
  add: (answer: Answer) => void,
): Promise<void> => {
  let next = fromSeed;
  const runOne = (worker: Worker): Promise<Answer | null> => {
    if (next >= fromSeed + seeds) return Promise.resolve(null);
    const seed = next;
    next += 1;
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage({ seed, days });
    });
  };
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL('simulate.worker.ts', import.meta.url));
    try {
      for (let answer = await runOne(worker); answer !== null; answer = await runOne(worker)) {
        worker.removeAllListeners('error');
        add(answer);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, thread));
};

const createTally = (options: SimulateOptions, io: SimulateIo, begun: number) => {
  const { seeds, days } = options;
  const hashes = new Map<number, string>();
  const crashes: Record<CrashPoint, number> = Object.fromEntries(CRASH_POINTS.map((point) => [point, 0])) as Record<
    CrashPoint,
    number
  >;
  const sums = { starts: 0, orders: 0, fills: 0, trades: 0, alerts: 0 };
  let failures = 0;
  let shownAt = begun;

  const pace = (): string =>
    `${Math.round((hashes.size * days) / ((io.now() - begun) / 60_000)).toLocaleString('en-GB')} simulated days a minute`;

  const fail = (seed: number, lines: readonly string[]): void => {
    failures += 1;
    if (failures > MOST_SHOWN) return;
    io.out(`seed ${seed} FAILED`);
    for (const line of lines) io.out(`  ${line}`);
    io.out(`  repeat it: npm run simulate -- --seeds 1 --days ${days} --from-seed ${seed} --trace`);
  };

  const add = (answer: Answer): void => {
    if (!('result' in answer)) return fail(answer.seed, [answer.failure]);
    const { result } = answer;
    hashes.set(result.seed, result.hash);
    for (const point of CRASH_POINTS) crashes[point] += result.crashes[point];
    for (const name of ['starts', 'orders', 'fills', 'trades', 'alerts'] as const) sums[name] += result[name];
    if (result.violations.length > 0)
      fail(result.seed, [
        ...result.violations.map(({ rule, detail }) => `${rule}: ${detail}`),
        ...result.recent.slice(-12).map((note) => `| ${note.slice(0, 200)}`),
      ]);
    if (io.now() - shownAt < PROGRESS) return;
    shownAt = io.now();
    io.out(`${hashes.size} of ${counted(seeds, 'seed')}, ${pace()}, ${failures} failed`);
  };

  const finish = (): number => {
    const together = createHash('sha256');
    for (const [seed, hash] of [...hashes].sort(([a], [b]) => a - b)) together.update(`${seed} ${hash}\n`);
    io.out(`crashes ${CRASH_POINTS.map((point) => `${point} ${crashes[point]}`).join(', ')}`);
    io.out(
      [
        counted(sums.starts, 'start'),
        counted(sums.orders, 'order'),
        counted(sums.fills, 'fill'),
        counted(sums.trades, 'round trip'),
        counted(sums.alerts, 'alert'),
      ].join(', '),
    );
    io.out(`traces ${together.digest('hex')}`);
    io.out(
      `${counted(seeds, 'seed')} of ${counted(days, 'day')}: ${failures === 0 ? 'every invariant held' : `${failures} FAILED`}; ${pace()}`,
    );
    return failures === 0 ? 0 : 1;
  };
  return { add, finish };
};
