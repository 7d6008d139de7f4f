import { orderNamed, type EngineState } from '../../core/engine/state.ts';
import { isFinal, type OrderRecord } from '../../core/orders/record.ts';
import type { CancelPreview, OperatorTools } from '../../ports/operator-tools.ts';
import { ORDER_STATES, orderView } from './order-views.ts';

const cancelPreview = (state: EngineState, orderId: string): CancelPreview => {
  const record = orderNamed(state, orderId);
  if (record === undefined) return { order: null, refusal: `No order ${orderId}. /orders lists them.` };
  const order = orderView(record);
  if (record.draft.purpose === 'stop')
    return {
      order,
      refusal: 'A protective stop is never cancelled by hand. /flatten closes the position, stop included.',
    };
  if (isFinal(record)) return { order, refusal: `The order is ${ORDER_STATES[record.status]} already.` };
  if (record.draft.purpose === 'exit') return { order, refusal: 'An exit is never cancelled by hand.' };
  return { order, refusal: null };
};

/** Withdrawing a working entry by hand; `cancelEntry` asks the exchange. */
export const createCancelling = (
  state: EngineState,
  cancelEntry: (record: OrderRecord, by: string) => void,
): Pick<OperatorTools, 'cancelPreview' | 'cancel'> => ({
  cancelPreview: (orderId) => cancelPreview(state, orderId),
  cancel: async (caller, orderId) => {
    const { refusal } = cancelPreview(state, orderId);
    const record = orderNamed(state, orderId);
    if (refusal !== null || record === undefined)
      return { ok: false, code: 'refused', text: refusal ?? `No order ${orderId}.` };
    cancelEntry(record, caller.name);
    return { ok: true, code: 'done', text: `Cancelling ${orderId}; /orders shows what became of it.` };
  },
});
