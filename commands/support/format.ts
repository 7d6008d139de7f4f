import type { EpochMs, Fraction } from '../../src/core/units.ts';

/** Words for numbers, the same in every reply. Unknown is said, never shown as zero. */
export const UNKNOWN = 'unknown';

/** Rounded to nothing is zero without a sign. */
const grouped = (value: number, decimals: number): string =>
  new Intl.NumberFormat('en-GB', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay: 'negative',
  }).format(value);

/** Two decimals, thousands apart: "1,012.40". Null = "unknown". */
export const money = (value: number | null): string =>
  value === null || !Number.isFinite(value) ? UNKNOWN : grouped(value, 2);

/** As `money`, with its sign: "+2.31", "-0.40", "0.00". */
export const signedMoney = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  const text = grouped(Math.abs(value), 2);
  if (text === '0.00') return text;
  return `${value < 0 ? '-' : '+'}${text}`;
};

/** A price with the decimals its size calls for: 60,123.40 / 3.1416 / 0.00001234. */
export const price = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (Math.abs(value) >= 100) return grouped(value, 2);
  if (Math.abs(value) >= 1) return grouped(value, 4);
  return new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4, maximumFractionDigits: 10 }).format(value);
};

/** At most eight decimals, no trailing zeros. */
export const quantity = (value: number): string =>
  new Intl.NumberFormat('en-GB', { maximumFractionDigits: 8 }).format(value);

/** A fraction as percent: "0.42 %". Null = "unknown". */
export const percent = (fraction: Fraction | null, decimals = 2): string =>
  fraction === null || !Number.isFinite(fraction) ? UNKNOWN : `${grouped(fraction * 100, decimals)} %`;

/** As `percent`, with its sign. */
export const signedPercent = (fraction: Fraction | null, decimals = 2): string => {
  if (fraction === null || !Number.isFinite(fraction)) return UNKNOWN;
  const text = grouped(Math.abs(fraction) * 100, decimals);
  if (Number(text.replaceAll(',', '')) === 0) return `${text} %`;
  return `${fraction < 0 ? '-' : '+'}${text} %`;
};

/** A statistic that may rest on too few trades: null = "n/a". */
export const statistic = (value: number | null, render: (value: number) => string): string =>
  value === null || Number.isNaN(value) ? 'n/a' : render(value);

export const ratio = (value: number): string => (Number.isFinite(value) ? grouped(value, 2) : 'no loss yet');

/** Times in the operator's zone. */
export interface Times {
  readonly zone: string;
  /** "14:00" */
  time(at: EpochMs): string;
  /** "03 Aug" */
  day(at: EpochMs): string;
  /** "03 Aug 14:00", for narrow columns: the message says the zone elsewhere. */
  stamp(at: EpochMs): string;
  /** "03 Aug 14:00 Europe/Berlin" */
  zoned(at: EpochMs): string;
  /** "Times are Europe/Berlin.", under columns of them. */
  readonly note: string;
}

/** @throws RangeError for a zone the platform does not know. */
export const createTimes = (zone: string): Times => {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const calendar = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: 'short' });
  const time = (at: EpochMs): string => clock.format(at);
  // The platform writes "Sept"; three letters keep columns straight.
  const day = (at: EpochMs): string => calendar.format(at).replace('Sept', 'Sep');
  const stamp = (at: EpochMs): string => `${day(at)} ${time(at)}`;
  return { zone, time, day, stamp, zoned: (at) => `${stamp(at)} ${zone}`, note: `Times are ${zone}.` };
};

/** `BTC/USDT` as people say it in a narrow column: `BTC`. */
export const baseOf = (symbol: string): string => symbol.split('/')[0] ?? symbol;

/** The other half: `USDT`. */
export const quoteOf = (symbol: string): string => symbol.split('/')[1] ?? '';

/** A text cut to `width` characters, with an ellipsis where something is missing. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
