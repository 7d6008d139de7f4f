import { DAY_MS, HOUR_MS, MINUTE_MS, type Milliseconds } from '../../src/core/units.ts';
import { cut } from './format.ts';
import type { ArgumentParser, Parsed } from './command.ts';

const shown = (text: string): string => `"${cut(text, 40)}"`;

export const none: ArgumentParser<null> = (text) =>
  text === '' ? { ok: true, value: null } : { ok: false, help: `takes no argument, got ${shown(text)}` };

/** Anything up to `limit` characters; line breaks become blanks. */
export const freeText =
  (limit: number): ArgumentParser<string> =>
  (text) =>
    text.length <= limit
      ? { ok: true, value: text.replace(/\s+/g, ' ') }
      : { ok: false, help: `the text has ${text.length} characters, at most ${limit} fit` };

/** One word of a list; nothing = the first of them. */
export const choice =
  <Word extends string>(words: readonly [Word, ...Word[]]): ArgumentParser<Word> =>
  (text) => {
    const word = text === '' ? words[0] : words.find((candidate) => candidate === text.toLowerCase());
    return word === undefined
      ? { ok: false, help: `${shown(text)} is none of ${words.join(', ')}` }
      : { ok: true, value: word };
  };

/** A whole number in words. */
export const parseCount = (text: string, from: number, to: number): Parsed<number> => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to
    ? { ok: true, value }
    : { ok: false, help: `${shown(text)} is not a whole number from ${from} to ${to}` };
};

export const count =
  (otherwise: number, from: number, to: number): ArgumentParser<number> =>
  (text) =>
    text === '' ? { ok: true, value: otherwise } : parseCount(text, from, to);

export interface Page {
  readonly size: number;
  /** From 1. */
  readonly page: number;
}

/** `[n] [page]`: how many on a page and, from the buttons, which page. */
export const page =
  (otherwise: number, most: number): ArgumentParser<Page> =>
  (text) => {
    const [size = String(otherwise), number = '1', ...rest] = text === '' ? [] : text.split(/\s+/);
    if (rest.length > 0) return { ok: false, help: `takes at most two numbers, got ${shown(text)}` };
    const parsedSize = parseCount(size, 1, most);
    if (!parsedSize.ok) return parsedSize;
    const parsedPage = parseCount(number, 1, 100_000);
    return parsedPage.ok ? { ok: true, value: { size: parsedSize.value, page: parsedPage.value } } : parsedPage;
  };

const UNIT_MS: Readonly<Record<string, Milliseconds>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `30m`, `2h`, `1d`, or in words: `2 hours`. */
export const parseDuration = (text: string, most: Milliseconds): Parsed<Milliseconds> => {
  const match = /^(\d{1,5})\s*(?:(m)(?:ins?|inutes?)?|(h)(?:rs?|ours?)?|(d)(?:ays?)?)$/.exec(text.toLowerCase());
  const value = match === null ? 0 : Number(match[1]) * (UNIT_MS[match[2] ?? match[3] ?? match[4] ?? ''] ?? 0);
  return value > 0 && value <= most
    ? { ok: true, value }
    : {
        ok: false,
        help: `${text === '' ? 'takes a duration' : `${shown(text)} is no duration`} like 30m, 2h or 1d, up to ${Math.round(most / DAY_MS)}d`,
      };
};

/** A name like `BTC`, `btc/usdt` or `BTCUSDT` against the traded symbols. */
export const matchSymbol = (text: string, symbols: readonly string[]): Parsed<string> => {
  const wanted = text.toUpperCase().replace(/[-_]/g, '/');
  const found = symbols.find(
    (symbol) => symbol === wanted || symbol.replace('/', '') === wanted || symbol.split('/')[0] === wanted,
  );
  return found === undefined
    ? { ok: false, help: `${shown(text)} is not traded; traded are ${symbols.join(', ')}` }
    : { ok: true, value: found };
};
