import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { percent } from './support/format.ts';
import { limitText } from './support/views.ts';

export const risk = defineCommand({
  name: 'risk',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Every limit beside its present value',
  example: '/risk',
  parse: none,
  run: ({ service }) => {
    const view = service.risk();
    const { quoteAsset } = service.balance();
    return {
      title: 'Limits',
      blocks: [
        {
          kind: 'fields',
          rows: [
            ['Risk/trade', percent(view.riskPerTrade)],
            ['Stop', percent(view.stopLoss)],
            ['Target', percent(view.takeProfit)],
            ['Horizon', `${view.horizonHours} h`],
            ['Leverage', `${view.maxLeverage.toFixed(1)}x`],
          ],
        },
        {
          kind: 'text',
          lines: [
            'Now, and the limit:',
            ...view.limits.map(
              ({ name, limit, value, unit }) => `${name}: ${limitText(value, limit, unit, quoteAsset)}`,
            ),
          ],
        },
      ],
      buttons: [[{ label: '↻ Refresh', command: '/risk', inPlace: true }]],
    };
  },
});
