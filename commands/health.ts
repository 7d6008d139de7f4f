import { none } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';

const SIGNS = { good: '✅', bad: '❌', unknown: '❔' } as const;

export const health = defineToolCommand({
  name: 'health',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Engine, data, exchange, database, clock',
  example: '/health',
  parse: none,
  run: (_context, tools) => {
    const checks = tools.health();
    const troubled = checks.filter(({ ok }) => ok !== true).length;
    return {
      title:
        troubled === 0
          ? '✅ All is well'
          : `❌ ${troubled} of ${checks.length} need${troubled === 1 ? 's' : ''} a look`,
      blocks: [
        {
          kind: 'text',
          lines: checks.map(
            ({ name, ok, detail }) => `${ok === null ? SIGNS.unknown : ok ? SIGNS.good : SIGNS.bad} ${name}: ${detail}`,
          ),
        },
      ],
      buttons: [[{ label: '↻ Refresh', command: '/health', inPlace: true }]],
    };
  },
});
