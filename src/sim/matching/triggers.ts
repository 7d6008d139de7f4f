import type { Fixed } from './fixed.ts';
import { isWorking, type SimOrder } from './order.ts';
import { isTriggerType } from './rules.ts';

/** `path`: every price in between is traded. `jump`: a gap, only the new price is. */
export type Move = 'path' | 'jump';

type Conditional = Pick<SimOrder, 'side' | 'type' | 'stopPrice'>;

/** Whether an order waits for the price to fall to its trigger (else to rise to it). */
export const waitsForFall = (order: Conditional): boolean =>
  (order.side === 'SELL') === (order.type === 'STOP_LOSS' || order.type === 'STOP_LOSS_LIMIT');

export const triggered = (order: Conditional, price: Fixed): boolean =>
  waitsForFall(order) ? price <= order.stopPrice : price >= order.stopPrice;

/**
 * The next order that the way from `from` to `to` triggers, with the price at
 * which it does: on a path the trigger itself, after a jump the new price.
 */
export const nextTrigger = (
  open: readonly SimOrder[],
  from: Fixed,
  to: Fixed,
  move: Move,
): { readonly order: SimOrder; readonly price: Fixed } | null => {
  let best: { order: SimOrder; price: Fixed } | null = null;
  for (const order of open) {
    if (isWorking(order) || !isTriggerType(order.type) || !triggered(order, to)) continue;
    const price = move === 'jump' ? to : priceOnPath(order, from);
    if (best === null || isEarlier(price, best.price, from, to)) best = { order, price };
  }
  return best;
};

/** An order whose trigger the price has already passed fires where the price stands. */
const priceOnPath = (order: SimOrder, from: Fixed): Fixed => (triggered(order, from) ? from : order.stopPrice);

const isEarlier = (price: Fixed, than: Fixed, from: Fixed, to: Fixed): boolean =>
  to < from ? price > than : price < than;
