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

/** A column of a table; `time` values are epoch milliseconds, null is an absent value. */
export type TableColumn =
  | {
      readonly name: string;
      readonly type: 'time' | 'double' | 'float' | 'integer';
      readonly values: ArrayLike<number | null>;
    }
  | { readonly name: string; readonly type: 'text'; readonly values: ArrayLike<string | null> };

/** What research needs of the adapters; the command line hands them in. */
export interface ResearchTools {
  /** @throws Error with a one-line message when the folder has none of this timeframe */
  openCandles(directory: string, timeframe: '1h' | '15m' | '1m'): CandleSource;
  loadModel(directory: string, expectations: { schemaHash: string; featureCount: number }): Promise<Model>;
  /** Writes a table as Parquet, with text metadata. */
  writeTable(path: string, columns: readonly TableColumn[], metadata: Readonly<Record<string, string>>): void;
}

export type ModelTools = Pick<ResearchTools, 'loadModel'>;
export type TrainingTools = Pick<ResearchTools, 'openCandles' | 'loadModel'>;
