/**
 * Units that the type checker keeps apart. A number that means a time, a span
 * or a fraction says so in its type.
 */
declare const unit: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z. Which clock (market or wall) is said where it is used. */
export type EpochMs = number & { readonly [unit]?: 'epoch-ms' };

declare const clock: unique symbol;

/** A moment of the market's clock, which rules candles, days and limits. Not to be taken for one of the wall's. */
export type MarketMs = EpochMs & { readonly [clock]?: 'market' };

/** A moment of the wall's clock, which rules retries, unknown outcomes and spans without protection. */
export type WallMs = EpochMs & { readonly [clock]?: 'wall' };

/** A span of time in milliseconds. */
export type Milliseconds = number & { readonly [unit]?: 'ms' };

/** A ratio: 0.02 means two percent. Never a percentage, never a string. */
export type Fraction = number & { readonly [unit]?: 'fraction' };

/** Equity in quote currency, as it is. */
export type Equity = number & { readonly [unit]?: 'equity' };

/** What equity is held against, in quote currency: the day's baseline, or the high-water mark. */
export type Mark = number & { readonly [unit]?: 'mark' };

/** The part of equity, in quote currency, that rests on price rises which no second price has confirmed yet. */
export type Disbelieved = number & { readonly [unit]?: 'disbelieved' };

/** A market symbol in the common form BASE/QUOTE, e.g. `BTC/USDT`. */
export type SymbolName = string;

/** The only timeframe: one hour. */
export const HOUR_MS: Milliseconds = 3_600_000;
export const MINUTE_MS: Milliseconds = 60_000;
export const SECOND_MS: Milliseconds = 1_000;
export const DAY_MS: Milliseconds = 86_400_000;

/** Start (00:00 UTC) of the day that holds `at`. Epoch days have no leap seconds, so this is exact. */
export const utcDayStart = (at: EpochMs): EpochMs => Math.floor(at / DAY_MS) * DAY_MS;

/** Start of the hour that holds `at`. */
export const hourStart = (at: EpochMs): EpochMs => Math.floor(at / HOUR_MS) * HOUR_MS;

/** Ends an exhaustive switch: a new member of the union fails to compile here, and at run time it throws. */
export const assertNever = (value: never, what: string): never => {
  throw new Error(`unhandled ${what}: ${JSON.stringify(value)}`);
};
