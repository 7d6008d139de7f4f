/**
 * Every reason for which an order is cut or denied. The table in
 * docs/guardian.md is generated from here.
 */
export const DENIALS = {
  'state-reducing': 'a lock allows exits only',
  'state-halted': 'a lock has halted trading',
  'symbol-locked': 'a lock of this symbol allows exits only',
  'equity-unknown':
    'equity is not known: cash or a price of a position is missing or stale, or the newest try to read the account failed',
  'baseline-unknown': "the day's baseline is not known yet",
  'clock-unknown': 'the difference to the exchange clock is not known, too old or too large',
  'price-unknown': 'the price of the symbol is missing or stale',
  'position-exists': 'one position per symbol, no adding',
  'order-in-flight': 'an order of this symbol is not settled yet',
  'resting-after-stop': 'the symbol rests after a stop-out',
  'exposure-gross': 'gross exposure would pass its cap',
  'exposure-symbol': "the symbol's exposure would pass its cap",
  leverage: 'gross exposure over equity would pass the leverage ceiling',
  cash: 'not enough free cash for cost and fees',
  'loss-budget': "the loss at all stops would pass the day's budget",
  'risk-per-trade': 'the loss at its stop would pass the risk per trade',
  'signal-expired': 'the signal does not belong to the newest closed candle',
  'entry-throttle': 'too many entries within an hour',
  'entry-repeated': 'the same signal has been traded already',
  'price-collar': 'the entry price is too far from the last trade',
  'spread-collar': 'the spread is too wide',
  'instrument-filter': "the exchange's filters do not allow the order",
  unprotectable: "the exchange's filters would not allow a protective stop for the position",
  'instrument-not-trading': 'the exchange does not trade the symbol now',
  'order-side': 'the side does not fit the purpose of the order',
  'reduce-only': 'an exit may not be larger than the position',
} as const;

export type DenialCode = keyof typeof DENIALS;

/** A refusal: which rule, its limit and the value that met it. Null where the value is not known. */
export interface Denial {
  readonly code: DenialCode;
  readonly limit: number | string | null;
  readonly value: number | string | null;
}

/** One line of the pre-trade check as it went, for explanations. */
export interface Check extends Denial {
  readonly ok: boolean;
}
