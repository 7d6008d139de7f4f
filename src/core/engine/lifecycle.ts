import { decimalFromNumber, divDown, formatDecimal, max, min, mulDown, toNumber, ZERO, type Decimal } from '../decimal.ts';
import { checkReduce } from '../guardian/pre-trade.ts';
import { mustFlatten } from '../guardian/state.ts';
import { recordTrade } from '../guardian/health-locks.ts';
import { LOCKS } from '../guardian/lock.ts';
import { closeTrade, quantityOf, sellable } from '../ledger/ledger.ts';
import { floorToLot, floorToTick } from '../market/instrument.ts';
import type { OrderDraft } from '../orders/order.ts';
import { isFinal, openRecord, type OrderRecord } from '../orders/record.ts';
import { stopTrigger } from '../risk/sizing.ts';
import { HOUR_MS, SECOND_MS, type Milliseconds } from '../units.ts';
import { isDust, type ManagedPosition, type SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/** A position may be without a known stop this long, in wall time; then it is closed at market. */
export const MAX_UNPROTECTED: Milliseconds = 15 * SECOND_MS;
/** A stop that the price has gone through may stay unfilled this long, in wall time. */
export const MAX_TRIGGERED: Milliseconds = 5 * SECOND_MS;
/** A stop-limit's limit below its trigger. */
export const STOP_LIMIT_DISTANCE = 0.02;
/** Stop placements that may fail before the position is closed instead. */
export const MAX_STOP_FAILURES = 3;
/** Wall time before a failed exit is tried again, with the stop back in place. */
export const EXIT_RETRY: Milliseconds = 30 * SECOND_MS;
/** Rest of a symbol after a stop-out, in market time. */
export const REST_AFTER_STOP: Milliseconds = 4 * HOUR_MS;

/** The next client order id: prefix, instance and a sequence that is part of the state. */
export const nextOrderId = (turn: Turn): string => {
  turn.state.orderSequence += 1;
  return `${turn.config.orderPrefix}${turn.config.instanceId}-${turn.state.orderSequence.toString(36)}`;
};

const orderOf = (turn: Turn, id: string | null): OrderRecord | null => (id === null ? null : (turn.state.orders[id] ?? null));

/**
 * Moves a managed position on. Called after every input: what to do is read
 * off the state each time, so a restart at any point goes on where it was.
 */
export const tend = (turn: Turn, symbol: SymbolState): void => {
  const managed = symbol.managed;
  if (managed === null) return;
  const flatten = mustFlatten(turn.state.guardian);
  if (flatten !== null) managed.exitReason ??= LOCKS[flatten.kind].title.toLowerCase();
  if (turn.at >= managed.horizonAt && managed.phase !== 'entering') managed.exitReason ??= 'horizon';
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

const tendEntering = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const entry = orderOf(turn, managed.entryOrderId);
  if (entry !== null && !isFinal(entry)) return;
  const trade = turn.state.ledger.positions[symbol.symbol]?.trade ?? null;
  if (trade === null || isDust(turn.state, symbol)) {
    if (trade !== null) finish(turn, symbol, managed, 'too small to sell');
    else symbol.managed = null;
    return;
  }
  const average = divDown(trade.boughtQuote, trade.boughtQuantity);
  managed.averageEntry = average;
  managed.stopPrice = stopTrigger(symbol.instrument, average, turn.config.limits.stopLoss);
  managed.targetPrice = toNumber(average) * (1 + turn.config.limits.takeProfit);
  managed.phase = 'protecting';
  managed.unprotectedSince = turn.wall;
  placeStop(turn, symbol, managed);
};

const tendProtecting = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop?.status === 'working') {
    managed.phase = 'protected';
    managed.unprotectedSince = null;
    managed.stopFailures = 0;
    return tendProtected(turn, symbol, managed);
  }
  managed.unprotectedSince ??= turn.wall;
  const overdue = turn.wall - managed.unprotectedSince > MAX_UNPROTECTED;
  if (stop !== null && !isFinal(stop)) {
    if (overdue) beginExit(turn, symbol, managed, 'unprotected');
    return;
  }
  if (stop !== null && stop.status !== 'filled') managed.stopFailures += 1;
  managed.stopOrderId = null;
  if (overdue || managed.stopFailures >= MAX_STOP_FAILURES || (managed.exitReason !== null && mayExit(turn, managed))) {
    return beginExit(turn, symbol, managed, managed.exitReason ?? 'unprotected');
  }
  placeStop(turn, symbol, managed);
};

const tendProtected = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop === null || isFinal(stop)) {
    if (stop?.status === 'filled') managed.stoppedOut = true;
    if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
    // Cancelled or expired by the exchange, or filled in part and ended: a new one at once.
    managed.phase = 'protecting';
    managed.unprotectedSince = turn.wall;
    managed.stopOrderId = null;
    return tendProtecting(turn, symbol, managed);
  }
  watchTrigger(turn, symbol, managed, stop);
  if (managed.exitReason !== null && mayExit(turn, managed)) beginExit(turn, symbol, managed, managed.exitReason);
};

/** A stop that the price has gone through and that does not fill is cancelled and sold at market. */
const watchTrigger = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, stop: OrderRecord): void => {
  const trigger = stop.draft.stopPrice;
  const through = trigger !== null && symbol.last > 0 && symbol.last <= toNumber(trigger);
  if (!through) {
    managed.triggeredSince = null;
    return;
  }
  managed.triggeredSince ??= turn.wall;
  if (turn.wall - managed.triggeredSince > MAX_TRIGGERED) managed.exitReason ??= 'stop not filled';
};

const mayExit = (turn: Turn, managed: ManagedPosition): boolean => managed.retryAt === null || turn.wall >= managed.retryAt;

/** Cancel the stop first; the sale follows when its outcome and fills are known. */
const beginExit = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, reason: string): void => {
  managed.exitReason = reason;
  managed.phase = 'unstopping';
  managed.unprotectedSince ??= turn.wall;
  tendUnstopping(turn, symbol, managed);
};

const tendUnstopping = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop !== null && !isFinal(stop)) {
    if (!stop.cancelling) requestCancel(turn, stop, managed.exitReason ?? 'exit');
    return;
  }
  if (stop?.status === 'filled') managed.stoppedOut = true;
  if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
  managed.stopOrderId = null;
  placeExit(turn, symbol, managed);
};

const tendExiting = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const exit = orderOf(turn, managed.exitOrderId);
  if (exit !== null && !isFinal(exit)) return;
  if (isDust(turn.state, symbol)) return settleFlat(turn, symbol, managed);
  managed.exitOrderId = null;
  if (exit?.status === 'filled' || (exit !== null && exit.executed > ZERO)) return placeExit(turn, symbol, managed);
  exitFailed(turn, symbol, managed);
};

/** A sale that failed: the stop goes back first, the next try waits. */
const exitFailed = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  managed.exitFailures += 1;
  managed.retryAt = turn.wall + EXIT_RETRY;
  managed.phase = 'protecting';
  managed.unprotectedSince = turn.wall;
  managed.stopFailures = 0;
  placeStop(turn, symbol, managed);
};

export const requestCancel = (turn: Turn, record: OrderRecord, reason: string): void => {
  record.cancelling = true;
  const { symbol, clientOrderId } = record.draft;
  turn.effects.push({ type: 'cancel', symbol, clientOrderId, reason });
};

const quantityToSell = (turn: Turn, symbol: SymbolState, type: OrderDraft['type']): Decimal =>
  floorToLot(symbol.instrument, sellable(quantityOf(turn.state.ledger, symbol.symbol), symbol.atExchange), type);

const placeStop = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const trigger = managed.stopPrice;
  if (trigger === null) return;
  const plain = symbol.instrument.orderTypes.includes('stop-loss');
  const limit = plain ? null : max(floorToTick(symbol.instrument, mulDown(trigger, decimalFromNumber(1 - STOP_LIMIT_DISTANCE))), symbol.instrument.minPrice);
  const type = plain ? 'stop-loss' : 'stop-loss-limit';
  const placed = placeReduce(turn, symbol, {
    clientOrderId: nextOrderId(turn),
    symbol: symbol.symbol,
    side: 'sell',
    type,
    purpose: 'stop',
    quantity: min(quantityToSell(turn, symbol, type), quantityToSell(turn, symbol, plain ? 'market' : type)),
    limitPrice: limit,
    stopPrice: trigger,
    timeInForce: plain ? null : 'GTC',
    expiresAtWall: null,
    reason: 'protective stop',
  });
  managed.stopOrderId = placed;
  if (placed === null) managed.stopFailures += 1;
};

const placeExit = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const placed = placeReduce(turn, symbol, {
    clientOrderId: nextOrderId(turn),
    symbol: symbol.symbol,
    side: 'sell',
    type: 'market',
    purpose: 'exit',
    quantity: quantityToSell(turn, symbol, 'market'),
    limitPrice: null,
    stopPrice: null,
    timeInForce: null,
    expiresAtWall: null,
    reason: managed.exitReason ?? 'exit',
  });
  managed.exitOrderId = placed;
  managed.phase = 'exiting';
  if (placed === null) exitFailed(turn, symbol, managed);
};

type ReduceDraft = OrderDraft & { readonly purpose: 'stop' | 'exit' };

/** Puts a stop or an exit through the Guardian; null and an alert when it may not go. */
const placeReduce = (turn: Turn, symbol: SymbolState, draft: ReduceDraft): string | null => {
  const held = quantityOf(turn.state.ledger, symbol.symbol);
  const verdict = checkReduce({ instrument: symbol.instrument, held, lastPrice: symbol.last > 0 ? symbol.last : null }, draft);
  if (!verdict.approved) {
    const { code, limit, value } = verdict.denial;
    alert(turn, 'order-failure', `${draft.clientOrderId}:denied`, `${symbol.symbol}: ${draft.purpose} not possible (${code})`, [`limit ${limit ?? 'n/a'}, value ${value ?? 'n/a'}`], ['/positions'], symbol.symbol);
    return null;
  }
  turn.state.orders[draft.clientOrderId] = openRecord(verdict.order.draft, turn.at, turn.wall);
  turn.effects.push({ type: 'place', order: verdict.order });
  return draft.clientOrderId;
};

const settleFlat = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const stop = orderOf(turn, managed.stopOrderId);
  if (stop !== null && !isFinal(stop)) {
    if (!stop.cancelling) requestCancel(turn, stop, 'position closed');
    managed.phase = 'unstopping';
    return;
  }
  finish(turn, symbol, managed, managed.stoppedOut ? 'stop' : (managed.exitReason ?? 'stop'));
};

/** The round trip is over: books it, counts it, rests after a stop-out. */
const finish = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, exitReason: string): void => {
  symbol.managed = null;
  if (managed.stoppedOut) symbol.restUntil = turn.at + REST_AFTER_STOP;
  const trade = closeTrade(turn.state.ledger, symbol.symbol);
  if (trade === null) return;
  turn.state.tradesClosed += 1;
  turn.effects.push({ type: 'trade', symbol: symbol.symbol, closedAt: turn.at, exitReason, ...trade });
  const { pnlFraction } = trade;
  const lost = trade.pnl < ZERO;
  const sign = lost ? '' : '+';
  const base = symbol.symbol.split('/')[0] ?? symbol.symbol;
  alert(
    turn,
    'fill',
    `trade:${managed.entryOrderId}`,
    `${base} closed ${sign}${toNumber(trade.pnl).toFixed(2)} ${turn.config.quoteAsset} (${sign}${(pnlFraction * 100).toFixed(2)} %), ${exitReason}`,
    [
      `${formatDecimal(trade.quantity)} ${base}: ${price(trade.entryPrice)} -> ${price(trade.exitPrice)}`,
      `fees ${toNumber(trade.fees).toFixed(2)} ${turn.config.quoteAsset}`,
    ],
    ['/pnl', '/trades'],
    symbol.symbol,
  );
  recordTrade(turn.state.guardian, { symbol: symbol.symbol, pnlFraction, lost, closedAt: turn.at }, turn.config.limits, turn.changes);
};

/** A price for people: enough decimals to tell it apart, no more. */
export const price = (value: Decimal): string => {
  const number = toNumber(value);
  return number >= 1000 ? number.toFixed(2) : number.toPrecision(6);
};

/** Entries that have not settled are cancelled when a lock forbids them. */
export const cancelEntries = (turn: Turn, reason: string): void => {
  for (const record of Object.values(turn.state.orders)) {
    if (record.draft.purpose === 'entry' && !isFinal(record) && !record.cancelling && record.status === 'working') {
      requestCancel(turn, record, reason);
    }
  }
};
