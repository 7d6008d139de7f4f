import type { CommandSpec } from '../../ports/chat.ts';

/** The command of a name, where there is one. */
export type Find = (name: string) => CommandSpec | undefined;

export interface ParsedCommand {
  readonly name: string;
  /** The bot that it names, in lower case; null when it names none. */
  readonly mention: string | null;
  readonly argumentsText: string;
}

/** A command with what stands behind it; null when the text is none. */
export const parseCommand = (text: string): ParsedCommand | null => {
  const match = /^\/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+([\s\S]*))?$/.exec(text.trim());
  return match === null
    ? null
    : { name: (match[1] ?? '').toLowerCase(), mention: match[2]?.toLowerCase() ?? null, argumentsText: match[3] ?? '' };
};

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
