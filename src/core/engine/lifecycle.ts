import { ZERO } from '../decimal.ts';
import { LOCKS } from '../guardian/lock.ts';
import { mustFlatten } from '../guardian/state.ts';
import { quantityOf } from '../ledger/ledger.ts';
import { endCancelling, isFinal, outstanding, type OrderRecord } from '../orders/record.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../units.ts';
import { endWithMarket, orderOf, requestCancel } from './orders-out.ts';
import { isThrough, setBarriers, tradeOf, watchTrigger } from './position-prices.ts';
import { needsResize, placeSale, placeStop, saleDenial } from './reducing-orders.ts';
import { finish, STOPPED } from './round-trip-end.ts';
import { isDust, type ManagedPosition, type SymbolState } from './state.ts';
import type { Turn } from './turn.ts';
import { evaluateListing } from './unlisted.ts';
import { tellUnsellable } from './unsellable.ts';

/**
 * A position from phase to phase (see `Phase`): what is to be done is read off the state after every input.
 *
 * Invariant: what is held has a stop on the exchange, or one is on its way, or it is being sold; a stop is given up
 * only for a sale or for another stop, and nothing is sold before its end is known.
 */

/** A position may be without a known stop this long, in wall time; then it is closed at market. */
export const MAX_UNPROTECTED: Milliseconds = 15 * SECOND_MS;

/** An accepted entry is final at once (immediate-or-cancel); one that is not after this wall time is cancelled. */
export const ENTRY_SETTLE: Milliseconds = 5 * SECOND_MS;

/**
 * After this many failed placements of a stop in a row the position is closed instead; the wait after each (wall time)
 * doubles up to LONGEST_RETRY.
 */
export const MAX_STOP_FAILURES = 3;
export const STOP_RETRY: Milliseconds = SECOND_MS;

/**
 * A stop that has rested this long (wall time) has been in place: when it ends, that does not count as a failed
 * placement.
 */
export const STOP_SETTLED: Milliseconds = 5 * SECOND_MS;

/** Wall time before a failed exit is tried again, with the stop back in place; doubles up to LONGEST_RETRY. */
export const EXIT_RETRY: Milliseconds = 5 * SECOND_MS;
export const LONGEST_RETRY: Milliseconds = 60 * SECOND_MS;

const backoff = (first: Milliseconds, failures: number): Milliseconds =>
  Math.min(first * 2 ** Math.max(0, failures - 1), LONGEST_RETRY);

/** The record of a new position: its entry has just been approved, or a fill of it has turned up late. */
export const manage = (entryOrderId: string, signal: EpochMs, horizonAt: EpochMs): ManagedPosition => ({
  phase: 'entering',
  entryOrderId,
  stopOrderId: null,
  exitOrderId: null,
  signal,
  averageEntry: null,
  stopPrice: null,
  targetPrice: null,
  horizonAt,
  unprotectedSince: null,
  triggeredSince: null,
  exitReason: null,
  stopFailures: 0,
  stopRetryAt: null,
  exitFailures: 0,
  retryAt: null,
  stoppedOut: false,
});

/**
 * Moves a managed position on. Called after every input: what to do is read
 * off the state each time, so a restart at any point goes on where it was.
 */
export const tend = (turn: Turn, symbol: SymbolState): void => {
  const managed = symbol.managed;
  if (managed === null) return;
  if (symbol.unlisted) return tendUnlisted(turn, symbol, managed);
  if (managed.exitReason === null) {
    const flatten = mustFlatten(turn.state.guardian, symbol.symbol, turn.config.lockPolicies);
    if (flatten !== null) managed.exitReason = LOCKS[flatten.kind].title.toLowerCase();
    else if (turn.at >= managed.horizonAt && managed.phase !== 'entering') managed.exitReason = 'horizon';
  }
  switch (managed.phase) {
    case 'entering':
      return tendEntering(turn, symbol, managed);
    case 'protecting':
      return tendProtecting(turn, symbol, managed);
    case 'protected':
      return tendProtected(turn, symbol, managed);
    case 'unstopping':
      return tendUnstopping(turn, symbol, managed);
    case 'exiting':
      return tendExiting(turn, symbol, managed);
  }
};

/**
 * The exchange has taken the market off its list and takes no order: the round trip ends when what was held is gone by
 * another way.
 */
const tendUnlisted = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  if (!isDust(turn.state, symbol)) {
    if (managed.averageEntry === null) setBarriers(turn, symbol, managed);
    return;
  }
  const open = [managed.entryOrderId, managed.stopOrderId, managed.exitOrderId]
    .map((id) => orderOf(turn, id))
    .filter((record) => record !== null && !isFinal(record));
  if (open.some((record) => record?.status !== 'working')) return;
  for (const record of open) if (record !== null) endWithMarket(turn, record);
  finish(turn, symbol, managed, 'not listed');
  evaluateListing(turn);
};

const tendEntering = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const entry = orderOf(turn, managed.entryOrderId);
  const empty = tradeOf(turn, symbol) === null || isDust(turn.state, symbol);
  if (entry !== null && !isFinal(entry)) {
    if (entry.status === 'working' && turn.wall - entry.createdWall >= ENTRY_SETTLE)
      requestCancel(turn, entry, 'not final');
    if (empty) return;
    // Filled in part and not final: what is held is not protected, and its clock runs.
    managed.unprotectedSince ??= turn.wall;
    if (!overdue(turn, managed)) return;
    setBarriers(turn, symbol, managed);
    return beginExit(turn, symbol, managed, 'unprotected');
  }
  if (empty) return finish(turn, symbol, managed, 'too small to sell');
  setBarriers(turn, symbol, managed);
  managed.phase = 'protecting';
  managed.unprotectedSince ??= turn.wall;
  protect(turn, symbol, managed);
};

const overdue = (turn: Turn, managed: ManagedPosition): boolean =>
  managed.unprotectedSince !== null && turn.wall - managed.unprotectedSince >= MAX_UNPROTECTED;

const tendProtecting = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (isOver(turn, symbol, stop)) return settleFlat(turn, symbol, managed);
  if (stop?.status === 'working') {
    managed.phase = 'protected';
    managed.unprotectedSince = null;
    managed.stopRetryAt = null;
    return tendProtected(turn, symbol, managed);
  }
  managed.unprotectedSince ??= turn.wall;
  if (stop !== null && !isFinal(stop)) {
    const due = managed.exitReason !== null && stop.status === 'unknown' && mayExit(turn, managed);
    if (due || overdue(turn, managed)) beginExit(turn, symbol, managed, managed.exitReason ?? 'unprotected');
    return;
  }
  if (stop !== null) {
    managed.stopOrderId = null;
    noteStopEnded(turn, managed, stop);
  }
  // No exchange takes a stop that the price has passed: this is the stop-out, and every retry makes it dearer.
  if (managed.exitReason === null && isThrough(turn, symbol, managed.stopPrice)) {
    managed.stoppedOut = true;
    managed.exitReason = STOPPED;
  }
  if (
    (overdue(turn, managed) || managed.stopFailures >= MAX_STOP_FAILURES || managed.exitReason !== null) &&
    mayExit(turn, managed)
  ) {
    return beginExit(turn, symbol, managed, managed.exitReason ?? 'unprotected');
  }
  if (managed.stopRetryAt === null || turn.wall >= managed.stopRetryAt) protect(turn, symbol, managed);
};

const noteStopFailure = (turn: Turn, managed: ManagedPosition): void => {
  managed.stopFailures += 1;
  managed.stopRetryAt = turn.wall + backoff(STOP_RETRY, managed.stopFailures);
};

/**
 * Counts an ended stop. One that rested for a while, or that we cancelled, is no failure, and a new one follows at
 * once; otherwise its placement has failed.
 */
const noteStopEnded = (turn: Turn, managed: ManagedPosition, stop: OrderRecord): void => {
  if (stop.executed > ZERO) managed.stoppedOut = true;
  const rested =
    stop.exchangeOrderId !== null &&
    stop.status !== 'rejected' &&
    (stop.cancelRequested || turn.wall - stop.createdWall >= STOP_SETTLED);
  if (rested) managed.stopFailures = 0;
  else noteStopFailure(turn, managed);
};

/** Puts the stop in place; where the exchange's filters allow none, the position is closed instead. */
const protect = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  managed.stopOrderId = placeStop(turn, symbol, managed);
  if (managed.stopOrderId !== null) return;
  noteStopFailure(turn, managed);
  if (mayExit(turn, managed)) beginExit(turn, symbol, managed, managed.exitReason ?? 'unprotected');
};

const tendProtected = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop === null || isFinal(stop)) {
    if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
    // Cancelled or expired by the exchange, resized, or filled in part and ended: a new one.
    if (stop === null) managed.stopFailures = 0;
    else {
      noteStopEnded(turn, managed, stop);
      // After a failed sale the next try waits because the stop protects. This one is gone, and no exchange takes
      // another below which the price has fallen: sell at once.
      if (turn.wall - stop.createdWall >= STOP_SETTLED && isThrough(turn, symbol, stop.draft.stopPrice))
        managed.retryAt = null;
    }
    managed.phase = 'protecting';
    managed.unprotectedSince = turn.wall;
    managed.stopOrderId = null;
    return tendProtecting(turn, symbol, managed);
  }
  if (quantityOf(turn.state.ledger, symbol.symbol) <= ZERO) return settleFlat(turn, symbol, managed);
  // Its outcome is unknown, so it does not count as protection; but nothing is sold in its place before that is known.
  if (stop.status !== 'working') {
    managed.phase = 'protecting';
    managed.unprotectedSince = turn.wall;
    return tendProtecting(turn, symbol, managed);
  }
  watchTrigger(turn, symbol, managed, stop);
  // A halted market takes no sale, and would not take the stop back: left where it is, it protects from the first price
  // after the halt.
  if (!symbol.instrument.trading) return;
  if (managed.exitReason !== null) {
    if (mayExit(turn, managed)) beginExit(turn, symbol, managed, managed.exitReason);
    // A sale that was given up has sold a part after all. The pause waits with the stop in place, not with one that
    // would sell coins of others.
    else if (quantityOf(turn.state.ledger, symbol.symbol) < outstanding(stop)) requestCancel(turn, stop, 'resize');
  } else if (needsResize(turn, symbol, stop)) requestCancel(turn, stop, 'resize');
};

/**
 * Ends the waits after refused stops and exits: the exchange's rules for the market have changed, and may allow them
 * now.
 */
export const endPauses = ({ managed }: SymbolState): void => {
  if (managed === null) return;
  managed.retryAt = null;
  managed.stopRetryAt = null;
};

/**
 * Whether nothing is held any more that has to be looked after. What could not be sold is no position, but for that for
 * which a stop still rests: the stop would fill, and is all that it has. One for more than is held has to go.
 */
const isOver = (turn: Turn, symbol: SymbolState, stop: OrderRecord | null): boolean => {
  if (stop === null || isFinal(stop)) return isDust(turn.state, symbol);
  const held = quantityOf(turn.state.ledger, symbol.symbol);
  return held <= ZERO || (held < outstanding(stop) && isDust(turn.state, symbol));
};

/**
 * Whether the stop may be given up for the sale: only where the exchange would take that, as far as is known. Otherwise
 * the stop would be gone, the position still there, and nothing to put in its place.
 */
const mayUnstop = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, stop: OrderRecord): boolean => {
  if (isOver(turn, symbol, stop)) return true;
  if (!symbol.instrument.trading) return false;
  const denial = saleDenial(turn.state, symbol);
  if (denial !== null && !stop.cancelling) tellUnsellable(turn, symbol, managed, denial);
  return denial === null;
};

const mayExit = (turn: Turn, managed: ManagedPosition): boolean =>
  managed.retryAt === null || turn.wall >= managed.retryAt;

/** Cancels the stop first, where its sale would be taken; that follows when the outcome and fills are known. */
const beginExit = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, reason: string): void => {
  managed.exitReason = reason;
  managed.phase = 'unstopping';
  managed.unprotectedSince ??= turn.wall;
  tendUnstopping(turn, symbol, managed);
};

const tendUnstopping = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop !== null && !isFinal(stop)) {
    if (mayUnstop(turn, symbol, managed, stop)) return requestCancel(turn, stop, managed.exitReason ?? 'exit');
    return leaveStop(managed, stop);
  }
  if (stop !== null && stop.executed > ZERO) managed.stoppedOut = true;
  if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
  managed.stopOrderId = null;
  placeExit(turn, symbol, managed);
};

/**
 * The market was halted before the stop had ended, or what is held cannot be sold: the stop goes on protecting, and the
 * sale waits. If its cancellation is on its way, or its outcome unknown, that is waited for instead.
 */
const leaveStop = (managed: ManagedPosition, stop: OrderRecord): void => {
  if (stop.cancelling) return;
  endCancelling(stop);
  if (stop.status !== 'working') return;
  managed.phase = 'protected';
  managed.unprotectedSince = null;
};

const tendExiting = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const exit = orderOf(turn, managed.exitOrderId);
  if (exit !== null && !isFinal(exit)) return;
  if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
  managed.exitOrderId = null;
  // Sold for the most part (a cap of the exchange, or a market order that ended early): the rest follows at once.
  if (exit !== null && exit.executed + exit.executed >= exit.draft.quantity) return placeExit(turn, symbol, managed);
  exitFailed(turn, symbol, managed);
};

/** A sale that failed: the stop goes back first, the next try waits. */
const exitFailed = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  managed.exitFailures += 1;
  managed.retryAt = turn.wall + backoff(EXIT_RETRY, managed.exitFailures);
  managed.phase = 'protecting';
  managed.unprotectedSince = turn.wall;
  managed.stopFailures = 0;
  managed.stopRetryAt = null;
  protect(turn, symbol, managed);
};

const placeExit = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  managed.phase = 'exiting';
  managed.exitOrderId = placeSale(turn, symbol, managed);
  if (managed.exitOrderId === null) exitFailed(turn, symbol, managed);
};

const settleFlat = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop !== null && !isFinal(stop)) {
    managed.phase = 'unstopping';
    return requestCancel(turn, stop, 'position closed');
  }
  if (stop !== null && stop.executed > ZERO) managed.stoppedOut = true;
  finish(turn, symbol, managed, managed.exitReason ?? STOPPED);
};
