import { count } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { cut } from './support/format.ts';

const SIGNS = { debug: '·', info: 'ℹ️', warn: '⚠️', error: '❌' } as const;

export const logs = defineToolCommand({
  name: 'logs',
  role: 'viewer',
  effect: 'read',
  usage: '[n]',
  description: 'The newest lines of the log',
  example: '/logs 20',
  parse: count(15, 1, 50),
  run: ({ times }, tools, wanted) => {
    const lines = tools.logs(wanted);
    return {
      title:
        lines.length === 0
          ? 'The log is empty'
          : lines.length === 1
            ? 'The last line'
            : `The last ${lines.length} lines`,
      blocks:
        lines.length === 0
          ? []
          : [
              {
                kind: 'text',
                lines: lines.map(({ at, level, text }) => `${SIGNS[level]} ${times.time(at)} ${cut(text, 160)}`),
              },
              { kind: 'text', lines: [times.note] },
            ],
      buttons: [[{ label: '↻ Refresh', command: `/logs ${wanted}`, inPlace: true }]],
    };
  },
});
