/**
 * The backtest, stage by stage: reading, features, inference, the engine on its first run and warm, how cost grows with
 * candles and symbols, and the whole command with its memory.
 * Usage: npm run bench -- backtest [folder with BTCUSDT-1h.csv.gz; default MARKET_DATA_DIR, else the generated market]
 * The word "model" or a number behind the folder: no more than the engine's first run, on the model's own predictions
 * or with one signal in so many hours.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCandleFolder } from '../src/adapters/candles/candle-files.ts';
import { loadModel } from '../src/adapters/onnx/load-model.ts';
import { columnsFromCandles, type CandleColumns } from '../src/core/features/candle-columns.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../src/core/features/catalogue.ts';
import { DEFAULT_LIMITS } from '../src/core/risk/limits.ts';
import { HOUR_MS } from '../src/core/units.ts';
import { DEFAULT_ASSUMPTIONS } from '../src/research/backtest/assumptions.ts';
import { recordedInstrument } from '../src/research/backtest/instruments.ts';
import { predictHistory } from '../src/research/backtest/predictions.ts';
import type { BacktestResult } from '../src/research/backtest/result.ts';
import { runBacktest } from '../src/research/backtest/run-backtest.ts';
import { generateCandles } from '../src/sim/generator/candles.ts';

const BTC = 'BTC/USDT';
const HOURS = 65_590;
const START = Date.UTC(2018, 0, 1);
/** One hour in this many is a signal: some two hundred trades in seven and a half years. */
const SIGNAL_EVERY = 300;
/** First runs, each in a process of its own: two hundred trades, a hundred, fifty, and what the model wants. */
const FIRST_RUNS = [String(SIGNAL_EVERY), '600', '1200', 'model'];
const FIRST_ROUNDS = 7;
/** Two hundred trades a round: what a trade runs through is compiled for good after some thirty rounds. */
const ROUNDS = 40;
const directory = (process.argv[2] === '' ? undefined : process.argv[2]) ?? process.env['MARKET_DATA_DIR'] ?? null;

const line = (name: string, text: string): void => console.log(`${name.padEnd(40)} ${text}`);
const rate = (count: number, ms: number): string =>
  `${ms.toFixed(1).padStart(8)} ms   ${Math.round(count / (ms / 1000))
    .toLocaleString('en')
    .padStart(10)} candles/s`;
/**
 * Time on the wall, and processor time of this thread alone: what others do to the machine shows in their difference.
 */
const timed = <T>(run: () => T): { readonly wall: number; readonly own: number; readonly result: T } => {
  const [from, before] = [performance.now(), process.threadCpuUsage()];
  const result = run();
  const { user, system } = process.threadCpuUsage(before);
  return { wall: performance.now() - from, own: (user + system) / 1000, result };
};

const generated = (hours: number): CandleColumns =>
  columnsFromCandles(generateCandles({ seed: 1, symbol: BTC, from: START, hours }));

/** Given predictions: the same on every machine, knowing nothing, trading now and then. */
const given = (length: number, shift = 0, signalEvery = SIGNAL_EVERY): Float32Array =>
  Float32Array.from({ length }, (_, row) =>
    (Math.imul(row + shift, 2_654_435_761) >>> 16) % signalEvery === 0 ? 0.9 : 0.4,
  );

interface Given {
  readonly symbol: string;
  readonly hourly: CandleColumns;
  readonly probability: Float32Array;
}

const run = (
  series: readonly Given[],
  { margin = 0.001, everyHour = false }: { margin?: number; everyHour?: boolean } = {},
): BacktestResult => {
  const [first] = series;
  if (first === undefined) throw new Error('no series');
  const from = first.hourly.openTime[0] ?? 0;
  return runBacktest({
    config: {
      mode: 'backtest',
      symbols: series.map(({ symbol }) => symbol),
      quoteAsset: 'USDT',
      feeAsset: null,
      limits: DEFAULT_LIMITS,
      takerFee: 0.001,
      orderPrefix: 'gb',
      instanceId: 'bench',
      staleWallGrace: 0,
      model: { name: 'given', hash: '', schemaHash: '', stop: 0.015, target: 0.03, horizonHours: 24, margin },
    },
    engineVersion: 'bench',
    instruments: series.map(({ symbol }) => ({
      ...recordedInstrument(BTC),
      symbol,
      id: symbol.replace('/', ''),
      base: symbol.split('/')[0] ?? '',
    })),
    series: series.map(({ symbol, hourly }) => ({ symbol, hourly, finer: [] })),
    predictions: new Map(series.map(({ symbol, probability }) => [symbol, probability])),
    // An operator who never gives up, so that the run has all its hours.
    assumptions: {
      ...DEFAULT_ASSUMPTIONS,
      balance: 1_000_000,
      operator: { unlockAfter: 12 * HOUR_MS, totalDrawdownUnlocks: 1_000_000 },
    },
    from,
    everyHour,
    to: (first.hourly.openTime[first.hourly.length - 1] ?? 0) + HOUR_MS,
  });
};

const read = timed(() => (directory === null ? generated(HOURS) : openCandleFolder(directory).series(BTC)));
const hourly = read.result;
line(directory === null ? 'generate candles' : 'read and parse', rate(hourly.length, read.wall));

const loading = performance.now();
const model = await loadModel(directory === null ? 'models/demo' : 'models/btc-eth-1h', {
  schemaHash: FEATURE_SCHEMA_HASH,
  featureCount: FEATURE_COUNT,
});
line('load the model', `${(performance.now() - loading).toFixed(1).padStart(8)} ms`);
const predictions = await predictHistory(new Map([[BTC, hourly]]), [BTC], model, () => performance.now());
line('features', rate(hourly.length, predictions.featuresMs));
line('inference, in batches', rate(hourly.length, predictions.inferenceMs));
await model.close();

// What the trained model itself wants: hardly a trade, so this is the cost of hours in which nothing is done.
const { margin } = model.description;
const own = predictions.bySymbol.get(BTC) ?? new Float32Array(0);
const runModel = (): BacktestResult => run([{ symbol: BTC, hourly, probability: own }], { margin });
const [, , , only] = process.argv;
if (only !== undefined) {
  const series = [{ symbol: BTC, hourly, probability: only === 'model' ? own : given(hourly.length, 0, Number(only)) }];
  const { wall, own: processor, result } = timed(() => run(series, only === 'model' ? { margin } : {}));
  console.log(
    JSON.stringify({ wall, processor, trades: result.trades.length, orderHash: result.orderHash.slice(0, 12) }),
  );
  process.exit(0);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
for (const what of FIRST_RUNS) {
  const runs = Array.from({ length: FIRST_ROUNDS }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, directory ?? '', what], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      readonly wall: number;
      readonly processor: number;
      readonly trades: number;
      readonly orderHash: string;
    };
  });
  const [{ trades, orderHash } = { trades: Number.NaN, orderHash: '' }] = runs;
  const walls = runs.map(({ wall }) => wall);
  line(
    `first run, ${what === 'model' ? 'model' : `signal in ${what} h`}, median of ${FIRST_ROUNDS}`,
    `${rate(hourly.length, median(walls))}   ${trades} trades, ${orderHash}`,
  );
  line(
    '  best, and median on the processor',
    `${Math.min(...walls)
      .toFixed(1)
      .padStart(8)} ms   ${rate(hourly.length, median(runs.map(({ processor }) => processor)))}`,
  );
}
const traded = [{ symbol: BTC, hourly, probability: given(hourly.length) }];
const rounds = Array.from({ length: ROUNDS }, () => timed(() => run(traded)));
line(`engine, warm (best of ${ROUNDS})`, rate(hourly.length, Math.min(...rounds.map(({ wall }) => wall))));
line('  of it on the processor', rate(hourly.length, Math.min(...rounds.map(({ own }) => own))));
const stepped = Array.from({ length: ROUNDS }, () => timed(() => run(traded, { everyHour: true })));
line(
  'every hour stepped, warm',
  `${rate(hourly.length, Math.min(...stepped.map(({ wall }) => wall)))}   ${stepped[0]?.result.orderHash.slice(0, 12) ?? ''}`,
);

const quiet = Array.from({ length: ROUNDS }, () => timed(runModel));
line(
  `the model's predictions, warm`,
  `${rate(hourly.length, Math.min(...quiet.map(({ wall }) => wall)))}   ${quiet[0]?.result.trades.length ?? 0} trades`,
);

const least = (series: Parameters<typeof run>[0]): number =>
  Math.min(...Array.from({ length: 3 }, () => timed(() => run(series)).wall));
console.log('\nCost by length of history');
for (const times of [1, 4, 16]) {
  const columns = generated(16_384 * times);
  const ms = least([{ symbol: BTC, hourly: columns, probability: given(columns.length) }]);
  line(`  ${times}x (${columns.length.toLocaleString('en')} candles)`, rate(columns.length, ms));
}
console.log('Cost by number of symbols');
const shared = generated(16_384);
for (const times of [1, 4, 16]) {
  const series = Array.from({ length: times }, (_, index) => ({
    symbol: index === 0 ? BTC : `S${index}/USDT`,
    hourly: shared,
    probability: given(shared.length, index * 7),
  }));
  line(`  ${times}x`, rate(times * shared.length, least(series)));
}

const folder = mkdtempSync(join(tmpdir(), 'guardian-bench-'));
// Not the process's own maxRSS: that begins with what the parent had at the fork.
const EXIT_HOOK =
  'data:text/javascript,import{readFileSync}from"node:fs";process.on("exit",()=>process.stderr.write("rss "+/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status","utf8"))[1]))';
console.log('\nThe whole command, a process each');
try {
  const market = directory === null ? [] : ['--data', directory];
  for (const [name, extra] of [
    ['with JSON', ['--json', join(folder, 'b.json')]],
    ['with --report', ['--report', join(folder, 'report')]],
  ] as const) {
    let wall = Number.POSITIVE_INFINITY;
    let memory = 0;
    for (let round = 0; round < 3; round += 1) {
      const from = performance.now();
      const child = spawnSync(
        process.execPath,
        ['--import', EXIT_HOOK, 'src/cli/guardian.ts', 'backtest', ...market, '--symbols', BTC, ...extra],
        { encoding: 'utf8' },
      );
      if (child.status !== 0) throw new Error(child.stderr);
      wall = Math.min(wall, performance.now() - from);
      memory = Math.max(memory, Number(/rss (\d+)/.exec(child.stderr)?.[1] ?? Number.NaN) / 1024);
    }
    line(`  ${name}`, `${wall.toFixed(0).padStart(8)} ms, ${memory.toFixed(0)} MB at most`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
