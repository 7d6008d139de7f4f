import { isFinal } from '../orders/record.ts';
import type { SymbolName } from '../units.ts';
import { indexOrders } from './open-orders.ts';
import type { EngineState } from './state.ts';
import type { Turn } from './turn.ts';

/** The symbols of booked trades that the exchange no longer has, each "symbol trade id". */
export const symbolsOf = (lost: readonly string[]): readonly SymbolName[] => [
  ...new Set(lost.map((trade) => trade.slice(0, trade.indexOf(' ')))),
];

/**
 * An operator accepts that the exchange no longer has trades which the ledger has booked (a sandbox that was reset).
 * Without this the reconciliation lock would come back with every reading. Orders that have ended are forgotten. Orders
 * that a position relies on are kept, and all that they did until now counts as booked: should the old history come
 * back, nothing is booked twice. Trades from now on are compared as ever.
 */
export const acceptLostHistory = ({ state, at }: Turn): void => {
  const lost = new Set(state.lostHistory);
  if (lost.size === 0) return;
  state.lostHistory = [];
  const needed = idsInUse(state);
  const until = at + (state.guardian.skew ?? 0);
  for (const record of state.orderList) {
    const { clientOrderId, symbol } = record.draft;
    if (!lost.has(symbol)) continue;
    if (isFinal(record) && !needed.has(clientOrderId)) delete state.orders[clientOrderId];
    else {
      record.tradeIds = [];
      record.settledAt = until;
    }
  }
  indexOrders(state);
};

/** Client ids of the orders that positions rely on. */
export const idsInUse = ({ symbols }: EngineState): Set<string | null> => {
  const inUse = new Set<string | null>();
  for (const { managed } of Object.values(symbols)) {
    if (managed !== null) inUse.add(managed.entryOrderId).add(managed.stopOrderId).add(managed.exitOrderId);
  }
  return inUse;
};
