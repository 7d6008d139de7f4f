import type { ApprovedOrder } from '../guardian/approved-order.ts';
import { denialText } from '../guardian/denial-text.ts';
import { checkReduce, mustWithdraw, type ReduceContext } from '../guardian/pre-trade.ts';
import { tradingState } from '../guardian/state.ts';
import { quantityOf } from '../ledger/ledger.ts';
import type { OrderDraft } from '../orders/order.ts';
import { endCancelling, isSettledTrade, openRecord, type OrderRecord } from '../orders/record.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../units.ts';
import { recountOrders } from './open-orders.ts';
import type { EngineState, ManagedPosition, SymbolState } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';

/** Wall time before a cancellation that failed is asked for again; doubles up to the longest. */
const CANCEL_RETRY: Milliseconds = SECOND_MS;
const CANCEL_RETRY_LONGEST: Milliseconds = 30 * SECOND_MS;

/**
 * The next client order id: prefix, instance and a sequence that is part of the state. It is used up when an order is
 * placed with it.
 */
export const nextOrderId = (turn: Turn): string =>
  `${turn.config.orderPrefix}${turn.config.instanceId}-${(turn.state.orderSequence + 1).toString(36)}`;

/** The record of an order; null for no id, or for an order that the books no longer keep. */
export const orderOf = (turn: Turn, id: string | null): OrderRecord | null =>
  id === null ? null : (turn.state.orders[id] ?? null);

/** Opens the books for an approved order and wants it sent. */
export const place = (turn: Turn, order: ApprovedOrder): void => {
  const { state } = turn;
  state.orderSequence += 1;
  const record = openRecord(order.draft, turn.at, turn.wall);
  state.orders[order.draft.clientOrderId] = record;
  state.openOrders.push(record);
  state.orderList.push(record);
  state.ordersKept += 1;
  recountOrders(state);
  emit(turn, { type: 'place', order });
};

/** What a stop or an exit of the symbol is judged by now. */
export const reduceContext = (state: EngineState, symbol: SymbolState): ReduceContext => ({
  instrument: symbol.instrument,
  held: quantityOf(state.ledger, symbol.symbol),
  lastPrice: symbol.last > 0 ? symbol.last : null,
});

type ReduceDraft = OrderDraft & { readonly purpose: 'stop' | 'exit' };

/**
 * Puts a stop or an exit through the Guardian; null and an alert when it may not go. `cause` names the round trip: one
 * alert for each.
 */
export const placeReduce = (turn: Turn, symbol: SymbolState, draft: ReduceDraft, cause: string): string | null => {
  const verdict = checkReduce(reduceContext(turn.state, symbol), draft);
  if (!verdict.approved) {
    const { code } = verdict.denial;
    alert(
      turn,
      'order-failure',
      `${cause}:${draft.purpose}:${code}`,
      `${symbol.symbol}: ${draft.purpose} not possible`,
      [denialText(verdict.denial)],
      ['/positions'],
      symbol.symbol,
    );
    return null;
  }
  place(turn, verdict.order);
  return draft.clientOrderId;
};

/** The record of an order whose status or fills have changed. */
export const reportOrder = (
  turn: Turn,
  record: OrderRecord,
  before: { readonly status: OrderRecord['status']; readonly fills: number },
): void => {
  if (record.status === before.status && record.tradeIds.length === before.fills) return;
  const { clientOrderId, symbol } = record.draft;
  const { status, exchangeOrderId, executed, detail } = record;
  emit(turn, { type: 'order', clientOrderId, symbol, status, exchangeOrderId, executed, detail });
};

/** Asks for a cancellation unless one is under way, or the last one failed too short a time ago. */
export const requestCancel = (turn: Turn, record: OrderRecord, reason: string): void => {
  if (record.cancelling || (record.cancelRetryAt !== null && turn.wall < record.cancelRetryAt)) return;
  record.cancelling = true;
  record.cancelRequested = true;
  record.cancelSince ??= turn.wall;
  turn.state.cancelsWanted = true;
  const { symbol, clientOrderId } = record.draft;
  emit(turn, { type: 'cancel', symbol, clientOrderId, reason });
};

/** An order that rested in a market that is no more: it has ended with it. */
export const endWithMarket = (turn: Turn, record: OrderRecord): void => {
  const before = { status: record.status, fills: record.tradeIds.length };
  record.status = 'settled';
  record.detail = 'the exchange no longer lists the market';
  endCancelling(record);
  reportOrder(turn, record, before);
  recountOrders(turn.state);
};

/** A cancellation that did not work out is asked for again after a pause. */
export const noteCancelFailure = (record: OrderRecord, wall: EpochMs, detail: string): void => {
  record.cancelling = false;
  record.cancelFailures += 1;
  record.cancelRetryAt = wall + Math.min(CANCEL_RETRY * 2 ** (record.cancelFailures - 1), CANCEL_RETRY_LONGEST);
  record.detail = detail;
};

/**
 * Entries that a lock has overtaken: those still waiting to be sent are
 * withdrawn under any lock, those that may be on the exchange are cancelled when halted.
 */
export const withdrawEntries = (turn: Turn): void => {
  const { state } = turn;
  if (state.openEntries === 0) return;
  const halted = tradingState(state.guardian, null) === 'halted';
  for (const record of state.openOrders) {
    if (record.draft.purpose !== 'entry') continue;
    if (halted) requestCancel(turn, record, 'halted');
    else if (record.status === 'intent' && mustWithdraw(state.guardian, record.draft))
      requestCancel(turn, record, 'no entries');
  }
};

/** Whether a part of the round trip is known by the balances alone: its fee is nowhere but in its price. */
export const hasSettled = (turn: Turn, { entryOrderId, stopOrderId, exitOrderId }: ManagedPosition): boolean =>
  [entryOrderId, stopOrderId, exitOrderId].some((id) => orderOf(turn, id)?.tradeIds.some(isSettledTrade) === true);
