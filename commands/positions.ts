import { counted } from '../src/core/words.ts';
import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { positionBlocks, stalePrices } from './support/views.ts';

export const positions = defineCommand({
  name: 'positions',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Open positions with stop and target',
  example: '/positions',
  parse: none,
  run: ({ service, tools, times }) => {
    const status = service.status();
    const stale = stalePrices(status);
    const open = service.positions();
    // What an entry has bought is not known before its end.
    const entries = (tools?.orders() ?? [])
      .filter(({ purpose }) => purpose === 'entry')
      .map(({ symbol, state }) => `${symbol} entry, ${state}`);
    const cash =
      entries.length === 0
        ? 'All is in cash.'
        : `All is in cash but for what is under way: ${entries.join('; ')}. /orders shows it.`;
    return {
      title: open.length === 0 ? 'No position' : `${counted(open.length, 'position')}`,
      blocks:
        open.length === 0
          ? [{ kind: 'text', lines: [cash] }]
          : [
              ...open.flatMap((position) =>
                positionBlocks(position, times, status.marketNow, stale.get(position.symbol) ?? null),
              ),
              { kind: 'text', lines: [times.note] },
            ],
      buttons: [[{ label: '↻ Refresh', command: '/positions', inPlace: true }]],
    };
  },
});
