import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { BacktestBroker } from './broker.ts';
import { BTC, candle, config, ETH, FROM, generated, options, START } from './fixture.test-helper.ts';
import { columnsFromCandles, sliceColumns } from '../../core/features/candle-columns.ts';
import { runBacktest, type BacktestOptions } from './run-backtest.ts';

const HOURS = 2_500;

const runs = (seed: number, symbols: readonly string[], changes: Partial<BacktestOptions> = {}): BacktestOptions => {
  const { series, predictions } = generated(seed, symbols, 120 * 24 + HOURS);
  return options(series, predictions, {
    assumptions: DEFAULT_ASSUMPTIONS,
    from: FROM,
    to: FROM + HOURS * HOUR_MS,
    ...changes,
  });
};

/** The same market with 40 hours missing in the middle, which its predictions do not know of. */
const withOutage = (run: BacktestOptions): BacktestOptions => {
  const from = FROM + 900 * HOUR_MS;
  const series = run.series.map((each) => {
    const [before, after] = [
      sliceColumns(each.hourly, START, from),
      sliceColumns(each.hourly, from + 40 * HOUR_MS, run.to),
    ];
    const join = (name: 'openTime' | 'open' | 'high' | 'low' | 'close'): Float64Array =>
      Float64Array.from([...before[name], ...after[name]]);
    const hourly = {
      ...before,
      length: before.length + after.length,
      openTime: join('openTime'),
      open: join('open'),
      high: join('high'),
      low: join('low'),
      close: join('close'),
    };
    return { ...each, hourly };
  });
  return { ...run, series };
};

/** The model answers for the last symbol in every second week only. */
const withSilence = (run: BacktestOptions): BacktestOptions => {
  const WEEK = 7 * 24;
  const predictions = new Map(
    [...run.predictions].map(([symbol, answers]) => [
      symbol,
      symbol === run.series.at(-1)?.symbol
        ? answers.map((p, row) => (Math.floor(row / WEEK) % 2 === 0 ? p : Number.NaN))
        : answers,
    ]),
  );
  return { ...run, predictions };
};

/** Two candles of half an hour for each hour: down to the low and up to the high, then straight to the close. */
const withHalves = (run: BacktestOptions): BacktestOptions => {
  const series = run.series.map((each, i): (typeof run.series)[number] => {
    if (i > 0) return each;
    const { openTime, open, high, low, close, length } = each.hourly;
    const halves = Array.from({ length }, (_, row) => {
      const [at, first, last] = [openTime[row] ?? 0, open[row] ?? 0, close[row] ?? 0];
      const middle = (first + last) / 2;
      return [
        candle(at, first, high[row] ?? 0, low[row] ?? 0, middle),
        candle(at + HOUR_MS / 2, middle, Math.max(middle, last), Math.min(middle, last), last),
      ];
    });
    return { ...each, finer: [{ span: HOUR_MS / 2, columns: columnsFromCandles(halves.flat()) }] };
  });
  return { ...run, series };
};

/**
 * The hours around every third midnight reach far and open with a leap, up and down again; signals come just before.
 */
const withRoughNights = (run: BacktestOptions): BacktestOptions => {
  const predictions = new Map(run.predictions);
  const series = run.series.map((each, i): (typeof run.series)[number] => {
    const answers = Float32Array.from(predictions.get(each.symbol) ?? []);
    predictions.set(each.symbol, answers);
    const [open, high, low, close] = (['open', 'high', 'low', 'close'] as const).map((name) =>
      each.hourly[name].slice(),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    let level = 1;
    for (let row = 1; row < each.hourly.length; row += 1) {
      const hour = row % 72;
      if (hour === 24 && row % 5 < 2) level = level === 1 ? 1.08 : 1;
      for (const column of [open, high, low, close]) column[row] = Math.round((column[row] ?? 0) * level * 100) / 100;
      if (hour === 22 - i) answers[row] = 0.9;
      if (hour === 23 && row % 7 < 2) high[row] = Math.round((high[row] ?? 0) * 103) / 100;
      if (hour === 25 && row % 7 > 4) low[row] = Math.round((low[row] ?? 0) * 97) / 100;
    }
    return { ...each, hourly: { ...each.hourly, open, high, low, close } };
  });
  return { ...run, series, predictions };
};

/** Remembers in which order it was asked. */
class Witness extends BacktestBroker {
  readonly asked: string[] = [];

  override balances(): ReturnType<BacktestBroker['balances']> {
    this.asked.push('balances');
    return super.balances();
  }

  override place(...order: Parameters<BacktestBroker['place']>): ReturnType<BacktestBroker['place']> {
    this.asked.push(`${order[0].clientOrderId} ${order[2]}`);
    return super.place(...order);
  }
}

describe('a run that passes quiet hours as one', () => {
  test.each([
    ['one symbol', runs(11, [BTC])],
    ['two symbols in one portfolio', runs(12, [BTC, ETH])],
    [
      'from the first day of a market, when the volatility lock holds',
      runs(13, [BTC], { from: START + 24 * HOUR_MS, to: START + 3_000 * HOUR_MS }),
    ],
    ['an outage', withOutage(runs(14, [BTC]))],
    ['a model without an answer for weeks', withSilence(runs(16, [BTC, ETH]))],
    ['three symbols whose nights are rough', withRoughNights(runs(18, [BTC, ETH, 'SOL/USDT']))],
    ['an end in the midst of what is on file', runs(19, [BTC], { to: FROM + (HOURS - 600) * HOUR_MS })],
    ['finer candles of one symbol', withHalves(runs(17, [BTC, ETH]))],
    [
      'an operator who gives up',
      runs(15, [BTC, ETH], {
        assumptions: { ...DEFAULT_ASSUMPTIONS, operator: { unlockAfter: 12 * HOUR_MS, totalDrawdownUnlocks: 0 } },
      }),
    ],
  ])('does in every part what a run of single steps does: %s', (_name, run) => {
    const result = runBacktest(run);
    expect(result.fills).toBeGreaterThan(5);
    expect(result).toEqual(runBacktest({ ...run, everyHour: true }));
  });

  test.each([11, 12, 15])('reads the account as often, and between the same orders: market %i', (seed) => {
    const run = runs(seed, [BTC, ETH]);
    const [passing, stepping] = [0, 1].map((k) => {
      const broker = new Witness(run.assumptions, run.instruments, run.config.quoteAsset);
      runBacktest({ ...run, broker, everyHour: k === 1 });
      return broker.asked;
    });
    expect(passing?.filter((what) => what === 'balances').length).toBeGreaterThan(10);
    expect(passing).toEqual(stepping);
  });

  test('ends in the same hour when the operator no longer clears a total drawdown', () => {
    const run = runs(15, [BTC, ETH], {
      config: config([BTC, ETH], { maxTotalDrawdown: 0.01 }),
      assumptions: { ...DEFAULT_ASSUMPTIONS, operator: { unlockAfter: 12 * HOUR_MS, totalDrawdownUnlocks: 1 } },
    });
    const result = runBacktest(run);
    expect(result.stopped?.lock).toBe('total-drawdown');
    expect(result).toEqual(runBacktest({ ...run, everyHour: true }));
  });
});
