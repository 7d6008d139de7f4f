import type { EpochMs, SymbolName } from '../units.ts';
import type { CandleColumns } from './candle-columns.ts';
import { FEATURE_COUNT } from './catalogue.ts';
import { createFeatureEngine, type FeatureEngine } from './engine.ts';

/** Features of one symbol over history, one row a candle of its series. */
export interface FeatureTable {
  readonly symbol: SymbolName;
  readonly length: number;
  /** Open times, row by row: those of the series. */
  readonly openTime: Float64Array;
  /** Row-major, length x FEATURE_COUNT; an unknown row is all NaN. */
  readonly values: Float32Array;
  /** 1 where the row is known. */
  readonly known: Uint8Array;
}

/** One candle after the other out of columns, in one object: no allocation in the loop. */
class CandleCursor {
  readonly #columns: CandleColumns;
  row = 0;
  openTime = Number.POSITIVE_INFINITY;
  open = 0;
  high = 0;
  low = 0;
  close = 0;
  volume = 0;
  quoteVolume = 0;
  trades = 0;
  takerBuyBase = 0;
  takerBuyQuote = 0;

  constructor(columns: CandleColumns) {
    this.#columns = columns;
    this.#read();
  }

  advance(): void {
    this.row++;
    this.#read();
  }

  #read(): void {
    const { row } = this;
    const columns = this.#columns;
    this.openTime = row < columns.length ? (columns.openTime[row] ?? Number.NaN) : Number.POSITIVE_INFINITY;
    this.open = columns.open[row] ?? Number.NaN;
    this.high = columns.high[row] ?? Number.NaN;
    this.low = columns.low[row] ?? Number.NaN;
    this.close = columns.close[row] ?? Number.NaN;
    this.volume = columns.volume[row] ?? Number.NaN;
    this.quoteVolume = columns.quoteVolume[row] ?? Number.NaN;
    this.trades = columns.trades[row] ?? Number.NaN;
    this.takerBuyBase = columns.takerBuyBase[row] ?? Number.NaN;
    this.takerBuyQuote = columns.takerBuyQuote[row] ?? Number.NaN;
  }
}

/**
 * Features of whole series: the live engine, fed hour by hour.
 * @param series candles by symbol; must hold the context symbol
 * @param symbols those whose tables are wanted
 * @throws RangeError when a required series is missing
 */
export const computeFeatures = (
  series: ReadonlyMap<SymbolName, CandleColumns>,
  symbols: readonly SymbolName[],
): Map<SymbolName, FeatureTable> => {
  const engine = createFeatureEngine(symbols);
  const tables = new Map<SymbolName, FeatureTable>();
  const feeds = engine.requiredSymbols.map((symbol) => {
    const columns = series.get(symbol);
    if (columns === undefined) throw new RangeError(`features need the candles of ${symbol}`);
    if (symbols.includes(symbol)) tables.set(symbol, emptyTable(symbol, columns));
    return { symbol, cursor: new CandleCursor(columns), table: tables.get(symbol), taken: false };
  });
  for (;;) {
    let hour: EpochMs = Number.POSITIVE_INFINITY;
    for (const { cursor } of feeds) if (cursor.openTime < hour) hour = cursor.openTime;
    if (hour === Number.POSITIVE_INFINITY) return tables;
    // All candles of the hour before the first vector of the hour: a vector needs its context.
    for (const feed of feeds) feed.taken = feed.cursor.openTime === hour && engine.push(feed.symbol, feed.cursor);
    for (const { symbol, cursor, table, taken } of feeds) {
      if (cursor.openTime !== hour) continue;
      if (taken && table !== undefined) writeRow(engine, symbol, table, cursor.row);
      cursor.advance();
    }
  }
};

const emptyTable = (symbol: SymbolName, columns: CandleColumns): FeatureTable => ({
  symbol,
  length: columns.length,
  openTime: columns.openTime,
  values: new Float32Array(columns.length * FEATURE_COUNT).fill(Number.NaN),
  known: new Uint8Array(columns.length),
});

const writeRow = (engine: FeatureEngine, symbol: SymbolName, table: FeatureTable, row: number): void => {
  if (engine.writeVector(symbol, table.values, row * FEATURE_COUNT)) table.known[row] = 1;
};
