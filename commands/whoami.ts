import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';

export const whoami = defineCommand({
  name: 'whoami',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Your numeric id and role',
  example: '/whoami',
  parse: none,
  run: ({ caller }) => ({
    title: caller.name,
    blocks: [
      {
        kind: 'fields',
        rows: [
          ['Id', String(caller.userId)],
          ['Role', caller.role],
        ],
      },
    ],
  }),
});
