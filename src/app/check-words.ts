import type { DenialCode } from '../core/guardian/denial.ts';

type Kind = 'text' | 'fraction' | 'time' | 'milliseconds' | 'seconds' | 'count' | 'times';

interface Words {
  /** What the check makes sure of. */
  readonly words: string;
  readonly limit: Kind;
  readonly value: Kind;
}

const words = (text: string, limit: Kind = 'text', value: Kind = limit): Words => ({ words: text, limit, value });

/** Each rule of the pre-trade check in the words of what it makes sure of; DENIALS has those of its refusal. */
const CHECKS: Readonly<Record<DenialCode, Words>> = {
  'state-halted': words('Trading is not halted'),
  'state-reducing': words('Entries are allowed'),
  'symbol-locked': words('No lock on this symbol'),
  'clock-unknown': words('Exchange clock agrees', 'milliseconds'),
  'baseline-unknown': words("The day's baseline is known"),
  'instrument-not-trading': words('The exchange trades it'),
  'position-exists': words('No position yet', 'count'),
  'order-in-flight': words('No order under way', 'count'),
  'resting-after-stop': words('Not resting after a stop-out', 'time'),
  'signal-expired': words('Signal of the newest candle', 'time'),
  'entry-repeated': words('Signal not traded before', 'time'),
  'entry-throttle': words('Entries within the hour', 'count'),
  'equity-unknown': words('Equity is known'),
  'price-unknown': words('Price is fresh and sound', 'seconds', 'text'),
  'spread-collar': words('Spread is narrow', 'fraction'),
  'price-collar': words('Limit near the last trade', 'fraction'),
  'risk-per-trade': words('Risk per trade', 'fraction', 'text'),
  'exposure-symbol': words('Exposure of the symbol', 'fraction', 'text'),
  'exposure-gross': words('Gross exposure', 'fraction', 'text'),
  leverage: words('Leverage', 'times', 'text'),
  cash: words('Cash for cost and fees'),
  'loss-budget': words('Loss budget of the day', 'fraction', 'text'),
  'instrument-filter': words("The exchange's filters"),
  unprotectable: words('A stop can be placed'),
  'order-side': words('Side fits the purpose'),
  'reduce-only': words('Not larger than the position'),
};

const percent = (fraction: number): string => `${Number((fraction * 100).toPrecision(4))} %`;

const show = (kind: Kind, value: number | string | null): string => {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  switch (kind) {
    case 'fraction':
      return percent(value);
    case 'time':
      return new Date(value).toISOString().slice(5, 16).replace('T', ' ');
    case 'milliseconds':
      return `${Math.round(value)} ms`;
    case 'seconds':
      return `${value} s`;
    case 'times':
      return `${value}x`;
    case 'count':
    case 'text':
      return String(Number(value.toPrecision(8)));
  }
};

/** A check as people read it; an unknown code keeps its name. */
export const readCheck = (check: {
  readonly ok: boolean;
  readonly code: string;
  readonly limit: number | string | null;
  readonly value: number | string | null;
}) => {
  const known = (CHECKS as Readonly<Record<string, Words>>)[check.code] ?? words(check.code);
  return {
    ok: check.ok,
    code: check.code,
    words: known.words,
    limit: show(known.limit, check.limit),
    value: show(known.value, check.value),
  };
};

/** A step of the sizing in words. */
export const stepWords = (rule: string): string =>
  rule === 'lot' ? 'Rounded down to the lot' : ((CHECKS as Readonly<Record<string, Words>>)[rule]?.words ?? rule);
