import { describe, expect, test } from 'vitest';
import { toNumber } from '../../core/decimal.ts';
import { step } from '../../core/engine/step.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import {
  BTC,
  candle,
  config,
  enterInto,
  ETH,
  FROM,
  generated,
  options,
  PLAIN,
  quietThen,
  seriesOf,
  signalsAt,
  type Hours,
} from './fixture.test-helper.ts';
import type { BacktestResult } from './result.ts';
import { runBacktest, type BacktestOptions } from './run-backtest.ts';

const only = (result: BacktestResult) => {
  expect(result.trades).toHaveLength(1);
  const [trade] = result.trades;
  if (trade === undefined) throw new Error('a trade was expected');
  return { ...trade, entry: toNumber(trade.entryPrice), exit: toNumber(trade.exitPrice) };
};

/** A stop is 1.5 % below the entry at 50,000, rounded up to the cent; a target 3 % above. */
const STOP = 49_250;
const TARGET = 51_500;

test('the fee of an entry that is still open is paid, too', () => {
  const result = enterInto([[50_000, 50_100, 49_900, 50_000]], { to: FROM + HOUR_MS });
  expect(result.trades).toEqual([]);
  const [position] = result.openPositions;
  // The fee is taken in the coin that was bought.
  const bought = (position?.quantity ?? 0) / (1 - PLAIN.fee);
  expect(result.fees).toBeCloseTo(bought * 50_000 * PLAIN.fee, 1);
});

describe('what happens inside a candle', () => {
  test('a candle that touches stop and target is a stop', () => {
    const trade = only(enterInto([[50_000, 52_000, 49_000, 51_000]]));
    expect(trade.exitReason).toBe('stop');
    expect(trade.entry).toBeCloseTo(50_000, 1);
    expect(trade.exit).toBeCloseTo(STOP, 0);
  });

  test('a target that is reached is sold at the target, however far the candle went on', () => {
    const trade = only(enterInto([[50_000, 53_000, 49_900, 52_500]]));
    expect(trade.exitReason).toBe('take-profit');
    expect(trade.exit).toBeCloseTo(TARGET, 0);
  });

  test('with a spread, too: the sale is at the first price whose bid reaches the target', () => {
    for (const spread of [0.0001, 0.0002, 0.0007, 0.003]) {
      const trade = only(enterInto([[50_000, 56_000, 49_900, 55_500]], { assumptions: { ...PLAIN, spread } }));
      expect(trade.exitReason).toBe('take-profit');
      expect(trade.exit / (trade.entry * 1.03)).toBeCloseTo(1, 5);
    }
  });

  test('no trade of a market without gaps gains more than its target', () => {
    const { series, predictions } = generated(7, [BTC, ETH], 6_000);
    const result = runBacktest(
      options(series, predictions, { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: FROM + 3_000 * HOUR_MS }),
    );
    const targets = result.trades.filter(({ exitReason }) => exitReason === 'take-profit');
    expect(targets.length).toBeGreaterThan(20);
    for (const trade of targets)
      expect(toNumber(trade.exitPrice) / toNumber(trade.entryPrice)).toBeLessThan(1.03 + 1e-5);
  });

  test('a gap through the stop is filled at the gap, not at the stop', () => {
    const trade = only(
      enterInto([
        [50_000, 50_100, 49_900, 50_000],
        [48_700, 48_900, 48_600, 48_800],
      ]),
    );
    expect(trade.exitReason).toBe('stop');
    expect(trade.exit).toBeCloseTo(48_700, 0);
  });

  test('a gap beyond the limit of the stop is sold at the market a few seconds later', () => {
    const trade = only(
      enterInto([
        [50_000, 50_100, 49_900, 50_000],
        [45_000, 45_100, 44_900, 45_000],
      ]),
    );
    expect(trade.exit).toBeCloseTo(45_000, 0);
    expect(trade.closedAt - (FROM + HOUR_MS)).toBeLessThan(30_000);
  });

  test('a position leaves at its horizon', () => {
    const calm: Hours = Array.from({ length: 30 }, () => [50_000, 50_100, 49_900, 50_000] as const);
    const trade = only(enterInto(calm));
    expect(trade).toMatchObject({ exitReason: 'horizon', openedAt: FROM, closedAt: FROM + 24 * HOUR_MS });
  });

  test('also one that was entered some seconds into its hour, after another exit: not an hour later', () => {
    const series = seriesOf(
      BTC,
      quietThen(
        50_000,
        Array.from({ length: 60 }, () => [50_000, 50_100, 49_900, 50_000] as const),
      ),
    );
    const again = FROM + 24 * HOUR_MS;
    for (const everyHour of [false, true]) {
      const { trades } = runBacktest(
        options([series], new Map([[BTC, signalsAt(series, FROM - HOUR_MS, again - HOUR_MS)]]), {
          assumptions: { ...PLAIN, latency: 1_000 },
          everyHour,
        }),
      );
      // The first sale took two seconds (the stop cancelled, then sold), and so did each after its horizon.
      expect(trades.map(({ exitReason, closedAt }) => ({ exitReason, closedAt }))).toEqual([
        { exitReason: 'horizon', closedAt: again + 2_000 },
        { exitReason: 'horizon', closedAt: again + 24 * HOUR_MS + 4_000 },
      ]);
    }
  });

  test('equity that crosses the daily limit inside a candle is flattened where it crosses', () => {
    // A winner carried over midnight: the new day begins at its best, and falls from there.
    const before: Hours = Array.from({ length: 12 }, () => [50_000, 50_100, 49_900, 50_000] as const);
    const rise: Hours = Array.from(
      { length: 12 },
      (_, index) => [50_000 + index * 100, 50_120 + index * 100, 49_980 + index * 100, 50_100 + index * 100] as const,
    );
    const series = seriesOf(BTC, quietThen(50_000, [...before, ...rise, [51_200, 51_250, 49_270, 49_300]]));
    const result = runBacktest(options([series], new Map([[BTC, signalsAt(series, FROM + 11 * HOUR_MS)]])));
    const trade = only(result);
    expect(trade.exitReason).toBe('daily drawdown');
    const lock = result.locks.find((span) => span.lock.kind === 'daily-drawdown')?.lock;
    expect(lock?.value).toBeGreaterThanOrEqual(0.02);
    // One tick of the price beyond the limit at most, although the candle went on through it.
    expect(lock?.value).toBeLessThan(0.02001);
  });
});

describe('finer candles', () => {
  const hour: Hours = [[50_000, 52_000, 49_000, 51_000]];
  const quarter = (index: number, open: number, high: number, low: number, close: number) =>
    candle(FROM + index * 15 * MINUTE_MS, open, high, low, close);
  const upFirst = [
    quarter(0, 50_000, 52_000, 49_900, 51_800),
    quarter(1, 51_800, 51_900, 50_500, 50_600),
    quarter(2, 50_600, 50_700, 49_000, 49_100),
    quarter(3, 49_100, 51_000, 49_050, 51_000),
  ];

  test('decide which barrier came first', () => {
    const trade = only(enterInto(hour, {}, [{ span: 15 * MINUTE_MS, candles: upFirst }]));
    expect(trade.exitReason).toBe('take-profit');
  });

  test('tell the engine every one of their prices, also in an hour in which nothing happens', () => {
    const calm: Hours = [
      [50_000, 50_000, 49_800, 49_900],
      [49_900, 49_950, 49_700, 49_800],
    ];
    const fine = [
      quarter(4, 49_900, 49_950, 49_850, 49_900),
      quarter(5, 49_900, 49_920, 49_700, 49_750),
      quarter(6, 49_750, 49_800, 49_740, 49_790),
      quarter(7, 49_790, 49_810, 49_780, 49_800),
    ];
    const told: number[] = [];
    const applyTo: BacktestOptions['applyTo'] = (state) => (input) => {
      if (input.type === 'quotes')
        told.push(
          ...input.quotes
            .filter(({ at }) => at > FROM + HOUR_MS + MINUTE_MS && at < FROM + 2 * HOUR_MS)
            .map(({ last }) => last),
        );
      return step(state, input);
    };
    enterInto(calm, { applyTo }, [{ span: 15 * MINUTE_MS, candles: fine }]);
    expect(told).toEqual([
      49_850, 49_950, 49_900, 49_900, 49_700, 49_920, 49_750, 49_750, 49_740, 49_800, 49_790, 49_790, 49_780, 49_810,
      49_800,
    ]);
  });

  test('that do not cover the hour, or tell of another market, decide nothing', () => {
    expect(only(enterInto(hour, {}, [{ span: 15 * MINUTE_MS, candles: upFirst.slice(0, 3) }])).exitReason).toBe('stop');
    const other = upFirst.with(1, quarter(1, 51_800, 52_500, 50_500, 50_600));
    expect(only(enterInto(hour, {}, [{ span: 15 * MINUTE_MS, candles: other }])).exitReason).toBe('stop');
  });
});

describe('costs', () => {
  const win: Hours = [[50_000, 53_000, 49_900, 52_500]];

  test('spread, slippage and fee each make a result worse by what they are', () => {
    const plain = only(enterInto(win));
    const spread = only(enterInto(win, { assumptions: { ...PLAIN, spread: 0.001 } }));
    const slippage = only(enterInto(win, { assumptions: { ...PLAIN, slippage: 0.0005 } }));
    // Half a spread up, on the entry; the target is seen at the bid, so it is sold no lower.
    expect(spread.entry).toBeCloseTo(50_025, 1);
    expect(slippage.entry).toBeCloseTo(50_025, 1);
    expect(slippage.exit / TARGET - 1).toBeCloseTo(-0.0005 + 0.0005, 3);
    expect(plain.pnlFraction).toBeCloseTo(0.03 - 0.002, 3);
    expect(slippage.pnlFraction).toBeLessThan(plain.pnlFraction);
  });

  test('latency moves the price against the order, never for it', () => {
    const rising: Hours = [
      [50_000, 51_000, 49_900, 50_900],
      [50_900, 51_000, 50_800, 50_900],
    ];
    const fast = only(enterInto([...rising, [50_900, 53_000, 50_850, 52_000]]));
    const slow = only(
      enterInto([...rising, [50_900, 53_000, 50_850, 52_000]], { assumptions: { ...PLAIN, latency: 10_000 } }),
    );
    expect(slow.entry).toBeGreaterThan(fast.entry);
    expect(slow.openedAt).toBe(FROM + 10_000);
  });

  test('the account and the ledger agree to the last decimal: no reconciliation lock in thousands of hours', () => {
    const { series, predictions } = generated(5, [BTC, ETH], 8_000);
    const result = runBacktest(
      options(series, predictions, { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: FROM + 4_000 * HOUR_MS }),
    );
    expect(result.trades.length).toBeGreaterThan(50);
    expect(
      result.locks.filter((span) => span.lock.kind === 'reconciliation' || span.lock.kind === 'execution'),
    ).toEqual([]);
  });
});

describe('the operator model', () => {
  /** A loss every eight hours. */
  const losses = (count: number): Hours =>
    Array.from({ length: count * 8 }, (_, index) =>
      index % 8 === 0 ? [50_000, 50_050, 49_000, 50_000] : [50_000, 50_100, 49_900, 50_000],
    );
  const series = seriesOf(BTC, quietThen(50_000, losses(40)));
  const always = signalsAt(series, ...Array.from({ length: 40 }, (_, index) => FROM + index * 8 * HOUR_MS - HOUR_MS));

  test('unlocks the kill-switch after its hours, and trading goes on', () => {
    const result = runBacktest(options([series], new Map([[BTC, always]])));
    const [first] = result.locks.filter((span) => span.lock.kind === 'kill-switch');
    expect(first?.until).not.toBeNull();
    const held = ((first?.until ?? 0) - (first?.lock.since ?? 0)) / HOUR_MS;
    expect(held).toBeGreaterThanOrEqual(12);
    expect(held).toBeLessThan(13);
    expect(result.trades.length).toBeGreaterThan(6);
    expect(result.timeLocked.halted).toBeGreaterThan(0.2);
  });

  test('unlocks the total drawdown so many times; at the next one the run ends, stopped', () => {
    const assumptions = { ...PLAIN, operator: { unlockAfter: HOUR_MS, totalDrawdownUnlocks: 1 } };
    const result = runBacktest(
      options([series], new Map([[BTC, always]]), { assumptions, config: config([BTC], { maxTotalDrawdown: 0.03 }) }),
    );
    expect(result.locks.filter((span) => span.lock.kind === 'total-drawdown')).toHaveLength(2);
    expect(result.stopped).toMatchObject({ lock: 'total-drawdown', at: result.to });
    expect(result.to).toBeLessThan(FROM + 40 * 8 * HOUR_MS);
  });
});

describe('an outage', () => {
  test('sets the stale-data lock, keeps the stop, and trading goes on after it', () => {
    const hours: Hours = Array.from({ length: 20 }, () => [50_000, 50_100, 49_900, 50_000] as const);
    const candles = quietThen(50_000, hours).filter(
      ({ openTime }) => openTime < FROM + 4 * HOUR_MS || openTime >= FROM + 8 * HOUR_MS,
    );
    const series = seriesOf(BTC, candles);
    const result = runBacktest(
      options([series], new Map([[BTC, signalsAt(series, FROM - HOUR_MS, FROM + 30 * HOUR_MS)]])),
    );
    const stale = result.locks.filter((span) => span.lock.kind === 'stale-data');
    expect(stale.length).toBeGreaterThan(0);
    expect(stale.every((span) => span.until !== null)).toBe(true);
    expect(result.trades.length).toBe(2);
  });
});
