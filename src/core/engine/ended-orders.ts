import { isFinal } from '../orders/record.ts';
import { idsInUse } from './lost-history.ts';
import type { Turn } from './turn.ts';

/**
 * Which ended orders stay in memory.
 *
 * Invariant: nothing is forgotten that a position or the comparison with the exchange still refers to.
 */

/** Ended orders that are kept in memory for late answers; older ones are in the database. */
export const ENDED_ORDERS_KEPT = 200;

/** Forgotten in one go, so that looking for them is rare. */
export const FORGET_AT_ONCE = 50;

/**
 * Forgets what ended long ago, but nothing that was settled by hand, and of each symbol not the newest order with
 * trades: from there on its trades are compared.
 */
export const forgetOld = (turn: Turn): void => {
  const { orders, orderList } = turn.state;
  let surplus = orderList.length - ENDED_ORDERS_KEPT;
  if (surplus <= 0) return;
  const inUse = idsInUse(turn.state);
  const traded = new Map<string, string>();
  for (const record of orderList) {
    const { clientOrderId, symbol } = record.draft;
    // What was settled by hand has no numbers to compare from, and explains the trades that the exchange lists of it.
    if (record.settledAt !== undefined) inUse.add(clientOrderId);
    else if (record.tradeIds.length > 0) traded.set(symbol, clientOrderId);
  }
  for (const id of traded.values()) inUse.add(id);
  turn.state.orderList = orderList.filter((record) => {
    const { clientOrderId } = record.draft;
    if (surplus <= 0 || !isFinal(record) || inUse.has(clientOrderId)) return true;
    delete orders[clientOrderId];
    surplus -= 1;
    return false;
  });
  turn.state.ordersKept = turn.state.orderList.length;
};
