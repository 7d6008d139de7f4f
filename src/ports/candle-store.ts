import type { CandleColumns } from '../core/features/candle-columns.ts';
import type { Candle } from '../core/market/candle.ts';
import type { EpochMs, SymbolName } from '../core/units.ts';

/** Candle history at rest: what `download` fills and research reads. */
export interface CandleStore {
  /** Symbols with at least one candle, in alphabetical order. */
  symbols(): readonly SymbolName[];
  /** Open time of the oldest and of the newest candle held, or null. */
  range(symbol: SymbolName): { readonly first: EpochMs; readonly last: EpochMs } | null;
  /**
   * Adds candles in one transaction; one that is already there is written again with the
   * newer figures. All of them or none.
   * @returns how many were not there before
   */
  put(symbol: SymbolName, candles: readonly Candle[]): number;
  /** The whole series, oldest first. */
  series(symbol: SymbolName): CandleColumns;
  close(): void;
}
