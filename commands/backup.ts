import { none } from './support/arguments.ts';
import { defineToolCommand, outcomeReply } from './support/command.ts';

export const backup = defineToolCommand({
  name: 'backup',
  role: 'operator',
  effect: 'manage',
  usage: '',
  description: 'Back up the database, on the server only',
  example: '/backup',
  parse: none,
  run: async ({ caller }, tools) => outcomeReply('💾 Backed up', await tools.backup(caller), 'Not backed up'),
});
