import { freeText } from './support/arguments.ts';
import { defineCommand, toldReply } from './support/command.ts';

export const pause = defineCommand({
  name: 'pause',
  role: 'operator',
  effect: 'tighten',
  usage: '[reason]',
  description: 'Stop new entries now; exits and stops go on',
  example: '/pause news at 14:30',
  // A reason too long is cut in run: /pause must never fail for its words.
  parse: freeText(5_000),
  run: async ({ service, caller }, reason) => toldReply('⏸', await service.pause(caller, reason.slice(0, 300))),
});
