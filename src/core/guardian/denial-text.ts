import type { EpochMs } from '../units.ts';
import { utcMinute } from '../words.ts';
import type { Denial, DenialCode } from './denial.ts';

type Shown = Denial['limit'];

/**
 * "2024-01-01 04:10 UTC". The engine knows no zone; whoever shows a time in another one has the figures of the check.
 */
const moment = (at: EpochMs): string => `${utcMinute(at)} UTC`;

/** At most six significant digits, never an exponent. */
const plain = (value: Shown): string => {
  if (value === null) return 'unknown';
  if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : 'no number';
  return /^-?\d+\.\d{9,}$/.test(value) ? value.slice(0, value.indexOf('.') + 9) : value;
};

const when = (value: Shown): string => (typeof value === 'number' ? moment(value) : plain(value));
const percent = (value: Shown): string =>
  typeof value === 'number' && Number.isFinite(value) ? `${Number((value * 100).toPrecision(4))} %` : plain(value);
const milliseconds = (value: Shown): string => (typeof value === 'number' ? `${Math.round(value)} ms` : plain(value));

const held = ({ value }: Denial): string => `the lock ${plain(value)} is held`;
const room = ({ limit, value }: Denial): string =>
  `limit ${percent(limit)}, room for ${plain(value)} units is too little to trade`;
const filter = ({ limit, value }: Denial): string => `limit ${plain(limit)}, value ${plain(value)}`;

/** What was refused and why, with the limit and the value in their units. */
const WORDS: Readonly<Record<DenialCode, (denial: Denial) => string>> = {
  'state-reducing': held,
  'state-halted': held,
  'symbol-locked': held,
  'equity-unknown': () => 'equity is not known',
  'baseline-unknown': () => "the day's baseline is not known yet",
  'clock-unknown': ({ limit, value }) =>
    `clocks may differ by ${milliseconds(limit)}, difference ${milliseconds(value)}`,
  'price-unknown': ({ value }) =>
    value === null ? 'the price is missing or stale' : `no sound price, last ${plain(value)}`,
  'position-exists': () => 'there is a position already',
  'order-in-flight': () => 'an order is not settled yet',
  'resting-after-stop': ({ limit }) => `until ${when(limit)}`,
  'exposure-gross': room,
  'exposure-symbol': room,
  leverage: ({ limit, value }) => `limit ${plain(limit)}x, room for ${plain(value)} units is too little to trade`,
  cash: ({ value }) => `cash for ${plain(value)} units is too little to trade`,
  'loss-budget': room,
  'risk-per-trade': room,
  'signal-expired': ({ limit, value }) => `newest candle of ${when(limit)}, signal of ${when(value)}`,
  'entry-throttle': ({ limit, value }) => `${plain(value)} entries within the hour, limit ${plain(limit)}`,
  'entry-repeated': ({ value }) => `the signal of ${when(value)} has been traded`,
  'price-collar': ({ limit, value }) => `${percent(value)} from the last trade, limit ${percent(limit)}`,
  'spread-collar': ({ limit, value }) => `spread ${percent(value)}, limit ${percent(limit)}`,
  'instrument-filter': filter,
  unprotectable: filter,
  'instrument-not-trading': ({ value }) => `${plain(value)} is not traded now`,
  'order-side': filter,
  'reduce-only': ({ limit, value }) =>
    value === '0'
      ? `${plain(limit)} by the books, and no lot of it on the exchange's account`
      : filter({ code: 'reduce-only', limit, value }),
};

/** A denial in one line, its code first: "resting-after-stop: until 2024-01-01 04:10 UTC". */
export const denialText = (denial: Denial): string => `${denial.code}: ${WORDS[denial.code](denial)}`;
