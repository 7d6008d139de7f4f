import { markEquity, unrealisedOf } from '../../core/engine/marking.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { bySymbol, dailyReturns, drawdowns, sharpe, sortino, tradeStatistics } from '../../core/ledger/metrics.ts';
import { DAY_MS, utcDayStart, type EpochMs } from '../../core/units.ts';
import type { PnlRange, PnlView } from '../../ports/operator.ts';
import type { Records } from '../../ports/store.ts';
import { depositsSince, equityAt } from './equity-at.ts';
import type { Now } from './views.ts';

/** Most points of a curve that a picture of a phone's width can show. */
const MAX_POINTS = 500;

const startOf = (range: PnlRange, now: EpochMs): EpochMs => {
  switch (range) {
    case 'today':
      return utcDayStart(now);
    case '7d':
      return now - 7 * DAY_MS;
    case '30d':
      return now - 30 * DAY_MS;
    case 'all':
      return 0;
  }
};

/**
 * Keeps first and last, and every n-th between; each has the deepest fall since the one before it, so that the deepest
 * of all is seen.
 */
const thin = (points: PnlView['curve']): PnlView['curve'] => {
  if (points.length <= MAX_POINTS) return points;
  const stride = (points.length - 1) / (MAX_POINTS - 1);
  const place = (index: number): number => Math.round(index * stride);
  return Array.from({ length: MAX_POINTS }, (_, index) => {
    const part = points.slice(index === 0 ? 0 : place(index - 1) + 1, place(index) + 1);
    const last = part.at(-1);
    return last === undefined ? [] : [{ ...last, drawdown: Math.max(...part.map(({ drawdown }) => drawdown)) }];
  }).flat();
};

/** Profit and loss of a range, from closed trades and hourly equity. */
export const pnlView = (state: EngineState, records: Records, range: PnlRange, now: Now): PnlView => {
  const from = startOf(range, now.market);
  const to = now.market + 1;
  const trades = records.tradesBetween(from, to);
  const equity = markEquity(state, now.market, now.wall).value;
  const recorded = records.equityBetween(from, to);
  const points = equity === null ? recorded : [...recorded, { at: now.market, equity }];
  const falls = drawdowns(points, records.flowsBetween(from, to));
  const start = equityAt(records, from) ?? points[0] ?? null;
  const statistics = tradeStatistics(trades);
  const returns = dailyReturns(points, records.flowsBetween(from, to)).map((day) => day.value);
  const unrealised = Object.values(state.symbols).map((symbol) => unrealisedOf(state, symbol));
  return {
    range,
    from: range === 'all' ? (points[0]?.at ?? now.market) : from,
    to: now.market,
    equity,
    startEquity: start?.equity ?? null,
    realised: statistics.realised,
    unrealised: unrealised.some((value) => value === null)
      ? null
      : unrealised.reduce<number>((total, value) => total + (value ?? 0), 0),
    fees: records.feesBetween(from, to),
    deposits: start === null ? records.depositsBetween(from, to) : depositsSince(records, start, now.market),
    trades: statistics.trades,
    wins: statistics.wins,
    losses: statistics.losses,
    winRate: statistics.winRate,
    profitFactor: statistics.profitFactor,
    expectancy: statistics.expectancy,
    maxDrawdown: points.length < 2 ? null : Math.max(...falls),
    sharpe: sharpe(returns),
    sortino: sortino(returns),
    bySymbol: bySymbol(trades).map(({ key, trades: count, pnl }) => ({ symbol: key, trades: count, pnl })),
    curve: thin(points.map(({ at, equity: value }, index) => ({ at, equity: value, drawdown: falls[index] ?? 0 }))),
  };
};
