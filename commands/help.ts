import type { CommandSpec } from '../src/ports/chat.ts';
import { freeText } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';

const line = (command: CommandSpec): string =>
  `/${command.name}${command.usage === '' ? '' : ` ${command.usage}`}: ${command.description}`;

export const help = defineCommand({
  name: 'help',
  role: 'viewer',
  effect: 'read',
  usage: '[command]',
  description: 'All commands, or one of them',
  example: '/help pnl',
  parse: freeText(64),
  run: ({ menu, caller }, wanted) => {
    if (wanted !== '') {
      const found = menu.find(({ name }) => name === wanted.replace(/^\//, '').toLowerCase());
      if (found === undefined)
        return {
          title: `There is no command "${wanted}" for you`,
          blocks: [{ kind: 'text', lines: ['/help lists them all.'] }],
          outcome: 'wrong argument',
        };
      return { title: `/${found.name}`, blocks: [{ kind: 'text', lines: [line(found)] }] };
    }
    const looking = menu.filter(({ role }) => role === 'viewer');
    const acting = menu.filter(({ role }) => role === 'operator');
    return {
      title: `Commands for a${caller.role === 'operator' ? 'n operator' : ' viewer'}`,
      blocks: [
        { kind: 'text', lines: looking.map(line) },
        ...(acting.length === 0 ? [] : [{ kind: 'text' as const, lines: ['For operators:', ...acting.map(line)] }]),
      ],
    };
  },
});
