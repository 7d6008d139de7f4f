import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../units.ts';
import {
  bySymbol,
  byPeriod,
  calmar,
  dailyReturns,
  drawdowns,
  exposureTime,
  maxDrawdown,
  performanceOf,
  periodStart,
  sharpe,
  sortino,
  tradeStatistics,
  type TradeResult,
} from './metrics.ts';

const DAY = Date.UTC(2024, 0, 1);
const trade = (pnl: number, index: number, symbol = 'BTC/USDT'): TradeResult => ({
  symbol,
  pnl,
  openedAt: DAY + index * DAY_MS,
  closedAt: DAY + index * DAY_MS + 6 * HOUR_MS,
});
const trades = (...results: number[]): TradeResult[] => results.map((pnl, index) => trade(pnl, index));

describe('statistics of trades', () => {
  test('count wins and losses, sum them up and give their ratios', () => {
    // Ten trades: 5 wins of 20, 4 losses of 10, one at zero. Profit factor 100/40, expectancy 6.
    const found = tradeStatistics(trades(20, -10, 20, 20, -10, -10, 0, 20, -10, 20));
    expect(found).toMatchObject({
      trades: 10,
      wins: 5,
      losses: 4,
      realised: 60,
      grossProfit: 100,
      grossLoss: -40,
      winRate: 0.5,
      profitFactor: 2.5,
      expectancy: 6,
      averageWin: 20,
      averageLoss: -10,
    });
  });

  test('are not available from fewer than ten trades, except what needs no sample', () => {
    expect(tradeStatistics(trades(1, 2, 3, -1, 1, 1, 1, 1, 1))).toMatchObject({
      trades: 9,
      realised: 10,
      winRate: null,
      profitFactor: null,
      expectancy: null,
    });
  });

  test('profit factor is not available when nothing was lost', () => {
    expect(tradeStatistics(trades(...Array.from({ length: 10 }, () => 1))).profitFactor).toBeNull();
  });

  test('streaks: longest of each side and the one under way; zero ends both', () => {
    expect(tradeStatistics(trades(1, 1, 1, -1, -1, 1))).toMatchObject({
      longestWinStreak: 3,
      longestLossStreak: 2,
      currentStreak: 1,
    });
    expect(tradeStatistics(trades(1, -1, -2, -3))).toMatchObject({
      longestWinStreak: 1,
      longestLossStreak: 3,
      currentStreak: -3,
    });
    expect(tradeStatistics(trades(1, -1, 0))).toMatchObject({ currentStreak: 0 });
    expect(tradeStatistics([])).toMatchObject({
      trades: 0,
      realised: 0,
      averageWin: null,
      averageLoss: null,
      currentStreak: 0,
    });
  });
});

describe('maximum drawdown', () => {
  const points = (...values: number[]) => values.map((equity, index) => ({ at: DAY + index * HOUR_MS, equity }));

  test('the textbook series 100, 150, 90, 120, 80, 200: from 150 to 80', () => {
    // Investopedia's and CFI's way of the example: (80 - 150) / 150 = -46.67 %.
    const found = maxDrawdown(points(100, 150, 90, 120, 80, 200));
    expect(found.fraction).toBeCloseTo(0.466_666_666_666_7, 12);
    expect(found.peakAt).toBe(DAY + HOUR_MS);
    expect(found.troughAt).toBe(DAY + 4 * HOUR_MS);
  });

  test('is zero when equity only rises, and of nothing', () => {
    expect(maxDrawdown(points(1, 2, 2, 3)).fraction).toBe(0);
    expect(drawdowns(points(1_000, 1_100, 990, 1_045, 1_200)).map((value) => Number(value.toFixed(4)))).toEqual([
      0, 0, 0.1, 0.05, 0,
    ]);
    expect(
      drawdowns(points(1_000, 400, 380), [{ at: DAY + HOUR_MS, amount: -600 }]).map((value) =>
        Number(value.toFixed(4)),
      ),
    ).toEqual([0, 0, 0.05]);
    expect(maxDrawdown([])).toEqual({ fraction: 0, peakAt: null, troughAt: null });
  });

  test('the peak is the first of its height, the trough the first of its depth', () => {
    expect(maxDrawdown(points(100, 100, 50, 100, 50))).toEqual({
      fraction: 0.5,
      peakAt: DAY,
      troughAt: DAY + 2 * HOUR_MS,
    });
  });

  test('is zero where equity was never above zero', () => {
    expect(maxDrawdown(points(-5, -10)).fraction).toBe(0);
    expect(maxDrawdown(points(0, -1)).fraction).toBe(0);
  });

  test('money that came before the peak, or with it, is in it already', () => {
    const late = [
      { at: DAY + HOUR_MS, equity: 1000 },
      { at: DAY + 2 * HOUR_MS, equity: 950 },
    ];
    expect(maxDrawdown(late, [{ at: DAY, amount: 500 }]).fraction).toBeCloseTo(0.05, 12);
    expect(maxDrawdown(late, [{ at: DAY + HOUR_MS, amount: 500 }]).fraction).toBeCloseTo(0.05, 12);
    expect(
      maxDrawdown(points(1000, 1500, 2000, 1950), [
        { at: DAY + HOUR_MS, amount: 500 },
        { at: DAY + 2 * HOUR_MS, amount: 500 },
        { at: DAY + 3 * HOUR_MS, amount: -50 },
      ]).fraction,
    ).toBe(0);
  });

  test('does not count a withdrawal as a loss, nor a deposit as a recovery', () => {
    expect(maxDrawdown(points(1000, 500), [{ at: DAY + HOUR_MS, amount: -500 }]).fraction).toBe(0);
    // 1000 -> 950, then 1000 are paid in: the peak is 2000 from then on.
    expect(maxDrawdown(points(1000, 950, 1900), [{ at: DAY + 2 * HOUR_MS, amount: 1000 }]).fraction).toBeCloseTo(
      0.05,
      12,
    );
    expect(maxDrawdown(points(1000, 950, 1800), [{ at: DAY + 2 * HOUR_MS, amount: 1000 }]).fraction).toBeCloseTo(
      0.1,
      12,
    );
    expect(maxDrawdown(points(1000, 1950, 1850), [{ at: DAY + HOUR_MS, amount: 1000 }]).fraction).toBeCloseTo(
      0.075,
      12,
    );
  });
});

describe('daily returns', () => {
  test('from the last point of each day, money from outside taken out', () => {
    const points = [
      { at: DAY, equity: 100 },
      { at: DAY + 20 * HOUR_MS, equity: 110 },
      { at: DAY + 30 * HOUR_MS, equity: 300 },
      { at: DAY + 47 * HOUR_MS, equity: 220 },
      { at: DAY + 80 * HOUR_MS, equity: 209 },
    ];
    const found = dailyReturns(points, [{ at: DAY + 26 * HOUR_MS, amount: 99 }]);
    expect(found.map(({ day }) => day)).toEqual([DAY, DAY + DAY_MS, DAY + 3 * DAY_MS]);
    expect(found[0]?.value).toBeCloseTo(0.1, 12);
    expect(found[1]?.value).toBeCloseTo(0.1, 12);
    expect(found[2]?.value).toBeCloseTo(-0.05, 12);
    expect(dailyReturns([])).toEqual([]);
  });

  test('money counts on the day on which it came, up to the last point of that day, once', () => {
    const points = [0, 12, 23, 36, 47].map((hour, index) => ({ at: DAY + hour * HOUR_MS, equity: 100 + 10 * index }));
    const flows = [-5, 0, 23, 24, 47].map((hour) => ({ at: DAY + hour * HOUR_MS, amount: 10 }));
    // Day one: 120 - 10 (at 23:00) over 100; day two: 140 - 20 over 120.
    expect(dailyReturns(points, flows).map(({ value }) => Number(value.toFixed(12)))).toEqual([0.1, 0]);
  });

  test('from nothing, or from debts, there are none', () => {
    const points = [0, 24, 48].map((hour, index) => ({ at: DAY + hour * HOUR_MS, equity: [0, -1, 5][index] ?? 0 }));
    expect(dailyReturns(points)).toEqual([]);
  });
});

/**
 * Known answers, worked out with Python's statistics module:
 *   r = [0.02, -0.01, 0.03, 0.0, -0.02] * 6
 *   sharpe  = mean(r) / stdev(r) * sqrt(365)                             = 4.051031067910773
 *   sortino = mean(r) / sqrt(mean(min(x, 0)**2 for x in r)) * sqrt(365)  = 7.64198926981712
 */
const RETURNS = Array.from({ length: 6 }, () => [0.02, -0.01, 0.03, 0, -0.02]).flat();

describe('ratios', () => {
  test('Sharpe: the published formula, and nothing from too few or equal returns', () => {
    expect(sharpe(RETURNS)).toBeCloseTo(4.051031067910773, 9);
    expect(sharpe(RETURNS.slice(1))).toBeNull();
    expect(sharpe(Array.from({ length: 40 }, () => 0.01))).toBeNull();
  });

  test('Sortino: the published formula, and nothing from too few returns or without a loss', () => {
    expect(sortino(RETURNS)).toBeCloseTo(7.64198926981712, 9);
    expect(sortino(RETURNS.slice(1))).toBeNull();
    expect(sortino(Array.from({ length: 40 }, () => 0.01))).toBeNull();
  });

  test('Calmar: annual growth over the drawdown', () => {
    // 365 days of the same return that makes 20 % in a year, drawdown 10 %.
    const daily = Array.from({ length: 365 }, () => 1.2 ** (1 / 365) - 1);
    expect(calmar(daily, 0.1)).toBeCloseTo(2, 9);
    expect(calmar(daily.slice(0, 29), 0.1)).toBeNull();
    expect(calmar(daily.slice(0, 30), 0.1)).toBeCloseTo(2, 9);
    expect(calmar(daily, 0)).toBeNull();
    expect(
      calmar(
        Array.from({ length: 30 }, () => -1),
        1,
      ),
    ).toBeNull();
  });
});

describe('time and groups', () => {
  test('exposure time counts overlapping trades once, cuts at the ends and takes open positions in', () => {
    const spans: TradeResult[] = [
      { symbol: 'a', pnl: 0, openedAt: 0, closedAt: 40 },
      { symbol: 'b', pnl: 0, openedAt: 30, closedAt: 50 },
      { symbol: 'c', pnl: 0, openedAt: 90, closedAt: 120 },
    ];
    expect(exposureTime(spans, 20, 100)).toBe(0.5);
    expect(exposureTime(spans, 20, 100, [60])).toBe(0.875);
    expect(exposureTime([], 20, 20)).toBeNull();
  });

  test('trades are grouped by symbol and by the period in which they closed', () => {
    const mixed = [trade(5, 0), trade(-2, 1, 'ETH/USDT'), trade(3, 8)];
    expect(bySymbol([trade(0, 0)])).toEqual([{ key: 'BTC/USDT', trades: 1, wins: 0, pnl: 0 }]);
    expect(bySymbol(mixed)).toEqual([
      { key: 'BTC/USDT', trades: 2, wins: 2, pnl: 8 },
      { key: 'ETH/USDT', trades: 1, wins: 0, pnl: -2 },
    ]);
    expect(byPeriod(mixed, 'week').map(({ key, pnl }) => [key, pnl])).toEqual([
      [DAY, 3],
      [DAY + 7 * DAY_MS, 3],
    ]);
    expect(byPeriod(mixed, 'month')).toHaveLength(1);
    expect(byPeriod(mixed, 'day')).toHaveLength(3);
  });

  test('weeks begin on Monday, months on the first', () => {
    const sunday = Date.UTC(2024, 1, 4, 23, 59);
    expect(periodStart(sunday, 'week')).toBe(Date.UTC(2024, 0, 29));
    expect(periodStart(Date.UTC(2024, 0, 29), 'week')).toBe(Date.UTC(2024, 0, 29));
    expect(periodStart(sunday, 'month')).toBe(Date.UTC(2024, 1, 1));
    expect(periodStart(sunday, 'day')).toBe(Date.UTC(2024, 1, 4));
  });

  test('a performance holds every figure of its span, and null for what too few points cannot tell', () => {
    const points = Array.from({ length: 31 * 24 }, (_, hour) => ({
      at: DAY + hour * HOUR_MS,
      equity: 1000 + (hour % 48 < 24 ? hour : hour - 30),
    }));
    const found = performanceOf({
      trades: trades(...Array.from({ length: 12 }, (_, index) => (index % 3 === 0 ? -5 : 10))),
      points,
    });
    expect(found.days).toBe(31);
    expect(found.trades).toBe(12);
    expect(found.maxDrawdown).toBeGreaterThan(0.02);
    expect(found.sharpe).toBeGreaterThan(0);
    expect(found.sortino).toBeGreaterThan(0);
    expect(found.calmar).toBeGreaterThan(0);
    expect(found.averageHold).toBe(6 * HOUR_MS);
    expect(found.exposureTime).toBeCloseTo((12 * 6) / (31 * 24 - 1), 9);
    expect(performanceOf({ trades: trades(1, 2), points: [] }).exposureTime).toBeCloseTo(12 / 30, 12);
    expect(performanceOf({ trades: [], points: points.slice(0, 2) }).maxDrawdown).toBe(0);
    expect(performanceOf({ trades: [], points: points.slice(0, 1) }).maxDrawdown).toBeNull();
    expect(performanceOf({ trades: [], points: [] })).toMatchObject({
      maxDrawdown: null,
      sharpe: null,
      averageHold: null,
      exposureTime: null,
      days: 0,
    });
  });
});
