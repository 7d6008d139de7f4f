import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';

export const resume = defineCommand({
  name: 'resume',
  role: 'operator',
  effect: 'loosen',
  usage: '',
  description: 'End a /pause (asks first)',
  example: '/resume',
  parse: none,
  run: ({ service }) => {
    const others = service.locks().filter(({ kind }) => kind !== 'operator');
    return {
      title: 'Resume trading?',
      blocks: [],
      request: {
        kind: 'confirm',
        what: [
          'Ends the operator’s pause: new entries are allowed again.',
          ...(others.length === 0 ? [] : [`These locks stay: ${others.map(({ id }) => id).join(', ')}`]),
        ],
        label: 'Resume trading',
        needsCode: false,
        needsApproval: false,
        action: async (caller) => service.resume(caller),
      },
      outcome: 'asked',
    };
  },
});
