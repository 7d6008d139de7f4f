import { editDistance, suggestion } from '../../core/near-miss.ts';
import type { CommandSet, CommandSpec } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import { parseCommand, splitCommands, type Find } from './command-text.ts';

/**
 * Messages that were meant as commands and are none. Whoever sends "/halt" believes that it was done: what was not is
 * named, with a button for it, so that it takes one tap.
 *
 * "/halt!", "/ halt" or "/halt@this_bot!": which command it was meant as; undefined when none can be told.
 */
export const meantBehindSlash = (text: string, find: Find, username: string | null): CommandSpec | undefined => {
  const [, name = '', mention] =
    /^\/\s*([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?![A-Za-z0-9_@])/.exec(text.trim()) ?? [];
  if (mention !== undefined && mention.toLowerCase() !== username) return undefined;
  const said = name.toLowerCase();
  return find(said) ?? find(synonymOf(said) ?? '');
};

/** A command further down in a message, or its name without the slash; undefined when the message holds neither. */
export const meantCommand = (text: string, find: Find): CommandSpec | undefined => {
  const below = /^[^\S\n]*\/([A-Za-z0-9_]{1,32})(?![^\s])/m.exec(text)?.[1];
  const word = /^[^\p{L}\p{N}]*([A-Za-z]{1,32})[^\p{L}\p{N}]*(?:\s|$)/u.exec(text)?.[1];
  const said = (word ?? '').toLowerCase();
  return find((below ?? '').toLowerCase()) ?? find(said) ?? find(synonymOf(said) ?? '');
};

/** A code or an amount: whoever types it believes that it was asked for. */
export const isAnswer = (text: string): boolean => /^[\d.,\s]+(?:usdt)?$/i.test(text.trim());

/** What people type in alarm, or know from other bots. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  halt: ['stop', 'kill', 'killswitch', 'panic', 'emergency', 'abort', 'freeze'],
  pause: ['stopentry', 'stopbuy', 'wait'],
  flatten: ['sell', 'sellall', 'close', 'closeall', 'exit', 'liquidate', 'forceexit'],
};

const synonymOf = (name: string): string | null =>
  Object.entries(SYNONYMS).find(([, words]) => words.includes(name))?.[0] ?? null;

/** The command that somebody of the role meant by a name that is none; undefined when none is near. */
export const meantByName = (name: string, role: Role, commands: CommandSet): CommandSpec | undefined => {
  const names = commands.list(role).map((spec) => spec.name);
  const synonym = synonymOf(name);
  return commands.find((synonym !== null && names.includes(synonym) ? synonym : suggestion(name, names)) ?? '');
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
