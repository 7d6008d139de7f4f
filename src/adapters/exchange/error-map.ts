import type { Milliseconds } from '../../core/units.ts';
import type { VenueError, VenueErrorKind } from '../../ports/venue.ts';

/** What is known of a call that did not succeed. */
export type FailureFacts =
  /** The request never left: the library refused it, or no connection came about. */
  | { readonly phase: 'not-sent'; readonly code: string; readonly message: string }
  /** It may have left, and no whole answer came. */
  | { readonly phase: 'no-answer'; readonly code: string; readonly message: string }
  /** The exchange, or something before it, answered. */
  | {
      readonly phase: 'answered';
      readonly status: number;
      /** The exchange's own code, e.g. "-2010"; null when the body has none. */
      readonly code: string | null;
      /** The exchange's own words. */
      readonly message: string;
      readonly retryAfter: Milliseconds | null;
      /** The client library's error class. Last resort: it loses what the other fields say. */
      readonly library: string;
    };

type Answered = Extract<FailureFacts, { phase: 'answered' }>;

interface Row {
  readonly id: string;
  readonly when: (facts: Answered) => boolean;
  readonly kind: VenueErrorKind;
}

const coded =
  (...codes: readonly string[]): ((facts: Answered) => boolean) =>
  ({ code }) =>
    code !== null && codes.includes(code);
const status =
  (...statuses: readonly number[]): ((facts: Answered) => boolean) =>
  (facts) =>
    statuses.includes(facts.status);
const between =
  (low: number, high: number): ((facts: Answered) => boolean) =>
  ({ code }) => {
    const value = Number(code);
    return code !== null && value <= low && value >= high;
  };

/**
 * The one table from what the exchange answered to what it means for us; the first row that
 * fits counts, and every row has a test. Status and exchange code come before the library's class,
 * because the library loses the difference:
 * - after one good authentication it takes -2015 (key or permission) for a rate limit, which looks retryable;
 * - a 503 with code -1 becomes a plain ExchangeError, which looks like a refusal, while the order may be in the book;
 * - 429 and 418 become DDoSProtection without their Retry-After.
 * Whatever no row knows is `unknown`: it is looked up and never sent again blindly.
 */
export const ERROR_ROWS: readonly Row[] = [
  // Limits come with their own status; nothing was done.
  { id: '429 too many requests, 418 banned', when: status(429, 418), kind: 'rate-limited' },
  // "It is important not to treat this as a failure operation; the execution status is unknown."
  { id: '5xx, whatever code it carries', when: ({ status: value }) => value >= 500, kind: 'unknown' },
  {
    id: '-1000 unknown error, -1001 disconnected, -1006 unexpected response, -1007 time-out inside the exchange',
    when: coded('-1000', '-1001', '-1006', '-1007'),
    kind: 'unknown',
  },
  {
    id: '-1003 too many requests, -1015 too many orders, -1034 too many connections',
    when: coded('-1003', '-1015', '-1034'),
    kind: 'rate-limited',
  },
  { id: '-1004 busy, -1008 overloaded, -1016 shutting down', when: coded('-1004', '-1008', '-1016'), kind: 'unknown' },
  { id: '-1021 timestamp outside the receive window', when: coded('-1021'), kind: 'clock-skew' },
  {
    id: '-1002 unauthorised, -1022 bad signature, -1099, -2008, -2014, -2015 key or permission',
    when: coded('-1002', '-1022', '-1099', '-2008', '-2014', '-2015'),
    kind: 'authentication',
  },
  // Our id is in the book already: an earlier send of the same intent arrived after all. The matching engine's words
  // come under either code.
  {
    id: '-2010 or -1010 duplicate order',
    when: (facts) => (facts.code === '-2010' || facts.code === '-1010') && /duplicate/i.test(facts.message),
    kind: 'unknown',
  },
  { id: '-2010 new order rejected (funds, market closed)', when: coded('-2010'), kind: 'refused' },
  {
    id: '-2011 cancel rejected, -2013 no such order, -2026 archived',
    when: coded('-2011', '-2013', '-2026'),
    kind: 'refused',
  },
  {
    id: '-1010 to -1099: message received but refused (filters, order composition)',
    when: between(-1010, -1099),
    kind: 'refused',
  },
  { id: '-1121 invalid symbol: a market that is not listed, or no longer', when: coded('-1121'), kind: 'unlisted' },
  { id: '-1100 to -1199: parameters', when: between(-1100, -1199), kind: 'refused' },
  { id: '401 without a code', when: status(401), kind: 'authentication' },
  // The firewall before the exchange: nothing reached it.
  { id: '403 firewall', when: status(403), kind: 'rate-limited' },
  { id: '451 restricted location', when: status(451), kind: 'refused' },
  {
    id: 'an answer of success that is not one (redirect, or unreadable)',
    when: ({ status: value }) => value < 400,
    kind: 'malformed',
  },
];

/** What a failed call means. The message is in words, without addresses; the caller redacts it all the same. */
export const classify = (facts: FailureFacts): VenueError => {
  switch (facts.phase) {
    case 'not-sent':
      return {
        kind:
          facts.code === 'AuthenticationError'
            ? 'authentication'
            : facts.code.startsWith('Library')
              ? 'refused'
              : 'unreachable',
        code: facts.code,
        message: facts.message,
        retryAfter: null,
      };
    case 'no-answer':
      return { kind: 'unknown', code: facts.code, message: facts.message, retryAfter: null };
    case 'answered': {
      const kind = ERROR_ROWS.find((row) => row.when(facts))?.kind ?? 'unknown';
      const code = facts.code ?? String(facts.status);
      const message = facts.message === '' ? `the exchange answered ${facts.status} (${facts.library})` : facts.message;
      const limited = kind === 'rate-limited';
      return { kind, code, message, retryAfter: limited ? facts.retryAfter : null, ...(limited ? mayGo(facts) : {}) };
    }
  }
};

/** What does not have to wait for this limit, if not everything has to. */
const mayGo = ({ status: given, code }: Answered): Pick<VenueError, 'urgentMayGo' | 'ordersOnly'> =>
  given === 403 ? { urgentMayGo: true } : isOrdersLimit(given, code) ? { ordersOnly: true } : {};

/**
 * Whether it is orders that the exchange counts too many of, which concerns nothing but orders; a ban concerns
 * everything.
 */
export const isOrdersLimit = (status: number, code: string | null): boolean => code === '-1015' && status !== 418;

/**
 * Whether an answer asks for slowness. A 403 with a code is the exchange's own word on something else; without one it
 * is the firewall before it.
 */
export const isLimit = (status: number, code: string | null): boolean =>
  status === 429 || status === 418 || (status === 403 && code === null);

/** The exchange's longest ban. Whatever a proxy writes there, stops and exits are not held back for longer. */
const LONGEST_PAUSE: Milliseconds = 3 * 24 * 3_600_000;

/**
 * Longest wait for a limit on new orders. Those that are filled are taken off a whole day's count, so that a stop or an
 * exit may be taken again long before its end. Source: Binance spot API, unfilled order count.
 */
const LONGEST_ORDERS_PAUSE: Milliseconds = 60_000;

/**
 * How long an answer asks us to wait: by its header, else by its words; null = it does not say. `exchangeNow`: see
 * parseStatedWait.
 */
export const waitAsked = (answer: {
  readonly status: number;
  readonly header: string | undefined;
  readonly code: string | null;
  readonly message: string;
  readonly exchangeNow: number;
}): Milliseconds | null => {
  const { status: given, header, code, message, exchangeNow } = answer;
  // A ban lasts as long as it says, whatever code it came with.
  const wait =
    parseRetryAfter(header, exchangeNow) ?? parseStatedWait(given === 418 ? null : code, message, exchangeNow);
  return isOrdersLimit(given, code) ? Math.min(wait ?? LONGEST_ORDERS_PAUSE, LONGEST_ORDERS_PAUSE) : wait;
};

/**
 * Retry-After in either of its forms, seconds or a date of the exchange's own clock; null when absent, nonsense, or no
 * wait at all: whoever refuses wants one.
 */
export const parseRetryAfter = (header: string | undefined, exchangeNow: number): Milliseconds | null => {
  if (header === undefined) return null;
  const text = header.trim();
  const isSeconds = /^\d{1,9}(\.\d+)?$/.test(text);
  // A date names its day and its month. JavaScript takes "-5" for one as well, of a year that is over.
  const wait = isSeconds
    ? Math.ceil(Number(text) * 1_000)
    : /[a-z]/i.test(text)
      ? Date.parse(text) - exchangeNow
      : Number.NaN;
  return wait > 0 ? Math.min(wait, LONGEST_PAUSE) : null;
};

/**
 * The shortest window in which orders are counted, where an answer does not name one. Source: exchangeInfo, rateLimits.
 */
export const ORDERS_WINDOW: Milliseconds = 10_000;

/**
 * How long to wait by the exchange's own words, for an answer without Retry-After; null when they do not say. The
 * window of one that refuses too many orders is seconds long: a longer wait would leave a position bare. From a ban the
 * header may get lost on the way. `exchangeNow`: its wall clock, by the answer's own date where it has one.
 */
export const parseStatedWait = (code: string | null, message: string, exchangeNow: number): Milliseconds | null => {
  if (code === '-1015') {
    const [, count, unit] = /per (\d{1,2}) ?([a-z]+)/i.exec(message) ?? [];
    return count === undefined ? ORDERS_WINDOW : /^second/i.test(unit ?? '') ? Number(count) * 1_000 : null;
  }
  const left = Number(/banned until (\d{13})\b/i.exec(message)?.[1] ?? Number.NaN) - exchangeNow;
  return left > 0 ? Math.min(left, LONGEST_PAUSE) : null;
};
