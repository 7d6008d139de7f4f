import { defineToolCommand } from './support/command.ts';
import { baseOf, price, quantity } from './support/format.ts';

export const cancel = defineToolCommand({
  name: 'cancel',
  role: 'operator',
  effect: 'loosen',
  usage: '<order>',
  description: 'Cancel a working order, never a stop (asks first)',
  example: '/cancel gb-4f2a-17',
  parse: (text) =>
    /^[A-Za-z0-9._:/-]{1,64}$/.test(text)
      ? { ok: true, value: text }
      : { ok: false, help: 'takes the id of one order; /orders lists them' },
  run: (_context, tools, orderId) => {
    const { order, refusal } = tools.cancelPreview(orderId);
    if (refusal !== null || order === null)
      return {
        title: 'Refused',
        blocks: [{ kind: 'text', lines: [refusal ?? `There is no order ${orderId}.`] }],
        outcome: 'refused',
      };
    const at = order.limitPrice === null ? '' : ` at ${price(order.limitPrice)}`;
    return {
      title: 'Cancel this order?',
      blocks: [],
      request: {
        kind: 'confirm',
        what: [
          `Cancels ${order.purpose} ${order.id}: ${order.side} ${quantity(order.quantity)} ${baseOf(order.symbol)}${at}`,
          'What is filled by then stays filled.',
        ],
        label: 'Cancel the order',
        needsCode: false,
        needsApproval: false,
        action: async (caller) => tools.cancel(caller, order.id),
      },
      outcome: 'asked',
    };
  },
});
