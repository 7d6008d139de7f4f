import { describe, expect, it } from 'vitest';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { DAY_MS, HOUR_MS } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { createRandomStream } from '../../sim/generator/random.ts';
import { buildDataset, concatDatasets, rowsBetween } from '../dataset/build-dataset.ts';
import { sigmoid } from '../gbdt/ensemble.ts';
import { OUTCOME } from '../labels/triple-barrier.ts';
import { tradePolicy, summariseTrades, roundTripCost } from '../validation/policy-trades.ts';
import { areaUnderCurve } from '../validation/scores.ts';
import { fitPlatt } from './calibrate.ts';
import { runFold } from './fold-job.ts';
import { runFolds } from './fold-pool.ts';
import { learnableRows } from './fit-model.ts';
import { foldWindows, joinFolds } from './walk-forward.ts';

const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
const FROM = Date.UTC(2024, 0, 1);
const BARRIERS = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0.0002 };
const marketOf = (seed: number, hours: number, from = FROM) =>
  new Map(SYMBOLS.map((symbol) => [symbol, columnsFromCandles(generateCandles({ seed, symbol, from, hours }))]));
const dataset = buildDataset(marketOf(31, 2600), SYMBOLS, BARRIERS);
const FIT = {
  gbdt: {
    rounds: 25,
    leaves: 6,
    maxDepth: 4,
    learningRate: 0.1,
    minLeafRows: 50,
    lambda: 5,
    featureFraction: 0.5,
    rowFraction: 0.7,
    maxBins: 32,
    patience: 10,
    seed: 1,
  },
  holdoutShare: 0.25,
  embargo: 2 * DAY_MS,
  purge: true,
};
const testFrom = FROM + 2200 * HOUR_MS;
const jobs = [0, 1].map((i) => ({
  testFrom: testFrom + i * 100 * HOUR_MS,
  testTo: testFrom + (i + 1) * 100 * HOUR_MS,
  fit: FIT,
}));

describe('the dataset', () => {
  it('is in order of time, with known rows and known labels only', () => {
    for (let i = 1; i < dataset.length; i++)
      expect(dataset.time[i] ?? 0).toBeGreaterThanOrEqual(dataset.time[i - 1] ?? 0);
    for (let i = 0; i < dataset.length; i++) {
      expect(dataset.outcome[i]).not.toBe(OUTCOME.unknown);
      expect(dataset.labels[i]).toBe(dataset.outcome[i] === OUTCOME.target ? 1 : 0);
      expect(dataset.endTime[i] ?? 0).toBeGreaterThan(dataset.time[i] ?? 0);
      expect((dataset.endTime[i] ?? 0) - (dataset.time[i] ?? 0)).toBeLessThanOrEqual(24 * HOUR_MS);
    }
    expect(dataset.time[0]).toBe(FROM + 960 * HOUR_MS);
  });

  it('can be put together from parts', () => {
    const second = buildDataset(marketOf(32, 1100, FROM + 9000 * HOUR_MS), SYMBOLS, BARRIERS);
    const whole = concatDatasets([dataset, second]);
    expect(whole.length).toBe(dataset.length + second.length);
    expect(whole.time[dataset.length]).toBe(second.time[0]);
    expect(whole.rows.slice(dataset.rows.length)).toEqual(second.rows.slice());
  });
});

describe('purge and embargo', () => {
  it('leave no training row whose label reaches into the window or the embargo before it', () => {
    const rows = learnableRows(dataset, 0, testFrom, FIT);
    expect(rows.length).toBeGreaterThan(500);
    for (const row of rows) expect(dataset.endTime[row] ?? Number.NaN).toBeLessThanOrEqual(testFrom - FIT.embargo);
    const unpurged = learnableRows(dataset, 0, testFrom, { ...FIT, purge: false });
    expect(Array.from(unpurged).some((row) => (dataset.endTime[row] ?? 0) > testFrom)).toBe(true);
  });
});

describe('folds', () => {
  it('answer every row of their window and nothing else, the same on threads as off them', async () => {
    const direct = jobs.map((job) => runFold(dataset, job));
    for (const threads of [1, 2]) expect(await runFolds(dataset, jobs, undefined, threads)).toEqual(direct);
    const joined = joinFolds(direct);
    expect(joined.rows).toEqual(rowsBetween(dataset, testFrom, testFrom + 200 * HOUR_MS));
    expect(
      areaUnderCurve(
        joined.probabilities,
        Float64Array.from(joined.rows, (row) => dataset.labels[row] ?? 0),
      ),
    ).toBeGreaterThan(0.55);
  });

  it('do not know what happens in their window: changing it changes no answer to its first hour', () => {
    const changed = {
      ...dataset,
      labels: dataset.labels.map((label, i) => ((dataset.time[i] ?? 0) >= testFrom - DAY_MS ? 1 - label : label)),
    };
    const [one, other] = [dataset, changed].map((data) =>
      runFold(data, { testFrom, testTo: testFrom + HOUR_MS, fit: FIT }),
    );
    expect(one?.probabilities).toEqual(other?.probabilities);
  });

  it('can be kept to one symbol', () => {
    const result = runFold(dataset, { testFrom, testTo: testFrom + 50 * HOUR_MS, fit: FIT, onlySymbol: 1 });
    expect(result.rows.length).toBe(50);
    for (const row of result.rows) expect(dataset.symbol[row]).toBe(1);
  });

  it('hand on what a job throws', async () => {
    await expect(runFolds(dataset, [{ testFrom: 0, testTo: 1, fit: FIT }])).rejects.toThrow(/nothing to learn/);
  });

  it('cover the span without overlap', () => {
    const windows = foldWindows(Date.UTC(2019, 0, 1), Date.UTC(2020, 2, 15), 6);
    expect(windows.map((window) => new Date(window.testFrom).toISOString().slice(0, 10))).toEqual([
      '2019-01-01',
      '2019-07-01',
      '2020-01-01',
    ]);
    expect(windows.at(-1)?.testTo).toBe(Date.UTC(2020, 2, 15));
  });
});

describe("Platt's calibration", () => {
  it('finds the line that made the labels', () => {
    const random = createRandomStream(1, 'platt');
    const scores = Float64Array.from({ length: 40_000 }, () => 2 * random.normal());
    const labels = Uint8Array.from(scores, (score) => (random.uniform() < sigmoid(0.6 * score - 0.8) ? 1 : 0));
    const { slope, intercept } = fitPlatt(scores, labels, new Float64Array(scores.length).fill(1));
    expect(Math.abs(slope - 0.6)).toBeLessThan(0.03);
    expect(Math.abs(intercept + 0.8)).toBeLessThan(0.04);
  });

  it('answers the base rate when the scores are upside down', () => {
    const scores = Float64Array.from({ length: 100 }, (_, i) => i / 10);
    const labels = Uint8Array.from({ length: 100 }, (_, i) => (i < 25 ? 1 : 0));
    const { slope, intercept } = fitPlatt(scores, labels, new Float64Array(100).fill(1));
    expect(slope).toBe(0);
    expect(sigmoid(intercept)).toBeCloseTo(26 / 102, 6);
  });
});

describe('trades of the policy', () => {
  const rows = rowsBetween(dataset, testFrom, testFrom + 300 * HOUR_MS);
  const assumptions = { ...BARRIERS, margin: 0.002, costFactor: 1 };
  const certain = new Float64Array(rows.length).fill(0.9);

  it('enter only where the expected value after costs reaches the margin', () => {
    const breakEven = (0.015 + roundTripCost(1) + 0.002) / 0.045;
    expect(roundTripCost(1)).toBeCloseTo(0.003, 12);
    expect(tradePolicy(dataset, rows, new Float64Array(rows.length).fill(breakEven - 1e-9), assumptions)).toHaveLength(
      0,
    );
    expect(
      tradePolicy(dataset, rows, new Float64Array(rows.length).fill(breakEven + 1e-9), assumptions).length,
    ).toBeGreaterThan(5);
    expect(tradePolicy(dataset, rows, new Float64Array(rows.length).fill(Number.NaN), assumptions)).toHaveLength(0);
  });

  it('hold one position a symbol, rest after a stop, and keep the caps', () => {
    const trades = tradePolicy(dataset, rows, certain, assumptions);
    for (const symbol of [0, 1]) {
      const own = trades.filter((trade) => trade.symbol === symbol);
      own.slice(1).forEach((trade, i) => {
        const before = own[i];
        const rest = before !== undefined && dataset.outcome[before.row] === OUTCOME.stop ? 4 * HOUR_MS : 0;
        expect(trade.entryTime).toBeGreaterThanOrEqual((before?.exitTime ?? 0) + rest);
      });
    }
    for (const trade of trades) {
      const open = trades.filter((other) => other.entryTime <= trade.entryTime && other.exitTime > trade.entryTime);
      expect(open.reduce((sum, other) => sum + other.share, 0)).toBeLessThanOrEqual(0.8 + 1e-12);
      expect(trade.share).toBeLessThanOrEqual(0.01 / 0.018 + 1e-12);
      expect(trade.netReturn).toBeCloseTo((dataset.grossReturn[trade.row] ?? 0) - 0.003, 12);
    }
  });

  it('end at the first price after the hour in which the model turned round, as the bot ends them, if no barrier was met by then', () => {
    const trade = tradePolicy(dataset, rows, certain, assumptions).find(
      ({ entryTime, exitTime }) => exitTime - entryTime >= 4 * HOUR_MS,
    );
    if (trade === undefined) throw new Error('a trade of four hours was expected');
    const at = (time: number) =>
      [...rows].findIndex((row) => dataset.time[row] === time && dataset.symbol[row] === trade.symbol);
    const own = (probability: number, time: number) =>
      tradePolicy(
        dataset,
        rows,
        Float64Array.from(rows, (_, i) =>
          i === at(trade.entryTime) ? 0.9 : i === at(time) ? probability : Number.NaN,
        ),
        assumptions,
      );
    // Half of break-even: (stop 0.015 + costs 0.003) / (target 0.03 + stop 0.015) / 2 = 0.2.
    expect(own(0.2, trade.entryTime + 2 * HOUR_MS)).toMatchObject([
      { exitTime: trade.exitTime, netReturn: trade.netReturn, reversed: false },
    ]);
    expect(own(0.19, trade.exitTime)).toMatchObject([{ exitTime: trade.exitTime, reversed: false }]);
    const [left, ...others] = own(0.19, trade.entryTime + 2 * HOUR_MS);
    expect(others).toEqual([]);
    // Candle k opens k hours after FROM: bought at the open of the entry's hour and 2 basis points, sold at the open
    // two hours on.
    const { open } = marketOf(31, 2600).get(SYMBOLS[trade.symbol] ?? '') ?? { open: [] };
    const paid = (open[(trade.entryTime - FROM) / HOUR_MS] ?? Number.NaN) * 1.0002;
    const fetched = open[(trade.entryTime - FROM) / HOUR_MS + 2] ?? Number.NaN;
    expect(left).toMatchObject({ exitTime: trade.entryTime + 2 * HOUR_MS, reversed: true });
    expect(left?.netReturn).toBeCloseTo(fetched / paid - 1 - 0.003, 12);
  });

  it('enter again after the model has turned round without the rest that follows a stop, and where a rule keeps them out not at all', () => {
    const stopped = tradePolicy(dataset, rows, certain, assumptions).find(
      ({ row, entryTime, exitTime }) => dataset.outcome[row] === OUTCOME.stop && exitTime - entryTime >= 3 * HOUR_MS,
    );
    if (stopped === undefined) throw new Error('a stop-out was expected');
    const turned = Float64Array.from(rows, (row) =>
      dataset.symbol[row] === stopped.symbol && dataset.time[row] === stopped.entryTime + HOUR_MS ? 0.1 : 0.9,
    );
    const own = tradePolicy(dataset, rows, turned, assumptions).filter(
      ({ symbol, entryTime }) => symbol === stopped.symbol && entryTime >= stopped.entryTime,
    );
    expect(own.slice(0, 2).map(({ entryTime }) => entryTime)).toEqual([
      stopped.entryTime,
      stopped.entryTime + 2 * HOUR_MS,
    ]);
    const without = tradePolicy(dataset, rows, turned, {
      ...assumptions,
      mayEnter: (row) => dataset.symbol[row] !== stopped.symbol,
    });
    expect(new Set(without.map(({ symbol }) => symbol))).toEqual(new Set([1 - stopped.symbol]));
  });

  it('are summed up, with n/a where there are too few', () => {
    const trades = tradePolicy(dataset, rows, certain, assumptions);
    const summary = summariseTrades(trades, testFrom, testFrom + 300 * HOUR_MS);
    expect(summary.trades).toBe(trades.length);
    expect(summary.winRate).toBeCloseTo(trades.filter((trade) => trade.netReturn > 0).length / trades.length, 12);
    const few = summariseTrades(trades.slice(0, 3), testFrom, testFrom + DAY_MS);
    expect([few.winRate, few.sharpe, few.profitFactor]).toEqual([null, null, null]);
    expect(summariseTrades([], testFrom, testFrom + DAY_MS)).toMatchObject({
      trades: 0,
      totalReturn: 0,
      maxDrawdown: 0,
    });
  });
});
