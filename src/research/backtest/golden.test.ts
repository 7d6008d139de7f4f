import { describe, expect, test } from 'vitest';
import { sliceColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { BTC, config, ETH, FROM, generated, momentumOf, options, START } from './fixture.test-helper.ts';
import { runBacktest, type BacktestOptions } from './run-backtest.ts';

const HOURS = 8_000;

const fixed = (seed: number, symbols: readonly string[], changes: Partial<BacktestOptions> = {}): BacktestOptions => {
  const { series, predictions } = generated(seed, symbols, HOURS);
  return options(series, predictions, {
    assumptions: DEFAULT_ASSUMPTIONS,
    from: FROM,
    to: FROM + 4_000 * HOUR_MS,
    ...changes,
  });
};

/**
 * Three runs on the project's own market. Whoever changes what the engine
 * decides, how orders are filled or how candles are walked changes these, and
 * says so here.
 */
describe('golden order lists', () => {
  test.each([
    {
      name: 'one symbol',
      run: fixed(1, [BTC]),
      hash: 'e0f4e526692b9afb42a77d64de2a1216bdfbf3154ec2a5582f761f1225230af2',
    },
    {
      name: 'two symbols in one portfolio',
      run: fixed(2, [BTC, ETH]),
      hash: 'f9b36a9359f7a05dea2c5f96477c92e435b8844b3f44a41fcd6835b51b76b73e',
    },
    {
      name: 'two symbols under tighter limits',
      run: fixed(2, [BTC, ETH], {
        config: config([BTC, ETH], { riskPerTrade: 0.005, maxConsecutiveLosses: 2, maxDailyDrawdown: 0.01 }),
      }),
      hash: '3f0dd5f41c5acb2445ee50d25b6dc281d8c2bb8925801674ae5975b5d077ae61',
    },
  ])('$name', ({ run, hash }) => {
    const result = runBacktest(run);
    expect(result.trades.length).toBeGreaterThan(40);
    expect(result.orderHash).toBe(hash);
    expect(runBacktest(run).orderHash).toBe(hash);
  });

  test('a changed limit of the Guardian changes the orders', () => {
    const standard = runBacktest(fixed(1, [BTC]));
    const tighter = runBacktest(fixed(1, [BTC], { config: config([BTC], { maxConsecutiveLosses: 2 }) }));
    expect(tighter.orderHash).not.toBe(standard.orderHash);
  });
});

describe('the future', () => {
  type Predict = (hourly: CandleColumns) => Float32Array;
  /** The fixture's fault: each hour is given the answer of the next one. */
  const peeking: Predict = (hourly) => {
    const honest = momentumOf(hourly);
    return Float32Array.from(honest, (_, row) => honest[row + 1] ?? Number.NaN);
  };
  /** A run whose last decision is made at FROM + `hours`, by predictions that know no candle which closes after it. */
  const decideUntil = (predict: Predict, hours: number) => {
    const at = FROM + hours * HOUR_MS;
    const { series } = generated(3, [BTC], 120 * 24 + hours + 1);
    const predictions = new Map(series.map(({ symbol, hourly }) => [symbol, predict(sliceColumns(hourly, START, at))]));
    const result = runBacktest(
      options(series, predictions, { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: at + HOUR_MS }),
    );
    return upTo(result.orderLines, at);
  };
  /** What was done by the minute of a decision. */
  const upTo = (lines: readonly string[], at: number): string[] =>
    lines.filter((line) => Number(line.split(' ')[1]) < at + MINUTE_MS);
  const entriesOf = (lines: readonly string[]): number[] =>
    lines
      .filter((line) => line.includes(' entry '))
      .map((line) => Math.floor((Number(line.split(' ')[1]) - FROM) / HOUR_MS));
  const WHOLE = 2_000;

  /** The hours of entry after which a history that ends there has not led to the same orders. */
  const differing = (predict: Predict): number[] => {
    const whole = decideUntil(predict, WHOLE);
    return entriesOf(whole)
      .slice(0, 20)
      .filter((hours) => {
        const at = FROM + hours * HOUR_MS;
        return JSON.stringify(decideUntil(predict, hours)) !== JSON.stringify(upTo(whole, at));
      });
  };

  test('a history that ends at a decision leads to the same orders as one that goes on', () => {
    expect(entriesOf(decideUntil(momentumOf, WHOLE)).length).toBeGreaterThan(20);
    expect(differing(momentumOf)).toEqual([]);
  });

  test('the trap: predictions that peek one candle ahead are caught by that comparison', () => {
    expect(differing(peeking).length).toBeGreaterThan(15);
  });
});
