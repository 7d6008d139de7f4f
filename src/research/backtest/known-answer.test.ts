import { describe, expect, test } from 'vitest';
import { toNumber } from '../../core/decimal.ts';
import { HOUR_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { evaluate } from './evaluate.ts';
import { BTC, FROM, generated, options } from './fixture.test-helper.ts';
import { runBacktest } from './run-backtest.ts';
import { tradeRow } from './study-json.ts';

/**
 * Known answers from an independent implementation: ledger, sizing, policy, exits, every lock, the operator model and
 * the metrics, written anew in another language from docs/backtest.md, docs/guardian.md and docs/model.md, and given
 * the same candles and predictions. It arrived at the same order list, so its hash stands here as its word and not as
 * ours. Who changes one of these numbers changes what the documents promise.
 */
describe('an independent implementation arrives at the same', () => {
  const { series, predictions } = generated(1, [BTC], 8_000);
  const result = runBacktest(
    options(series, predictions, { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: FROM + 4_000 * HOUR_MS }),
  );
  const since = (at: number | null): number | null => (at === null ? null : at - FROM);

  test('orders, fills and trades, to the last cent', () => {
    expect(result.orderHash).toBe('e0f4e526692b9afb42a77d64de2a1216bdfbf3154ec2a5582f761f1225230af2');
    const reasons: Record<string, number> = {};
    for (const { exitReason } of result.trades) reasons[exitReason] = (reasons[exitReason] ?? 0) + 1;
    expect(reasons).toEqual({ stop: 105, 'take-profit': 112, horizon: 8, 'total drawdown': 2, 'daily drawdown': 2 });
    expect(result.trades.reduce((sum, { pnl }) => sum + toNumber(pnl), 0)).toBeCloseTo(10_084.641_193_99, 7);
    expect(result.trades.reduce((sum, { fees }) => sum + toNumber(fees), 0)).toBeCloseTo(2_885.263_427_39, 7);
    const [first, last] = [result.trades[0], result.trades.at(-1)].map((trade) =>
      trade === undefined ? {} : tradeRow(trade),
    );
    expect(first).toMatchObject({
      quantity: '0.09223',
      entryPrice: '60182.07',
      exitPrice: '59261.55',
      fees: '11.0103589161',
      exitReason: 'stop',
    });
    expect(Number(first?.['pnl'])).toBeCloseTo(-95.817_398_433_3, 9);
    expect(last).toMatchObject({
      quantity: '0.20418',
      entryPrice: '53776.92',
      exitPrice: '55379.02',
      fees: '22.2758302256',
      exitReason: 'take-profit',
    });
    expect(Number(last?.['pnl'])).toBeCloseTo(304.508_555_174_6, 9);
    expect(result.finalEquity).toBeCloseTo(20_151.143_428_945_6, 8);
    expect(result.decisions).toMatchObject({ 'no-edge': 1859, entered: 230, holding: 1564, denied: 347 });
  });

  test('each lock, set and cleared to the millisecond', () => {
    expect(result.locks.map(({ lock, until }) => [lock.id, since(lock.since), since(until)])).toEqual([
      ['kill-switch', 875_508_261, 921_600_000],
      ['kill-switch', 1_945_193_178, 1_990_800_000],
      ['kill-switch', 2_218_456_743, 2_264_400_000],
      ['total-drawdown', 2_332_801_000, 2_379_600_000],
      ['kill-switch', 2_441_677_267, 2_487_600_000],
      ['kill-switch', 3_330_603_510, 3_376_800_000],
      ['kill-switch', 3_921_539_490, 3_967_200_000],
      ['kill-switch', 4_789_166_964, 4_834_800_000],
      ['kill-switch', 5_364_952_776, 5_410_800_000],
      ['kill-switch', 5_480_226_021, 5_526_000_000],
      ['kill-switch', 5_853_983_536, 5_900_400_000],
      ['total-drawdown', 5_998_606_297, 6_044_400_000],
      ['kill-switch', 6_077_967_510, 6_123_600_000],
      ['kill-switch', 6_670_802_000, 6_717_600_000],
      ['kill-switch', 7_308_679_490, 7_354_800_000],
      ['kill-switch', 7_992_928_622, 8_038_800_000],
      ['kill-switch', 8_194_497_406, 8_240_400_000],
      ['daily-drawdown', 10_483_861_274, 10_540_800_000],
      ['daily-drawdown', 11_182_445_017, 11_232_000_000],
      ['kill-switch', 13_201_546_793, 13_248_000_000],
    ]);
  });

  test('the metrics', () => {
    const { performance } = evaluate(result);
    expect(performance.days).toBe(167);
    expect(performance.sharpe).toBeCloseTo(4.784_275_473_2, 9);
    expect(performance.sortino).toBeCloseTo(11.607_296_248_3, 9);
    expect(performance.maxDrawdown).toBeCloseTo(0.145_229_505_295_9, 12);
    expect(performance.profitFactor).toBeCloseTo(1.917_067_567_717_5, 12);
    expect(performance.expectancy).toBeCloseTo(44.037_734_471_6, 9);
  });
});
