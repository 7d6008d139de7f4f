import { counted } from '../src/core/words.ts';
import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { lockLines } from './support/views.ts';

export const locks = defineCommand({
  name: 'locks',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'What holds the bot back, and how it clears',
  example: '/locks',
  parse: none,
  run: ({ service, times, caller }) => {
    const held = service.locks();
    const unlockable = caller.role === 'operator' && held.some(({ clearedByUnlock }) => clearedByUnlock);
    return {
      title: held.length === 0 ? '🟢 No lock holds' : `${counted(held.length, 'lock holds', 'locks hold')}`,
      blocks: held.length === 0 ? [] : [{ kind: 'text', lines: held.flatMap((lock) => lockLines(lock, times)) }],
      buttons: [
        [
          { label: '↻ Refresh', command: '/locks', inPlace: true },
          ...(unlockable ? [{ label: 'Unlock …', command: '/unlock', inPlace: false }] : []),
        ],
      ],
    };
  },
});
