import { add, decimal, formatDecimal, isDecimalText } from '../core/decimal.ts';
import type { SettlementEvidence } from '../core/engine/input.ts';
import type { OrderReference, Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';

const UNDER_WAY = 'an order is under way; try again in a moment';

/**
 * What the exchange shows beside an order that it does not answer for: its list of open ones, and the balances. Read
 * while nothing else is under way; or, in words, why it could not be.
 */
export const readEvidence = async (
  { host, venue, executor }: { readonly host: EngineHost; readonly venue: Venue; readonly executor: Executor },
  { symbol, clientOrderId }: OrderReference,
): Promise<SettlementEvidence | string> => {
  if (!executor.idle) return UNDER_WAY;
  const { orderSequence } = host.state;
  const open = await venue.openOrders(symbol);
  // A market that has left the exchange has no open orders; every other failure proves nothing.
  if (!open.ok && open.error.kind !== 'unlisted')
    return `the open orders of ${symbol} could not be read (${open.error.code} ${open.error.message})`;
  const read = await venue.balances();
  if (!read.ok) return `the balances could not be read (${read.error.code} ${read.error.message})`;
  if (!executor.idle || host.state.orderSequence !== orderSequence) return UNDER_WAY;
  const totals = read.value.flatMap(({ asset, free, locked }) =>
    isDecimalText(free) && isDecimalText(locked)
      ? [{ asset, total: formatDecimal(add(decimal(free), decimal(locked))) }]
      : [],
  );
  return { listed: open.ok && open.value.some((order) => order.clientOrderId === clientOrderId), totals };
};
