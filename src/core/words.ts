import { formatDecimal, toNumber, type Decimal } from './decimal.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Fraction, type Milliseconds } from './units.ts';

/**
 * Two decimals, thousands apart: "10,012.40", as in the replies to commands. Rounded to nothing it is zero without a
 * sign.
 */
export const money = (value: number): string =>
  value
    .toFixed(2)
    .replace(/^-(?=0\.00$)/, '')
    .replace(/\B(?=(\d{3})+\.)/g, ',');

/** As `money`, but a fraction of a cent in all its places: interest is no deposit of 0.00. */
export const amountText = (value: Decimal): string =>
  Number(toNumber(value).toFixed(2)) === 0 ? formatDecimal(value) : money(toNumber(value));

/** As `money`, with its sign: "+2.31", "-0.40", "0.00". */
export const signedMoney = (value: number): string => `${Number(value.toFixed(2)) > 0 ? '+' : ''}${money(value)}`;

/** A fraction as percent, with its sign: "+2.25 %", "-0.40 %", "0.00 %". */
export const signedPercent = (fraction: Fraction): string => {
  const text = (fraction * 100).toFixed(2);
  return Number(text) === 0 ? '0.00 %' : `${fraction > 0 ? '+' : ''}${text} %`;
};

/** "1 order", "2 orders"; `plural` where it is not the word with an s. */
export const counted = (count: number, word: string, plural = `${word}s`): string =>
  `${count} ${count === 1 ? word : plural}`;

/** A span, no longer than it has lasted: "65 s", "7 min", "2 h 05 min", "3 d 4 h". */
export const span = (milliseconds: Milliseconds): string => {
  const value = Math.max(0, milliseconds);
  if (value < 2 * MINUTE_MS) return `${Math.floor(value / SECOND_MS)} s`;
  if (value < HOUR_MS) return `${Math.floor(value / MINUTE_MS)} min`;
  if (value < DAY_MS)
    return `${Math.floor(value / HOUR_MS)} h ${String(Math.floor((value % HOUR_MS) / MINUTE_MS)).padStart(2, '0')} min`;
  return `${Math.floor(value / DAY_MS)} d ${Math.floor((value % DAY_MS) / HOUR_MS)} h`;
};

/** A moment to the minute, in UTC, as `2026-12-01 02:50`; the reader is told beside it that it is UTC. */
export const utcMinute = (at: EpochMs): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** A price for people: enough decimals to tell it apart, no more. */
export const price = (value: Decimal): string => {
  const number = toNumber(value);
  if (number >= 1000) return money(number);
  const text = number.toPrecision(6);
  const mark = text.indexOf('e');
  // Six digits all the same, written out.
  return mark < 0 ? text : number.toFixed(5 - Number(text.slice(mark + 1)));
};

/** That nothing is held, in all or of one symbol. */
export const noPosition = (symbol: string | null): string =>
  symbol === null ? 'There are no open positions.' : `There is no open position in ${symbol}.`;

/** Room on a disk: "0.9 GiB"; "12 MiB" where that would be "0.0 GiB". */
export const sizeText = (bytes: number): string =>
  bytes < 1024 ** 3 / 10 ? `${Math.floor(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/**
 * New books before their first start, which may wait for the exchange: one wording for replies, refusals and what is
 * kept for later.
 */
export const STARTING = {
  title: 'The bot is still starting',
  why: 'It waits for the exchange and trades nothing',
} as const;

/** The first sentence without its full stop, and the rest, which may be empty. A point within a figure ends none. */
export const firstSentence = (text: string): readonly [first: string, rest: string] => {
  const [, first = text, rest = ''] = /^(.*?)\.(?:\s+(.*))?$/s.exec(text) ?? [];
  return [first, rest];
};
