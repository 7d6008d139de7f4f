import type { CandleColumns } from '../../core/features/candle-columns.ts';
import type { SymbolName } from '../../core/units.ts';
import type { Model } from '../../ports/model.ts';

/** Where a research command speaks. */
export interface ResearchIo {
  out(line: string): void;
  err(line: string): void;
  /** Share done, 0 to 1, of what is named; called often, shown as the terminal likes. */
  progress(share: number, what: string): void;
}

/** A folder of candle files. */
export interface CandleSource {
  readonly symbols: readonly SymbolName[];
  /** @throws Error with a one-line message */
  series(symbol: SymbolName): CandleColumns;
}

/** What research needs of the adapters; the command line hands them in. */
export interface ResearchTools {
  /** @throws Error with a one-line message when the folder has none of this timeframe */
  openCandles(directory: string, timeframe: '1h' | '15m' | '1m'): CandleSource;
  loadModel(directory: string, expectations: { schemaHash: string; featureCount: number }): Promise<Model>;
}
