import { freeText } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';

export const start = defineCommand({
  name: 'start',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'What this bot is and what to ask it',
  example: '/start',
  parse: freeText(128),
  run: ({ service, caller }) => {
    const { mode, version } = service.version();
    return {
      title: `Guardian Bot ${version}`,
      blocks: [
        {
          kind: 'text',
          lines: [
            `Mode: ${mode}. You are known here as ${caller.role}.`,
            caller.role === 'operator'
              ? 'The bot trades on its own. /pause stops new entries at once, whatever else happens.'
              : 'You may look at everything and change nothing.',
            '/status is the one to begin with, /help lists the rest.',
          ],
        },
      ],
      buttons: [
        [
          { label: 'Status', command: '/status', inPlace: false },
          { label: 'Help', command: '/help', inPlace: false },
        ],
      ],
    };
  },
});
