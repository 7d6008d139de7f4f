import { editDistance, suggestion } from '../../core/near-miss.ts';
import type { CommandSet, CommandSpec, Reply } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import { parseCommand } from './command-text.ts';

/**
 * Messages that were meant as commands and are none, or as more than one. Whoever sends "/halt" believes that it was
 * done: what was not is named, with a button for it, so that it takes one tap.
 */
type Find = (name: string) => CommandSpec | undefined;

interface Split {
  /** What counts: the first command with its words. */
  readonly own: string;
  /** Further commands behind it, each once. */
  readonly further: readonly CommandSpec[];
}

/** At the beginning of a line, or right behind the first command in its own. */
const FURTHER = /(?:^|(?<=\n)[^\S\n]*|(?<=^\/[A-Za-z0-9_@]{1,97}[^\S\n]+))\/([A-Za-z0-9_]{1,32})(?![^\s])/g;

/**
 * "/pause" and "/halt" on two lines are two commands, and a reason "/halt" for a pause is none. `/help /pnl` is one.
 */
export const splitCommands = (text: string, find: Find): Split => {
  const found = [...text.matchAll(FURTHER)]
    .filter(({ index }) => index > 0)
    .flatMap((match) => (find((match[1] ?? '').toLowerCase()) === undefined ? [] : [match]));
  const takesName = /^\/help\b/i.test(text);
  const matches = found.filter(({ index }) => !takesName || text.slice(0, index).includes('\n'));
  const [first] = matches;
  if (first === undefined) return { own: text, further: [] };
  const names = new Set(matches.map((match) => (match[1] ?? '').toLowerCase()));
  return { own: text.slice(0, first.index).trim(), further: [...names].flatMap((name) => find(name) ?? []) };
};

/**
 * Buttons for these commands, without those that act at once and must not be stale: a press carries no time, so they
 * have to be typed.
 */
const buttonsFor = (specs: readonly CommandSpec[]): Pick<Reply, 'buttons'> => {
  const row = specs
    .filter(({ effect }) => effect !== 'manage')
    .slice(0, 4)
    .map(({ name }) => ({ label: `/${name}`, command: `/${name}`, inPlace: false }));
  return row.length === 0 ? {} : { buttons: [row] };
};

const reply = (title: string, line: string, specs: readonly CommandSpec[]): Reply => ({
  title,
  blocks: [{ kind: 'text', lines: [line] }],
  ...buttonsFor(specs),
});

export const furtherNotDone = (own: string, further: readonly CommandSpec[]): Reply =>
  reply(
    `Not done: ${further.map(({ name }) => `/${name}`).join(', ')}`,
    `A message holds one command, and its first counts: /${own}. Send what else is wanted as a message of its own.`,
    further,
  );

/** A message counts as it was first sent: an edit may come hours later, of something that was done long ago. */
export const edited = (spec: CommandSpec): Reply =>
  reply(
    'An edited message does nothing',
    `It counts as it was first sent. If /${spec.name} is wanted now, send it as a new message.`,
    [spec],
  );

/** "/halt!", "/ halt" or "/halt@this_bot!": which command it was meant as; undefined when none can be told. */
export const meantBehindSlash = (text: string, find: Find, username: string | null): CommandSpec | undefined => {
  const [, name = '', mention] =
    /^\/\s*([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?![A-Za-z0-9_@])/.exec(text.trim()) ?? [];
  if (mention !== undefined && mention.toLowerCase() !== username) return undefined;
  const said = name.toLowerCase();
  return find(said) ?? find(synonymOf(said) ?? '');
};

export const notUnderstood = (spec: CommandSpec | undefined): Reply =>
  spec === undefined
    ? reply('Not done', 'That is no command. /help lists them all.', [])
    : reply('Not done', `Send /${spec.name}, nothing between slash and name, and a space before anything else.`, [
        spec,
      ]);

/** Of a press Telegram names the person, also where their messages are anonymous. `spec` null: an answer, no command. */
export const nameless = (spec: CommandSpec | null): Reply =>
  reply(
    spec === null ? 'Not done' : `Not done: /${spec.name}`,
    'It was sent in the name of the group or of a channel, so nobody can tell who sent it. Send it as yourself: in your own chat with the bot, or here without staying anonymous.',
    spec === null ? [] : [spec],
  );

/** A command further down in a message, or its name without the slash; undefined when the message holds neither. */
export const meantCommand = (text: string, find: Find): CommandSpec | undefined => {
  const below = /^[^\S\n]*\/([A-Za-z0-9_]{1,32})(?![^\s])/m.exec(text)?.[1];
  const word = /^[^\p{L}\p{N}]*([A-Za-z]{1,32})[^\p{L}\p{N}]*(?:\s|$)/u.exec(text)?.[1];
  const said = (word ?? '').toLowerCase();
  return find((below ?? '').toLowerCase()) ?? find(said) ?? find(synonymOf(said) ?? '');
};

/** A code or an amount: whoever types it believes that it was asked for. */
export const isAnswer = (text: string): boolean => /^[\d.,\s]+(?:usdt)?$/i.test(text.trim());

export const noCommand = (text: string, meant: CommandSpec | undefined): Reply =>
  meant === undefined
    ? isAnswer(text)
      ? reply(
          'No question is open',
          'Nothing was done. A question is open for two minutes, until another command is sent or the bot starts anew. Send its command again.',
          [],
        )
      : reply('I know commands only', '/help lists them all.', [])
    : reply('Not done', `A command stands first in its message, with its slash: send /${meant.name}.`, [meant]);

/** Words for an answer to a question that takes none, or that is open no more. */
export const noAnswer = (text: string, meant: CommandSpec | undefined): Reply =>
  meant !== undefined || isAnswer(text)
    ? noCommand(text, meant)
    : reply(
        'Nothing was done',
        'That question takes no words, or is open no more. Press its button, or send its command again; a reason stands behind it: /unlock <reason>',
        [],
      );

/** What people type in alarm, or know from other bots. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  halt: ['stop', 'kill', 'killswitch', 'panic', 'emergency', 'abort', 'freeze'],
  pause: ['stopentry', 'stopbuy', 'wait'],
  flatten: ['sell', 'sellall', 'close', 'closeall', 'exit', 'liquidate', 'forceexit'],
};

const synonymOf = (name: string): string | null =>
  Object.entries(SYNONYMS).find(([, words]) => words.includes(name))?.[0] ?? null;

/** The command that somebody of the role meant by a name that is none; undefined when none is near. */
const meantByName = (name: string, role: Role, commands: CommandSet): CommandSpec | undefined => {
  const names = commands.list(role).map((spec) => spec.name);
  const synonym = synonymOf(name);
  return commands.find((synonym !== null && names.includes(synonym) ? synonym : suggestion(name, names)) ?? '');
};

export const unknownCommand = (name: string, role: Role, commands: CommandSet): Reply => {
  const meant = meantByName(name, role, commands);
  return meant === undefined
    ? reply(`There is no command /${name}`, 'Nothing was done. /help lists them all.', [])
    : reply(`There is no command /${name}`, `Nothing was done. Did you mean /${meant.name}?`, [meant]);
};

/**
 * Whether a name is one letter away from a command that makes trading safer, or another word for it. Such a slip always
 * gets an answer, even where it may be meant for another bot.
 */
export const isUrgentSlip = (name: string, role: Role, commands: CommandSet): boolean =>
  commands
    .list(role)
    .some(
      (spec) => spec.effect === 'tighten' && (editDistance(name, spec.name) === 1 || synonymOf(name) === spec.name),
    );

/** Where a text was written, by whom, and what this bot is called. */
export interface Hearing {
  readonly isPrivate: boolean;
  readonly role: Role;
  readonly commands: CommandSet;
  /** In lower case; null while it is not known. */
  readonly username: string | null;
}

/**
 * The command of this bot that a text which cannot be carried out was meant as, plainly or by a slip: the one that a
 * listed person's message would be answered with. Null where it may be meant for another bot, or for nobody.
 */
export const commandMeant = (text: string, hearing: Hearing): CommandSpec | null => {
  const { commands, role } = hearing;
  const { own, further } = splitCommands(text.trim(), (name) => commands.find(name));
  const first = own.startsWith('/') ? firstMeant(own, hearing) : undefined;
  // Behind what is not ours silence is safe for all but what makes trading safer.
  return first ?? further.find(({ effect }) => role === 'operator' && effect === 'tighten') ?? null;
};

const firstMeant = (text: string, { isPrivate, role, commands, username }: Hearing): CommandSpec | undefined => {
  const parsed = parseCommand(text);
  if (parsed === null) return meantBehindSlash(text, (name) => commands.find(name), username);
  const { name, mention } = parsed;
  if (mention !== null && mention !== username) return undefined;
  const mayBeOurs = isPrivate || mention !== null || isUrgentSlip(name, role, commands);
  return commands.find(name) ?? (mayBeOurs ? meantByName(name, role, commands) : undefined);
};
