import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS, utcDayStart } from '../../src/core/units.ts';
import { generatedCrash, recordedCrash } from './crash-data.test-helper.ts';
import { replayCrash, withWinner, type CrashData, type CrashReport } from './crash-replay.test-helper.ts';

const directory = process.env['MARKET_DATA_DIR'];
const RECORDED = ['20210519', '20240805'];

const locks = (report: CrashReport): readonly string[] => report.trips.map(({ lock }) => lock);

/** A long of maximum size in the first hour of the day of the crash. */
const before = (data: CrashData): CrashReport => {
  const crashDay = utcDayStart(data.symbols[0]?.minutes[0]?.[0] ?? 0) + DAY_MS;
  return replayCrash(data, { enterAt: crashDay + HOUR_MS + MINUTE_MS, takeProfit: 0.06 });
};

const withinBound = (report: CrashReport): void => {
  expect(report.exposure).toBeGreaterThan(0.5);
  expect(report.worstDayLoss).toBeGreaterThan(0.003);
  expect(report.worstDayLoss).toBeLessThanOrEqual(report.bound);
  expect(report.lossWithoutGuardian).toBeGreaterThan(report.worstDayLoss);
};

/** A winner is carried over midnight: the new day's baseline stands so high that the drawdown comes before the stop. */
const carried = (data: CrashData): CrashReport => {
  const begin = data.symbols[0]?.minutes[0]?.[0] ?? 0;
  return replayCrash(withWinner(data, 0.035), { enterAt: begin + 2 * HOUR_MS + MINUTE_MS, takeProfit: 0.12 });
};

describe.each([1, 2, 3])('a generated crash, seed %d', (seed) => {
  const data = generatedCrash(seed);

  test('a long of maximum size before it: the volatility lock trips and the loss stays inside limit and gap', () => {
    const report = before(data);
    expect(locks(report).some((id) => id.startsWith('volatility'))).toBe(true);
    withinBound(report);
  });

  test('a carried winner: the daily drawdown trips and flattens', () => {
    const report = carried(data);
    expect(locks(report)).toContain('daily-drawdown');
    expect(report.trades.some(({ reason }) => reason === 'daily drawdown')).toBe(true);
    withinBound(report);
  });
});

describe.skipIf(directory === undefined).each(RECORDED)(
  'the crash of %s, minute by minute (skipped where MARKET_DATA_DIR is not set)',
  (day) => {
    const load = (): CrashData => {
      const data = recordedCrash(directory, day);
      if (data === null)
        throw new Error(`MARKET_DATA_DIR=${directory ?? ''} holds no crash/ folder with one-minute candles`);
      return data;
    };

    test('a long of maximum size before it: the volatility lock trips and the loss stays inside limit and gap', () => {
      const report = before(load());
      expect(locks(report).some((id) => id.startsWith('volatility'))).toBe(true);
      withinBound(report);
    });

    test('a carried winner: the daily drawdown trips and flattens', () => {
      const report = carried(load());
      expect(locks(report)).toContain('daily-drawdown');
      expect(report.trades.some(({ reason }) => reason === 'daily drawdown')).toBe(true);
      withinBound(report);
    });
  },
);
