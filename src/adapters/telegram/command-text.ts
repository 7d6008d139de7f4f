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
