import { toNumber } from '../../core/decimal.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import { rowAt } from '../../core/features/candle-columns.ts';
import { bySymbol, performanceOf, type Bucket, type EquitySample, type Performance, type TradeResult } from '../../core/ledger/metrics.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { Assumptions } from './assumptions.ts';
import type { SymbolSeries } from './hour-market.ts';
import type { EquityCurve } from './record.ts';
import type { BacktestResult } from './run-backtest.ts';

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

export const tradeResultOf = ({ symbol, pnl, openedAt, closedAt }: TradeEffect): TradeResult => ({ symbol, pnl: toNumber(pnl), openedAt, closedAt });

const samplesOf = ({ at, equity }: EquityCurve): EquitySample[] => Array.from(at, (time, i) => ({ at: time, equity: equity[i] ?? Number.NaN }));

export const evaluate = (result: BacktestResult): Evaluation => {
  const trades = result.trades.map(tradeResultOf);
  return {
    ...evaluateCurve(result.curve, result.openingBalance, trades, result.openPositions.flatMap(({ since }) => since ?? [])),
    finalEquity: result.finalEquity,
    totalReturn: result.finalEquity / result.openingBalance - 1,
  };
};

export const evaluateCurve = (curve: EquityCurve, balance: number, trades: readonly TradeResult[], open: readonly EpochMs[]): Evaluation => {
  const last = curve.equity[curve.equity.length - 1] ?? balance;
  return {
    finalEquity: last,
    totalReturn: last / balance - 1,
    performance: performanceOf({ trades, points: samplesOf(curve), open }),
    symbols: bySymbol(trades),
    months: monthlyReturns(curve, balance),
  };
};

/** Returns by calendar month (UTC) of an hourly curve. */
export const monthlyReturns = ({ at, equity }: EquityCurve, balance: number): MonthReturn[] => {
  const months: MonthReturn[] = [];
  let before = balance;
  for (let i = 0; i < at.length; i += 1) {
    // A point at midnight is the end of the day before.
    const date = new Date((at[i] ?? 0) - 1);
    const next = i + 1 < at.length ? new Date((at[i + 1] ?? 0) - 1) : null;
    if (next !== null && next.getUTCMonth() === date.getUTCMonth() && next.getUTCFullYear() === date.getUTCFullYear()) continue;
    const value = equity[i] ?? Number.NaN;
    months.push({ year: date.getUTCFullYear(), month: date.getUTCMonth(), value: value / before - 1 });
    before = value;
  }
  return months;
};

/**
 * Buy and hold: the balance in equal parts into each symbol at its first open of the span, one fee, one half spread,
 * never touched again. A symbol in an outage keeps its last price.
 */
export const buyAndHold = (series: readonly SymbolSeries[], from: EpochMs, to: EpochMs, assumptions: Assumptions): EquityCurve => {
  const hours = Math.max(0, Math.round((to - from) / HOUR_MS));
  const at = Float64Array.from({ length: hours }, (_, i) => from + (i + 1) * HOUR_MS);
  const equity = new Float64Array(hours);
  const part = assumptions.balance / series.length;
  for (const { hourly } of series) {
    let row = rowAt(hourly, from);
    let units = 0;
    let price = 0;
    for (let i = 0; i < hours; i += 1) {
      const hour = from + i * HOUR_MS;
      if (row < hourly.length && hourly.openTime[row] === hour) {
        if (units === 0) units = (part * (1 - assumptions.fee)) / ((hourly.open[row] ?? Number.NaN) * (1 + assumptions.spread / 2 + assumptions.slippage));
        price = hourly.close[row] ?? Number.NaN;
        row += 1;
      }
      equity[i] = (equity[i] ?? 0) + (units === 0 ? part : units * price);
    }
  }
  return { at, equity, exposure: equity };
};
