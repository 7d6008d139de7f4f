import { none } from './support/arguments.ts';
import { defineToolCommand, outcomeReply } from './support/command.ts';

export const reconcile = defineToolCommand({
  name: 'reconcile',
  role: 'operator',
  effect: 'manage',
  usage: '',
  description: 'Compare ledger and exchange now',
  example: '/reconcile',
  parse: none,
  run: async ({ caller }, tools) => {
    const outcome = await tools.reconcile(caller);
    return outcomeReply(
      outcome.code === 'differs' ? '🧾 Ledger and exchange differ' : '🧾 Reconciled',
      outcome,
      'Not compared',
    );
  },
});
