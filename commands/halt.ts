import { freeText } from './support/arguments.ts';
import { defineToolCommand, outcomeReply } from './support/command.ts';

export const halt = defineToolCommand({
  name: 'halt',
  role: 'operator',
  effect: 'tighten',
  usage: '[reason]',
  description: 'As /pause, and cancel working entries',
  example: '/halt exchange maintenance',
  parse: freeText(5_000),
  run: async ({ caller }, tools, reason) => outcomeReply('🛑 Halted', await tools.halt(caller, reason.slice(0, 300))),
});
