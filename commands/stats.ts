import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { pnlBlocks } from './pnl.ts';
import { equityGap } from './support/views.ts';

export const stats = defineCommand({
  name: 'stats',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Win rate, profit factor, Sharpe, drawdown',
  example: '/stats',
  parse: none,
  run: ({ service, times }) => {
    const view = service.pnl('all');
    return {
      title: 'Statistics since the start',
      blocks: [
        ...pnlBlocks(view, service.balance().quoteAsset),
        ...equityGap(service.status()),
        { kind: 'text', lines: [`Since ${times.zoned(view.from)}. Figures from too few trades are n/a.`] },
      ],
      buttons: [[{ label: 'By symbol', command: '/performance', inPlace: true }]],
    };
  },
});
