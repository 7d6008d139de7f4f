import { toNumber } from '../../core/decimal.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import { LOCKS } from '../../core/guardian/lock.ts';
import { HOUR_MS, hourStart, type EpochMs, type SymbolName } from '../../core/units.ts';
import { lockTitle, type EquityCurve, type LockSpan } from './record.ts';
import type { BacktestResult } from './result.ts';

/** What one lock did to the result, measured against the run without the Guardian. */
export interface LockCost {
  readonly title: string;
  readonly reason: string;
  readonly since: EpochMs;
  /** Null = to the end of the run. */
  readonly until: EpochMs | null;
  readonly by: string | null;
  readonly hours: number;
  readonly equity: number;
  /** Trades of the other run that began while it held. */
  readonly missedTrades: number;
  /** Their results in the equity of this run, quote currency: negative = losses that the lock saved. */
  readonly missed: number;
  /** Of both, what began after this run had been stopped: only for the lock that stopped it. */
  readonly missedTradesAfterStop: number;
  readonly missedAfterStop: number;
  /** Positions it closed, and what they would have made beyond that without it; negative = saved. */
  readonly flattened: number;
  readonly flattenedDifference: number;
  /** missed + flattenedDifference: what the lock cost; negative = what it saved. */
  readonly cost: number;
}

/** A flattened position is closed within this time of its lock. */
const FLATTEN_SPAN = HOUR_MS;

/**
 * What each lock cost or saved, by comparing the run with the Guardian with the
 * one without. A trade that the run without the Guardian began while a lock held
 * is put down to that lock, or to the one that halted first when there were
 * several. A position that a lock closed is compared with how the same entry
 * ended without it. The equities of the two runs drift apart, so results are
 * taken as fractions of equity and compounded for each lock. The lock that
 * stopped the run holds for good: every later trade of the other run is put down to it.
 */
export const lockCosts = (guarded: BacktestResult, unguarded: BacktestResult): readonly LockCost[] => {
  const missed = new Map<LockSpan, TradeEffect[]>();
  for (const trade of unguarded.trades) {
    const span = responsible(guarded, trade);
    if (span !== null) missed.set(span, [...(missed.get(span) ?? []), trade]);
  }
  return guarded.locks.map((span) => {
    const { lock, until, by, equity } = span;
    const trades = missed.get(span) ?? [];
    // Compounded: years without the Guardian may lose many times what there is to lose when they are only added up.
    const growth = (some: readonly TradeEffect[]): number =>
      some.reduce(
        (product, trade) =>
          product * (1 + toNumber(trade.pnl) / equityAt(unguarded.curve, trade.openedAt, unguarded.openingBalance)),
        1,
      );
    const base = Number.isFinite(equity) ? equity : guarded.openingBalance;
    const early = trades.filter(({ openedAt }) => openedAt < guarded.to);
    const lost = base * (growth(trades) - 1);
    const closed = guarded.trades.filter((trade) => flattener(guarded.locks, trade) === span);
    const difference = closed.reduce((sum, trade) => sum + afterwards(trade, unguarded.trades), 0);
    return {
      title: lockTitle(lock),
      reason: lock.reason,
      since: lock.since,
      until,
      by,
      hours: ((until ?? guarded.to) - lock.since) / HOUR_MS,
      equity,
      missedTrades: trades.length,
      missed: lost,
      missedTradesAfterStop: trades.length - early.length,
      missedAfterStop: base * (growth(trades) - growth(early)),
      flattened: closed.length,
      flattenedDifference: difference,
      cost: lost + difference,
    };
  });
};

const holds = ({ lock, until }: LockSpan, symbol: SymbolName, at: EpochMs, end: EpochMs): boolean =>
  at >= lock.since && at < (until ?? end) && (lock.symbol === null || lock.symbol === symbol);

const responsible = ({ locks, to, stopped }: BacktestResult, trade: TradeEffect): LockSpan | null => {
  if (stopped !== null && trade.openedAt >= to)
    return locks.find(({ lock, until }) => until === null && lock.id === stopped.lock) ?? null;
  const held = locks.filter((span) => holds(span, trade.symbol, trade.openedAt, to));
  return held.find(({ lock }) => LOCKS[lock.kind].state === 'halted') ?? held[0] ?? null;
};

/**
 * The lock that closed a position: the newest of its kind, since a day's lock that midnight has cleared may trip again
 * within the hour.
 */
const flattener = (locks: readonly LockSpan[], { exitReason, closedAt }: TradeEffect): LockSpan | undefined =>
  locks.findLast(
    ({ lock }) =>
      exitReason === LOCKS[lock.kind].title.toLowerCase() &&
      closedAt >= lock.since &&
      closedAt - lock.since < FLATTEN_SPAN,
  );

/** What the same entry made beyond this exit in the other run; zero when it has no such entry. */
const afterwards = (trade: TradeEffect, others: readonly TradeEffect[]): number => {
  // By the hour of the signal: the seconds in it are those of other orders, and the two runs have not the same ones.
  const same = others.find(
    ({ symbol, openedAt }) => symbol === trade.symbol && hourStart(openedAt) === hourStart(trade.openedAt),
  );
  if (same === undefined) return 0;
  return (same.pnlFraction - trade.pnlFraction) * toNumber(trade.quantity) * toNumber(trade.entryPrice);
};

/** Equity at the last point at or before `at`. */
export const equityAt = ({ at, equity }: EquityCurve, time: EpochMs, fallback: number): number => {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((at[middle] ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? fallback : (equity[low - 1] ?? fallback);
};
