import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { money, quantity, UNKNOWN } from './support/format.ts';
import { equityGap } from './support/views.ts';

export const balance = defineCommand({
  name: 'balance',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Cash, positions and what is not the bot’s',
  example: '/balance',
  parse: none,
  run: ({ service, times }) => {
    const view = service.balance();
    const external = view.external.map(({ asset, quantity: held }) => `${quantity(held)} ${asset}`);
    return {
      title: view.equity === null ? `Equity ${UNKNOWN}` : `Equity ${money(view.equity)} ${view.quoteAsset}`,
      blocks: [
        {
          kind: 'table',
          head: ['Asset', 'Quantity', `${view.quoteAsset}`],
          align: ['left', 'right', 'right'],
          rows: [
            [view.quoteAsset, '', money(view.cash)],
            ...view.positions.map((held) => [held.asset, quantity(held.quantity), money(held.value)]),
            ...(view.feeAsset === null
              ? []
              : [[view.feeAsset.asset, quantity(view.feeAsset.quantity), money(view.feeAsset.value)]]),
          ],
        },
        ...equityGap(service.status()),
        ...(external.length === 0
          ? []
          : [{ kind: 'text' as const, lines: [`Not the bot's, never counted, never sold: ${external.join(', ')}`] }]),
        { kind: 'text', lines: [`Exchange balance read ${view.asOf === null ? UNKNOWN : times.zoned(view.asOf)}`] },
      ],
      buttons: [[{ label: '↻ Refresh', command: '/balance', inPlace: true }]],
    };
  },
});
