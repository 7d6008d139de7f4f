import { formatDecimal } from '../decimal.ts';
import { isFinal, type OrderRecord } from '../orders/record.ts';
import { counted, price } from '../words.ts';
import type { OrderReportInput } from './input.ts';
import { isStopNews } from './refusals.ts';
import { alert, type Turn } from './turn.ts';

/**
 * What people are told of an order beside its fills: placed, gone, missing, found, repaired, not cancelled.
 *
 * Invariant: telling changes no order but for the note that something was told.
 */

/** An order with our prefix that these books never had: reconciliation took it off the exchange. */
export const reportUnknown = (turn: Turn, { symbol, clientOrderId, outcome }: OrderReportInput): void => {
  const state = outcome.kind === 'known' ? outcome.order.status : outcome.kind;
  const sold =
    outcome.kind === 'known' && outcome.order.fills.length > 0
      ? [`It had ${outcome.order.fills.length} fills, which are not in the books: send /reconcile.`]
      : [];
  alert(
    turn,
    'reconciliation',
    `unknown-order:${clientOrderId}:${state}`,
    `${symbol}: an order of ours is not in the books, now ${state}`,
    [clientOrderId, ...sold],
    ['/orders'],
    symbol,
  );
};

/** An order that was believed ended turns out to have done more, or to be open: the exchange's word is taken over. */
export const reportRepair = (turn: Turn, record: OrderRecord, fresh: number): void => {
  const { clientOrderId, symbol, purpose } = record.draft;
  const found =
    fresh > 0 ? `${counted(fresh, 'missing fill')} booked` : isFinal(record) ? null : 'the order has not ended';
  if (found === null) return;
  alert(
    turn,
    'reconciliation',
    `repaired:${clientOrderId}:${record.tradeIds.length}:${record.status}`,
    `${symbol}: books repaired, ${found}`,
    [`${purpose} ${clientOrderId}, now ${record.status}`],
    ['/orders', '/positions'],
    symbol,
  );
};

/** A stop or an exit is gone, and no rule has asked for it. What a position needs is put back by the step. */
export const reportWithdrawn = (turn: Turn, { draft }: OrderRecord): void => {
  const lines = [
    'By hand, by the exchange, or by reconciliation because nothing needed it. What a position needs is placed again.',
    draft.clientOrderId,
  ];
  alert(
    turn,
    'reconciliation',
    `withdrawn:${draft.clientOrderId}`,
    `${draft.symbol}: ${draft.purpose} order cancelled outside the rules`,
    lines,
    ['/positions', '/orders'],
    draft.symbol,
  );
};

/**
 * An order that rested is not open any more, and the exchange does not say what became of it: neither protection nor a
 * sale.
 */
export const reportMissing = (turn: Turn, { draft, detail }: OrderRecord): void => {
  const lines = [
    `${draft.clientOrderId} is not among the open orders, and asking for it fails: ${detail ?? ''}`,
    'The exchange goes on being asked; nothing of it is sold before it has answered. After 60 s entries stop, and /settle can end it by hand.',
  ];
  alert(
    turn,
    'reconciliation',
    `missing:${draft.clientOrderId}:${turn.at}`,
    `${draft.symbol}: nobody can say what became of the ${draft.purpose} order`,
    lines,
    ['/orders', '/positions'],
    draft.symbol,
  );
};

/** Whoever was told that it is missing is told that it is not, whatever has become of it. */
export const reportFound = (turn: Turn, record: OrderRecord): void => {
  const { draft, status } = record;
  record.missing = false;
  alert(
    turn,
    'reconciliation',
    `found:${draft.clientOrderId}:${turn.at}`,
    `${draft.symbol}: the ${draft.purpose} order is found again, now ${status}`,
    [draft.clientOrderId],
    ['/orders', '/positions'],
    draft.symbol,
  );
};

export const stopPlaced = (turn: Turn, record: OrderRecord): void => {
  const { draft } = record;
  if (!isStopNews(turn, record)) return;
  const base = draft.symbol.split('/')[0] ?? draft.symbol;
  const trigger = draft.stopPrice === null ? '' : ` @ ${price(draft.stopPrice)}`;
  alert(
    turn,
    'stop',
    `${draft.clientOrderId}:placed`,
    `${base} stop placed${trigger}`,
    [`${formatDecimal(draft.quantity)} ${base}`],
    [],
    draft.symbol,
  );
};

/** Once an order, however often it fails: the lock says when it lasts. What waits for its end is not sold before. */
export const reportNotCancelled = (turn: Turn, { draft, cancelFailures }: OrderRecord, why: string): void => {
  if (cancelFailures > 1) return;
  const then =
    draft.purpose === 'stop'
      ? 'It goes on resting, and its position is not sold before it has ended. It is tried again; after 60 s entries stop.'
      : 'It is tried again; after 60 s entries stop.';
  alert(
    turn,
    'order-failure',
    `${draft.clientOrderId}:not-cancelled`,
    `${draft.symbol}: the ${draft.purpose} order could not be cancelled`,
    [`${draft.clientOrderId}: ${why}`, then],
    ['/orders', '/positions'],
    draft.symbol,
  );
};
