import { MOST_TAKEN_BACK } from '../guardian/rolling-window.ts';
import type { HourlyPrices } from '../guardian/volatility.ts';
import type { Limits } from '../risk/limits.ts';
import type { PolicyTerms } from '../strategy/policy.ts';
import type { EpochMs, SymbolName } from '../units.ts';
import type { Barriers } from './resting-positions.ts';

/** The hours that are looked at together: what the market and the model say of them, and what is handed back. */

/**
 * One symbol's hourly candles, oldest first, with the model's answer for each (NaN = none), and what a poll would
 * quote.
 */
export interface QuietSeries extends HourlyPrices {
  readonly symbol: SymbolName;
  readonly openTime: Float64Array;
  readonly probability: Float32Array;
  /** Why there is no answer where there is none. */
  readonly failure: string;
  /** The price at or below which an order that rests at the exchange would act; minus infinity while none does. */
  readonly alarm: () => number;
  /** Best bid and ask at a last price: not above it and not below, so that the book bears it out. */
  readonly bid: (last: number) => number;
  readonly ask: (last: number) => number;
}

/** A stretch of full hours of all symbols of the engine. */
export interface Stretch {
  readonly series: readonly QuietSeries[];
  /** Per series: the row of the candle that opens at `from`. */
  readonly rows: Int32Array;
  readonly from: EpochMs;
  /** Exclusive. */
  readonly to: EpochMs;
  /**
   * Whether low, high and close of the hour before `from` are still to be told by the poll at `from`: as they are while
   * a position is held.
   */
  readonly told: boolean;
  /**
   * With a position: whether nothing happens between the lows and highs of the `index`-th hour, as the state is by
   * then.
   */
  readonly crossesNothing: (index: number) => boolean;
  /** Hours that were passed, again and again in the same block. */
  readonly passed: (block: QuietBlock) => void;
  readonly block: QuietBlock;
}

/** Some hours in a row, looked at and passed together. */
export interface QuietBlock {
  from: EpochMs;
  hours: number;
  /** By hour: equity and the part of it that is not cash, in quote currency. */
  readonly equity: Float64Array;
  readonly exposure: Float64Array;
  /**
   * Symbols without an answer of the model, and those of the others that are held, all hours together. All others had a
   * decision without an edge.
   */
  unanswered: number;
  holding: number;
}

/** What several symbols have taken before one of them says no is taken back. */
export const LONGEST_BLOCK = MOST_TAKEN_BACK;

export const createQuietBlock = (): QuietBlock => ({
  from: 0,
  hours: 0,
  equity: new Float64Array(LONGEST_BLOCK),
  exposure: new Float64Array(LONGEST_BLOCK),
  unanswered: 0,
  holding: 0,
});

/** What an hour is held against. */
export interface Rules {
  readonly terms: PolicyTerms;
  readonly limits: Limits;
  readonly positions: readonly Barriers[];
  /**
   * Whether a position is held: then the prices of every hour are told, at the next one's poll, and every hour is a
   * block of its own.
   */
  readonly exposed: boolean;
}

export const openOf = ({ series, rows }: Stretch, i: number, index: number): number =>
  (series[i] as QuietSeries).open[(rows[i] as number) + index] as number;

/** Whether the poll tells of the hour before, its close last, ahead of the open. */
export const tellsHourBefore = ({ told }: Stretch, index: number, { exposed }: Rules): boolean =>
  index === 0 ? told : exposed;
