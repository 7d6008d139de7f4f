import { markEquity, unrealisedOf } from '../../core/engine/marking.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { DAY_MS, utcDayStart, type EpochMs } from '../../core/units.ts';
import type { PnlRange, PnlView } from '../../ports/operator.ts';
import type { EquityPoint, Records } from '../../ports/store.ts';
import type { Now } from './views.ts';

/** Most points of a curve that a picture of a phone's width can show. */
const MAX_POINTS = 500;
/** Closed trades below which ratios say nothing and are shown as n/a. */
const MIN_TRADES = 10;

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

/** Keeps first and last, and every n-th between. */
const thin = (points: readonly EquityPoint[]): readonly EquityPoint[] => {
  if (points.length <= MAX_POINTS) return points;
  const stride = (points.length - 1) / (MAX_POINTS - 1);
  return Array.from({ length: MAX_POINTS }, (_, index) => points[Math.round(index * stride)]).filter((point) => point !== undefined);
};

const maxDrawdown = (points: readonly EquityPoint[]): number | null => {
  if (points.length < 2) return null;
  let peak = Number.NEGATIVE_INFINITY;
  let worst = 0;
  for (const { equity } of points) {
    peak = Math.max(peak, equity);
    worst = Math.max(worst, 1 - equity / peak);
  }
  return worst;
};

/** Profit and loss of a range, from closed trades and hourly equity. */
export const pnlView = (state: EngineState, records: Records, range: PnlRange, now: Now): PnlView => {
  const from = startOf(range, now.market);
  const to = now.market + 1;
  const trades = records.tradesBetween(from, to);
  const equity = markEquity(state, now.market, now.wall).value;
  const recorded = records.equityBetween(from, to);
  const points = equity === null ? recorded : [...recorded, { at: now.market, equity }];
  const gains = trades.filter((trade) => trade.pnl > 0);
  const losses = trades.filter((trade) => trade.pnl < 0);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const enough = trades.length >= MIN_TRADES;
  const lost = -sum(losses.map((trade) => trade.pnl));
  const unrealised = Object.values(state.symbols).map((symbol) => unrealisedOf(state, symbol));
  const bySymbol = [...Map.groupBy(trades, (trade) => trade.symbol)].map(([symbol, own]) => ({ symbol, trades: own.length, pnl: sum(own.map((trade) => trade.pnl)) }));
  return {
    range,
    from: range === 'all' ? (points[0]?.at ?? now.market) : from,
    to: now.market,
    equity,
    startEquity: records.equityBefore(from)?.equity ?? points[0]?.equity ?? null,
    realised: sum(trades.map((trade) => trade.pnl)),
    unrealised: unrealised.some((value) => value === null) ? null : sum(unrealised.map((value) => value ?? 0)),
    fees: records.feesBetween(from, to),
    deposits: records.depositsBetween(from, to),
    trades: trades.length,
    wins: gains.length,
    losses: losses.length,
    winRate: enough ? gains.length / trades.length : null,
    profitFactor: enough && lost > 0 ? sum(gains.map((trade) => trade.pnl)) / lost : null,
    expectancy: enough ? sum(trades.map((trade) => trade.pnl)) / trades.length : null,
    maxDrawdown: maxDrawdown(points),
    sharpe: null,
    sortino: null,
    bySymbol,
    curve: thin(points),
  };
};
