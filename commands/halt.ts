import { freeText } from './support/arguments.ts';
import { defineToolCommand, toldReply } from './support/command.ts';

export const halt = defineToolCommand({
  name: 'halt',
  role: 'operator',
  effect: 'tighten',
  usage: '[reason]',
  description: 'As /pause, and cancel working entries',
  example: '/halt exchange maintenance',
  parse: freeText(5_000),
  run: async ({ service, caller }, tools, reason) => {
    const outcome = await tools.halt(caller, reason.slice(0, 300));
    // Whoever halts in a hurry may take it for a sale.
    const kept = service.positions().flatMap(({ symbol, closing }) => (closing === null ? [symbol] : []));
    return toldReply(
      '🛑',
      outcome,
      ...(kept.length === 0 ? [] : [`Still held: ${kept.join(', ')}. Stops go on; /flatten sells.`]),
    );
  },
});
