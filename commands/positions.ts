import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { positionBlocks } from './support/views.ts';

export const positions = defineCommand({
  name: 'positions',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Open positions with stop and target',
  example: '/positions',
  parse: none,
  run: ({ service, times }) => {
    const { marketNow } = service.status();
    const open = service.positions();
    return {
      title: open.length === 0 ? 'No position' : `${open.length} position${open.length === 1 ? '' : 's'}`,
      blocks: open.length === 0 ? [{ kind: 'text', lines: ['All is in cash.'] }] : open.flatMap((position) => positionBlocks(position, times, marketNow)),
      buttons: [[{ label: '↻ Refresh', command: '/positions', inPlace: true }]],
    };
  },
});
