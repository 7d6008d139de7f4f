import { isFinal, type OrderRecord } from '../orders/record.ts';
import type { WallMs } from '../units.ts';
import type { EngineState } from './state.ts';

/**
 * The lists and counts of orders that the state derives from its records, and what of them is waited for longest.
 *
 * Invariant: they are made anew whenever a record was added, has changed or has gone.
 */

/**
 * Brings the list of open orders and their counts up to date after one was placed or reported. Its length is that of
 * the open orders, not of all.
 */
export const recountOrders = (state: EngineState): void => {
  const { openOrders } = state;
  state.unsettled = 0;
  state.openEntries = 0;
  state.cancelsWanted = false;
  let open = 0;
  for (const record of openOrders) {
    if (isFinal(record)) continue;
    openOrders[open] = record;
    open += 1;
    if (record.status !== 'working') state.unsettled += 1;
    if (record.draft.purpose === 'entry') state.openEntries += 1;
    if (record.cancelSince !== null && record.cancelSince !== undefined) state.cancelsWanted = true;
  }
  openOrders.length = open;
};

/** Makes the lists of orders anew: after a snapshot was read, or when an order that had ended is open after all. */
export const indexOrders = (state: EngineState): void => {
  const records = Object.values(state.orders);
  state.orderList = records;
  state.openOrders = records.filter((record) => !isFinal(record));
  state.ordersKept = records.length;
  recountOrders(state);
};

/** What has been waited for longest: an order's outcome, or its end once its cancellation was asked for. */
export interface Waiting {
  readonly since: WallMs;
  readonly record: OrderRecord;
  readonly what: 'outcome' | 'cancellation';
}

/**
 * What is waited for longest, with the wall time since then; null when nothing is. An order that still waits to be sent
 * counts from its approval.
 */
export const oldestUnsettled = (state: EngineState): Waiting | null => {
  if (state.unsettled === 0 && !state.cancelsWanted) return null;
  let oldest: Waiting | null = null;
  for (const record of state.openOrders) {
    const open = record.status === 'intent' || record.status === 'unknown';
    const since = open ? (record.unknownSince ?? record.createdWall) : (record.cancelSince ?? null);
    if (since !== null && (oldest === null || since < oldest.since))
      oldest = { since, record, what: open ? 'outcome' : 'cancellation' };
  }
  return oldest;
};
