import { formatDecimal } from '../decimal.ts';
import { recordFailure } from '../guardian/health-locks.ts';
import type { OrderSnapshot } from '../orders/order.ts';
import { applySnapshot, endCancelling, isFinal, type OrderRecord } from '../orders/record.ts';
import { ENDED_ORDERS_KEPT, FORGET_AT_ONCE, forgetOld } from './ended-orders.ts';
import { takeFills } from './fills.ts';
import type { CancelFailedInput, OrderOutcome, OrderReportInput } from './input.ts';
import {
  reportFound,
  reportMissing,
  reportNotCancelled,
  reportRepair,
  reportUnknown,
  reportWithdrawn,
  stopPlaced,
} from './order-alerts.ts';
import { noteCancelFailure, reportOrder } from './orders-out.ts';
import { noteRefusal } from './refusals.ts';
import { indexOrders, recountOrders } from './open-orders.ts';
import { alert, type Turn } from './turn.ts';

/**
 * What becomes of an order that was sent: taken, refused, unknown, not found, ended, not cancelled.
 *
 * Invariant: the exchange's word goes before a belief, and an order that has ended in the books is changed only by what
 * the exchange states of it.
 */

/** Every result of a send comes back here; nothing is swallowed into a log. */
export const onOrderReport = (turn: Turn, input: OrderReportInput): void => {
  const { state } = turn;
  const record = state.orders[input.clientOrderId];
  if (record === undefined) {
    reportUnknown(turn, input);
    return;
  }
  const before = { status: record.status, fills: record.tradeIds.length };
  const ended = isFinal(record);
  apply(turn, record, input.outcome);
  // Counted by what was booked: of an order that was settled by hand the fills until then are in the books already.
  if (ended) reportRepair(turn, record, turn.effects.filter(({ type }) => type === 'fill').length);
  else if (record.status === 'cancelled' && !record.cancelRequested && record.draft.purpose !== 'entry')
    reportWithdrawn(turn, record);
  reportOrder(turn, record, before);
  if (state.ordersKept > ENDED_ORDERS_KEPT + FORGET_AT_ONCE) forgetOld(turn);
  if (ended && !isFinal(record)) indexOrders(state);
  else recountOrders(state);
};

const apply = (turn: Turn, record: OrderRecord, outcome: OrderOutcome): void => {
  const { guardian } = turn.state;
  switch (outcome.kind) {
    case 'known':
      return known(turn, record, outcome.order);
    case 'rejected':
    case 'not-sent':
      // A belief never overrides what the exchange has stated.
      if (isFinal(record) || record.status === 'working') return;
      record.status = outcome.kind === 'rejected' ? 'rejected' : 'never-sent';
      record.detail = `${outcome.code} ${outcome.message}`;
      record.unknownSince = null;
      // One that was withdrawn under a lock has not failed.
      if (outcome.kind === 'rejected' || !record.cancelling) failed(turn, record, record.detail);
      return endCancelling(record);
    case 'unknown':
      if (isFinal(record)) return;
      record.detail = `${outcome.code} ${outcome.message}`;
      if (record.status === 'working') {
        record.missing = true;
        reportMissing(turn, record);
      }
      record.status = 'unknown';
      record.unknownSince ??= turn.wall;
      guardian.lastTroubleWall = turn.wall;
      return;
    case 'not-found':
      if (isFinal(record)) return;
      record.status = 'never-existed';
      record.unknownSince = null;
      // Should it turn up after all, its cancellation is asked for again.
      endCancelling(record);
      return failed(turn, record, 'the exchange does not know the order');
  }
};

/** The exchange's word: books what is new. */
const known = (turn: Turn, record: OrderRecord, snapshot: OrderSnapshot): void => {
  const { guardian } = turn.state;
  const before = record.status;
  const fresh = applySnapshot(record, snapshot, turn.wall);
  const { draft } = record;
  if (record.missing && record.status !== 'unknown') reportFound(turn, record);
  if (record.status === 'unknown') guardian.lastTroubleWall = turn.wall;
  if (record.status === 'rejected' && before !== 'rejected') failed(turn, record, 'rejected by the exchange');
  // Only an order that has just arrived ends a row of failures; another look at an old one proves nothing.
  if (
    (before === 'intent' || before === 'unknown') &&
    (record.status === 'working' || (isFinal(record) && record.status !== 'rejected'))
  )
    guardian.orderFailures = 0;
  if (draft.purpose === 'stop' && record.status === 'working' && before !== 'working') stopPlaced(turn, record);
  if (draft.purpose === 'exit' && record.status === 'expired' && before !== 'expired')
    noteUnsold(turn, record, snapshot);
  takeFills(turn, record, fresh);
};

/**
 * A sale that the exchange took and ended with most of it unsold (its limits on prices, no buyers, another order of the
 * account's own) has failed like one that it refused: it is tried again, and told.
 */
const noteUnsold = (turn: Turn, record: OrderRecord, { expiryReason }: OrderSnapshot): void => {
  const { executed, draft } = record;
  if (executed + executed >= draft.quantity) return;
  record.detail = `ended by the exchange with ${formatDecimal(executed)} of ${formatDecimal(draft.quantity)} sold${expiryReason === undefined ? '' : `: ${expiryReason}`}`;
  failed(turn, record, record.detail);
};

const failed = (turn: Turn, record: OrderRecord, detail: string): void => {
  recordFailure(turn.state.guardian, turn.wall);
  const { draft } = record;
  const more = noteRefusal(turn, record);
  if (more === null) return;
  alert(
    turn,
    'order-failure',
    `${draft.clientOrderId}:${record.status}`,
    `${draft.symbol}: ${draft.purpose} ${record.status}`,
    [detail, ...more],
    ['/orders'],
    draft.symbol,
  );
};

/**
 * A cancellation has failed: it is tried again after a pause, and the quiet time that clears the execution lock begins
 * anew.
 */
export const onCancelFailed = (turn: Turn, input: CancelFailedInput): void => {
  const record = turn.state.orders[input.clientOrderId];
  if (record === undefined || isFinal(record)) return;
  noteCancelFailure(record, turn.wall, `cancel: ${input.code} ${input.message}`);
  reportNotCancelled(turn, record, `${input.code} ${input.message}`);
  turn.state.guardian.lastTroubleWall = turn.wall;
};
