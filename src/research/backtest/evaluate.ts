import { toNumber } from '../../core/decimal.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import { rowAt } from '../../core/features/candle-columns.ts';
import {
  bySymbol,
  calmar,
  dailyReturns,
  performanceOf,
  periodStart,
  type Bucket,
  type EquitySample,
  type Performance,
  type TradeResult,
} from '../../core/ledger/metrics.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type Fraction, type SymbolName } from '../../core/units.ts';
import type { Assumptions } from './assumptions.ts';
import type { SymbolSeries } from './hour-market.ts';
import type { EquityCurve } from './record.ts';
import type { BacktestResult } from './result.ts';

/** The figures of one run. */
export interface Evaluation {
  readonly finalEquity: number;
  /** Final equity over the opening balance, less one. */
  readonly totalReturn: number;
  readonly performance: Performance;
  readonly symbols: readonly Bucket<SymbolName>[];
  readonly months: readonly MonthReturn[];
}

export interface MonthReturn {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  /** Equity at the end of the month over that at its beginning, less one. */
  readonly value: number;
}

export const tradeResultOf = ({ symbol, pnl, openedAt, closedAt }: TradeEffect): TradeResult => ({
  symbol,
  pnl: toNumber(pnl),
  openedAt,
  closedAt,
});

/**
 * The first point of a curve and the last one of each UTC day: all that daily and monthly figures need. A point at
 * midnight ends the day before. Only the first point of the curve begins its day: nothing was traded before it.
 */
export const dailyPoints = ({ at, equity }: EquityCurve): readonly EquitySample[] => {
  const points: EquitySample[] = [];
  const dayOf = (i: number): number => Math.floor(((at[i] ?? 0) - 1) / DAY_MS);
  for (let i = 0; i < at.length; i += 1) {
    if (i > 0 && i + 1 < at.length && dayOf(i) === dayOf(i + 1)) continue;
    points.push({ at: (at[i] ?? 0) - (i === 0 ? 0 : 1), equity: equity[i] ?? Number.NaN });
  }
  return points;
};

/** Largest fall from a peak, of every point: between two days there may be a deeper one. */
const deepest = ({ equity }: EquityCurve): Fraction => {
  let peak = Number.NEGATIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < equity.length; i += 1) {
    const now = equity[i] ?? Number.NaN;
    if (now > peak) peak = now;
    else if (1 - now / peak > worst) worst = 1 - now / peak;
  }
  return worst;
};

/** The figures of a run. */
export const evaluate = (result: BacktestResult): Evaluation => {
  const trades = result.trades.map(tradeResultOf);
  return {
    ...evaluateCurve(
      result.curve,
      result.openingBalance,
      trades,
      result.openPositions.flatMap(({ since }) => since ?? []),
    ),
    finalEquity: result.finalEquity,
    totalReturn: result.finalEquity / result.openingBalance - 1,
  };
};

/**
 * The figures of an equity curve.
 * @param balance quote currency at its beginning
 * @param open when positions that are still open were entered
 */
export const evaluateCurve = (
  curve: EquityCurve,
  balance: number,
  trades: readonly TradeResult[],
  open: readonly EpochMs[],
): Evaluation => {
  const last = curve.equity[curve.equity.length - 1] ?? balance;
  const points = dailyPoints(curve);
  const drawdown = deepest(curve);
  const returns = dailyReturns(points).map(({ value }) => value);
  return {
    finalEquity: last,
    totalReturn: last / balance - 1,
    performance: {
      ...performanceOf({ trades, points, open }),
      maxDrawdown: points.length < 2 ? null : drawdown,
      calmar: calmar(returns, drawdown),
    },
    symbols: bySymbol(trades),
    months: monthlyReturns(points, balance),
  };
};

/** Returns by calendar month (UTC) of daily points. */
const monthlyReturns = (points: readonly EquitySample[], balance: number): MonthReturn[] => {
  const months: MonthReturn[] = [];
  let before = balance;
  for (const [i, { at, equity }] of points.entries()) {
    const following = points[i + 1];
    if (following !== undefined && periodStart(following.at, 'month') === periodStart(at, 'month')) continue;
    const date = new Date(at);
    months.push({ year: date.getUTCFullYear(), month: date.getUTCMonth(), value: equity / before - 1 });
    before = equity;
  }
  return months;
};

/**
 * Buy and hold: the balance in equal parts into each symbol at its first open of the span, one fee, one half spread,
 * never touched again. A symbol in an outage keeps its last price. The first point is the balance, as that of a run
 * is: the first day's return holds the first hour and what buying costs.
 */
export const buyAndHold = (
  series: readonly SymbolSeries[],
  from: EpochMs,
  to: EpochMs,
  assumptions: Assumptions,
): EquityCurve => {
  const hours = Math.max(0, Math.round((to - from) / HOUR_MS));
  const at = Float64Array.from({ length: hours + 1 }, (_, i) => from + i * HOUR_MS);
  const equity = new Float64Array(hours + 1);
  equity[0] = assumptions.balance;
  const part = assumptions.balance / series.length;
  for (const { hourly } of series) {
    let row = rowAt(hourly, from);
    let units = 0;
    let price = 0;
    for (let i = 0; i < hours; i += 1) {
      const hour = from + i * HOUR_MS;
      if (row < hourly.length && hourly.openTime[row] === hour) {
        if (units === 0)
          units =
            (part * (1 - assumptions.fee)) /
            ((hourly.open[row] ?? Number.NaN) * (1 + assumptions.spread / 2 + assumptions.slippage));
        price = hourly.close[row] ?? Number.NaN;
        row += 1;
      }
      equity[i + 1] = (equity[i + 1] ?? 0) + (units === 0 ? part : units * price);
    }
  }
  return { at, equity, exposure: equity };
};
