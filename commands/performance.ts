import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { baseOf, percent, signedMoney, statistic } from './support/format.ts';

export const performance = defineCommand({
  name: 'performance',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Result of each symbol since the start',
  example: '/performance',
  parse: none,
  run: ({ service }) => {
    const view = service.pnl('all');
    if (view.bySymbol.length === 0) return { title: 'No closed trade yet', blocks: [] };
    const best = [...view.bySymbol].sort((left, right) => right.pnl - left.pnl);
    return {
      title: `Since the start: ${signedMoney(view.realised)} realised`,
      blocks: [
        {
          kind: 'table',
          head: ['Symbol', 'Trades', 'PnL', 'Each'],
          align: ['left', 'right', 'right', 'right'],
          rows: best.map(({ symbol, trades, pnl }) => [
            baseOf(symbol),
            String(trades),
            signedMoney(pnl),
            trades === 0 ? 'n/a' : signedMoney(pnl / trades),
          ]),
        },
        {
          kind: 'text',
          lines: [
            `Win rate ${statistic(view.winRate, (value) => percent(value, 0))}. PnL in ${service.balance().quoteAsset}, net of fees.`,
          ],
        },
      ],
      buttons: [
        [
          { label: 'Statistics', command: '/stats', inPlace: true },
          { label: 'PnL', command: '/pnl all', inPlace: false },
        ],
      ],
    };
  },
});
