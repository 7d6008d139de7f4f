/**
 * Units that the type checker keeps apart. A number that means a time, a span
 * or a fraction says so in its type.
 */
declare const unit: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z. Which clock (market or wall) is said where it is used. */
export type EpochMs = number & { readonly [unit]?: 'epoch-ms' };

/** A span of time in milliseconds. */
export type Milliseconds = number & { readonly [unit]?: 'ms' };

/** A ratio: 0.02 means two percent. Never a percentage, never a string. */
export type Fraction = number & { readonly [unit]?: 'fraction' };

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
