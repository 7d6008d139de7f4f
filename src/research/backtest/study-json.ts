import { formatDecimal } from '../../core/decimal.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import { dailyPoints } from './evaluate.ts';
import type { BacktestStudy } from './study.ts';
import type { EquityCurve } from './record.ts';

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** Money as exact decimal text, times as ISO 8601. */
export const tradeRow = (trade: TradeEffect): Readonly<Record<string, string | number>> => ({
  symbol: trade.symbol,
  openedAt: new Date(trade.openedAt).toISOString(),
  closedAt: new Date(trade.closedAt).toISOString(),
  quantity: formatDecimal(trade.quantity),
  entryPrice: formatDecimal(trade.entryPrice),
  exitPrice: formatDecimal(trade.exitPrice),
  fees: formatDecimal(trade.fees),
  pnl: formatDecimal(trade.pnl),
  pnlFraction: trade.pnlFraction,
  exitReason: trade.exitReason,
  entryOrderId: trade.entryOrderId,
});

/** The trades as CSV with a header line. */
export const tradesCsv = (trades: readonly TradeEffect[]): string => {
  const header = [
    'symbol',
    'openedAt',
    'closedAt',
    'quantity',
    'entryPrice',
    'exitPrice',
    'fees',
    'pnl',
    'pnlFraction',
    'exitReason',
    'entryOrderId',
  ];
  const lines = trades.map((trade) => {
    const row = tradeRow(trade);
    return header.map((name) => field(String(row[name] ?? ''))).join(',');
  });
  return `${[header.join(','), ...lines].join('\n')}\n`;
};

const field = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * The last point of each UTC day: a year of hours says no more to a reader, at a twenty-fourth of the size. The opening
 * balance, with which a curve begins, ends no day.
 */
const daily = (curve: EquityCurve): readonly (readonly [string, number])[] =>
  dailyPoints(curve)
    .slice(1)
    .map(({ at, equity }) => [new Date(at).toISOString().slice(0, 10), equity]);

/** Everything, as JSON text. */
export const studyJson = (study: BacktestStudy): string => {
  const { result, guarded, unguarded, hold, resampling, lockCosts } = study;
  const { curve: unguardedCurve, ...without } = unguarded;
  const { curve: holdCurve, ...holding } = hold;
  return `${JSON.stringify(
    {
      symbols: study.symbols,
      from: iso(study.from),
      to: iso(study.to),
      endedAt: iso(result.to),
      stopped: result.stopped === null ? null : { at: iso(result.stopped.at), lock: result.stopped.lock },
      engineVersion: study.engineVersion,
      model: study.model,
      limits: study.limits,
      assumptions: study.assumptions,
      orderHash: result.orderHash,
      orders: result.orders,
      fills: result.fills,
      candles: result.candles,
      fees: result.fees,
      decisions: result.decisions,
      denials: result.denials,
      timeLocked: result.timeLocked,
      openPositions: result.openPositions.map((position) => ({ ...position, since: iso(position.since) })),
      withGuardian: guarded,
      withoutGuardian: without,
      buyAndHold: holding,
      resampling,
      guardianCost: study.guardianCost,
      locks: lockCosts.map((lock) => ({ ...lock, since: iso(lock.since), until: iso(lock.until) })),
      trades: result.trades.map(tradeRow),
      equityByDay: {
        withGuardian: daily(result.curve),
        withoutGuardian: daily(unguardedCurve),
        buyAndHold: daily(holdCurve),
      },
    },
    null,
    1,
  )}\n`;
};
