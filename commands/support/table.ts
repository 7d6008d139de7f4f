import type { CommandEffect, CommandSpec } from '../../src/ports/chat.ts';

const EFFECT_WORDS: Readonly<Record<CommandEffect, string>> = {
  read: 'looks',
  tighten: 'acts at once, whatever its age',
  manage: 'acts at once, if younger than 60 s',
  loosen: 'asks first; expires after 60 s',
};

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** The table of docs/commands.md. */
export const commandsTable = (commands: readonly CommandSpec[]): string =>
  [
    '| command | for | what it does | how |',
    '|---|---|---|---|',
    ...commands.map(
      ({ name, usage, role, description, effect }) =>
        `| \`/${name}\`${usage === '' ? '' : ` ${escaped(usage)}`} | ${role === 'viewer' ? 'all' : 'operators'} | ${escaped(description)} | ${EFFECT_WORDS[effect]} |`,
    ),
  ].join('\n');
