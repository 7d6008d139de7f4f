import { z } from 'zod';
import { LOCKS, type LockKind } from '../../core/guardian/lock.ts';

/**
 * Readers of single values: text from the environment -> typed value. A fault's
 * message continues the words "KEY=value ..." and says what would be right.
 */
type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

export const good = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const bad = (fault: string): Parsed<never> => ({ ok: false, fault });

/** A schema of one key: absent (or empty, as an untouched line of `.env` is) gives the fallback. */
export const key = <T, F = T>(fallback: F, parse: (text: string) => Parsed<T>): z.ZodType<T | F, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, context): T | F => {
      const trimmed = text?.trim() ?? '';
      if (trimmed === '') return fallback;
      const parsed = parse(trimmed);
      if (parsed.ok) return parsed.value;
      context.addIssue({ code: 'custom', message: parsed.fault });
      return z.NEVER;
    });

export const choice =
  <const T extends readonly string[]>(...allowed: T) =>
  (text: string): Parsed<T[number]> => {
    const found = allowed.find((item) => item === text);
    return found === undefined ? bad(`is not one of ${allowed.join(', ')}`) : good(found);
  };

export const flag = (text: string): Parsed<boolean> =>
  text === 'true' ? good(true) : text === 'false' ? good(false) : bad('is neither true nor false');

/** Plain decimal notation only: "2%" , "0,02" and "1e-2" each get told the right spelling. */
export const plainNumber = (text: string): Parsed<number> => {
  if (/^-?(\d+\.?\d*|\.\d+)$/.test(text)) return good(Number(text));
  if (/^-?\d+,\d+$/.test(text)) return bad(`is not a number; write ${text.replace(',', '.')}`);
  return bad('is not a number in plain digits, such as 0.02 or 300');
};

export const wholeNumber =
  (least: number, most: number) =>
  (text: string): Parsed<number> => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? good(value) : bad(`is not a whole number from ${least} to ${most}`);
  };

export const numberAbove =
  (bound: number, most: number) =>
  (text: string): Parsed<number> => {
    const parsed = plainNumber(text);
    if (!parsed.ok) return parsed;
    return parsed.value > bound && parsed.value <= most
      ? parsed
      : bad(`is not a number above ${bound} and at most ${most}`);
  };

const split = (text: string): readonly string[] => text.split(',').map((item) => item.trim());

export const listOf =
  <T>(parseItem: (item: string) => Parsed<T>, most: number) =>
  (text: string): Parsed<readonly T[]> => {
    const items = split(text);
    if (items.length > most) return bad(`lists ${items.length}, more than ${most}`);
    const values: T[] = [];
    const seen = new Map<string, string>();
    for (const item of items) {
      const parsed = parseItem(item);
      if (!parsed.ok)
        return bad(
          item === '' ? 'has an empty item; separate items with single commas' : `: "${item}" ${parsed.fault}`,
        );
      // By what it means, not by how it is written: 7 and 07 are one person.
      const meaning = JSON.stringify(parsed.value);
      const first = seen.get(meaning);
      if (first !== undefined)
        return bad(first === item ? `lists ${item} twice` : `lists ${first} twice, as ${first} and as ${item}`);
      seen.set(meaning, item);
      values.push(parsed.value);
    }
    return good(values);
  };

export const userId = (text: string): Parsed<number> => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return value > 0
    ? good(value)
    : bad('is not a numeric user id, such as 123456789 (user names do not work: they can change hands)');
};

/** A group where commands work, or one topic of it. */
export interface ChatPlace {
  readonly chatId: number;
  /** null = the whole group. */
  readonly topicId: number | null;
}

export const chatPlace = (text: string): Parsed<ChatPlace> => {
  const match = /^(-\d{1,15})(?::(\d{1,10}))?$/.exec(text);
  if (match === null) return bad('is not a group id such as -1001234567890, nor a topic such as -1001234567890:42');
  return good({ chatId: Number(match[1]), topicId: match[2] === undefined ? null : Number(match[2]) });
};

export const symbolName = (text: string): Parsed<string> => {
  const match = /^([A-Z0-9]{2,20})\/([A-Z0-9]{2,10})$/.exec(text);
  if (match === null) return bad('is not a symbol such as BTC/USDT');
  if (match[2] !== 'USDT') return bad(`is not quoted in USDT; every symbol has to be, such as ${match[1]}/USDT`);
  return match[1] === 'USDT' ? bad('has the same coin on both sides') : good(text);
};

/** A coin's name, such as BNB. */
export const coinName = (text: string): Parsed<string> =>
  /^[A-Z0-9]{2,20}$/.test(text) ? good(text) : bad('is not a coin such as BNB');

/** What a person sets by a command closes positions by a command, /flatten, which asks first. */
const MAY_FLATTEN = (Object.keys(LOCKS) as LockKind[]).filter(
  (kind) => kind !== 'operator-pause' && kind !== 'operator-halt',
);

export const lockThatMayFlatten = (text: string): Parsed<LockKind> => choice(...MAY_FLATTEN)(text);

/** A value of Host: a name or address with or without a port. */
export const siteName = (text: string): Parsed<string> =>
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text)
    ? good(text.toLowerCase())
    : bad('is not a host name such as bot.example.org or bot.example.org:8443');

const webAddress = (text: string): URL | null => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
};

export const webUrl = (text: string): Parsed<string> =>
  webAddress(text) === null ? bad('is not an address that begins with https:// or http://') : good(text);

/** Scheme, host and port alone, without a trailing slash. */
export const originUrl = (text: string): Parsed<string> => {
  const url = webAddress(text);
  if (url === null) return bad('is not an address such as http://127.0.0.1:9000');
  const bare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  return bare ? good(url.origin) : bad(`has more than scheme, host and port; write ${url.origin}`);
};

export const clockTime = (text: string): Parsed<string> =>
  /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? good(text) : bad('is not a time HH:MM from 00:00 to 23:59, such as 08:00');

export const timeZone = (text: string): Parsed<string> => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return good(text);
  } catch {
    return bad('is not a known time zone, such as UTC or Europe/Berlin');
  }
};

/** A day or an hour in UTC: 2024-08-01 or 2024-08-01T12:00Z -> epoch milliseconds on the hour. */
export const marketHour = (text: string): Parsed<number> => {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}):00(?::00)?Z)?$/.exec(text);
  const at = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00'}:00:00Z`);
  const real = Number.isFinite(at) && new Date(at).toISOString().startsWith(match?.[1] ?? '-');
  return real ? good(at) : bad('is not a day or a full hour in UTC, such as 2024-08-01 or 2024-08-01T12:00Z');
};

/**
 * Any text that could be a file or folder. A shell's `~` or `$NAME` is refused: no shell expands it here, and it would
 * make a folder of that very name.
 */
export const path = (text: string): Parsed<string> => {
  if (text.includes('\0') || text.length > 4096) return bad('is not a path');
  const shorthand = /^~(?=\/|$)|\$\{?\w+\}?/.exec(text)?.[0];
  if (shorthand === undefined) return good(text);
  return bad(
    `${shorthand === '~' ? 'begins with' : 'holds'} ${shorthand}, which means nothing here and would make a folder of that name; write the path out`,
  );
};

/**
 * A path, but not `:memory:`: under that name SQLite keeps a database that is gone with the process, locks and
 * positions included.
 */
export const databasePath = (text: string): Parsed<string> =>
  text === ':memory:'
    ? bad('is not the path of a file, such as data/live.db: what is written there would not be kept')
    : path(text);

/** Every secret is long enough that redacting it does not blank out ordinary words. */
export const secretText =
  (pattern: RegExp, wanted: string) =>
  (text: string): Parsed<string> =>
    pattern.test(text) ? good(text) : bad(`is not ${wanted}`);
