import type { PairState } from './pair-state.ts';
import type { SymbolState } from './symbol-state.ts';

export type FeatureUnit =
  /** Natural logarithm of a ratio of prices or amounts. */
  | 'log-ratio'
  /** Standard deviations. */
  | 'sigma'
  /** A ratio; 0.02 is two percent. */
  | 'fraction'
  /** An index from 0 to 100 (or -100 to 100). */
  | 'index'
  /** Multiples of the average true range. */
  | 'atr'
  /** Without a unit. */
  | 'number';

/** Everything a feature may look at: the past of its symbol and of the context symbol, up to the same closed candle. */
export interface FeatureInputs {
  readonly own: SymbolState;
  readonly context: SymbolState;
  /** Null when the symbol is the context symbol. */
  readonly pair: PairState | null;
}

export interface FeatureDefinition {
  /** Lower-case ASCII; a number is a window in candles of one hour. */
  readonly name: string;
  readonly unit: FeatureUnit;
  /** Candles after which the value no longer depends on the start of the series. */
  readonly warmUpHours: number;
  /** Values lie in here by construction, or in all but freak markets where an end is not sharp. */
  readonly range: readonly [number, number];
  /** Formula and where it comes from. */
  readonly source: string;
  /** Value that the context symbol itself always has: for it alone the feature says nothing. */
  readonly ofContext?: number;
  /** The value; NaN when it is not known, such as a share of nothing. */
  readonly value: (inputs: FeatureInputs) => number;
}
