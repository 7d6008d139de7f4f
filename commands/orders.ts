import { counted } from '../src/core/words.ts';
import type { OrderView } from '../src/ports/operator-tools.ts';
import { none } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { baseOf, price, quantity, type Times } from './support/format.ts';

/** What fits one message. */
const MOST = 20;

const rowsOf = (order: OrderView, times: Times): readonly (readonly [string, string])[] => [
  ['Order', order.id],
  ['What', `${order.purpose}, ${order.side} ${quantity(order.quantity)} ${baseOf(order.symbol)}`],
  ...(order.triggerPrice === null ? [] : [['Trigger', price(order.triggerPrice)] as const]),
  ...(order.limitPrice === null ? [] : [['Limit', price(order.limitPrice)] as const]),
  ...(order.filled === 0 ? [] : [['Filled', quantity(order.filled)] as const]),
  ['State', `${order.state}, ${times.stamp(order.createdAt)}`],
];

export const orders = defineToolCommand({
  name: 'orders',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Orders that work at the exchange',
  example: '/orders',
  parse: none,
  run: ({ times }, tools) => {
    const open = tools.orders();
    return {
      title: open.length === 0 ? 'No open order' : `${counted(open.length, 'open order')}`,
      blocks: [
        ...open.slice(0, MOST).map((order) => ({ kind: 'fields' as const, rows: rowsOf(order, times) })),
        ...(open.length === 0 ? [] : [{ kind: 'text' as const, lines: [times.note] }]),
        ...(open.length <= MOST
          ? []
          : [{ kind: 'text' as const, lines: [`${open.length - MOST} more are not shown.`] }]),
      ],
      buttons: [[{ label: '↻ Refresh', command: '/orders', inPlace: true }]],
    };
  },
});
