import type { Candle } from '../market/candle.ts';
import type { EpochMs } from '../units.ts';

/**
 * A long candle series as one typed array per column, oldest first, strictly
 * rising open times. Units as in `Candle`. A column that a six-column source
 * does not have is all NaN, and `complete` says so: unknown is not zero.
 */
export interface CandleColumns {
  readonly length: number;
  readonly complete: boolean;
  readonly openTime: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly quoteVolume: Float64Array;
  readonly trades: Float64Array;
  readonly takerBuyBase: Float64Array;
  readonly takerBuyQuote: Float64Array;
}

/** The columns in file order, under the names that `Candle` has for them. */
export const CANDLE_COLUMN_NAMES = [
  'openTime',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'quoteVolume',
  'trades',
  'takerBuyBase',
  'takerBuyQuote',
] as const satisfies readonly (keyof Candle)[];

/** Columns of the given length, all zero. */
export const emptyColumns = (length: number, complete = true): CandleColumns => {
  const column = (): Float64Array => new Float64Array(length);
  return {
    length,
    complete,
    openTime: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    quoteVolume: column(),
    trades: column(),
    takerBuyBase: column(),
    takerBuyQuote: column(),
  };
};

/** The columns of a list of candles. The same order: oldest first is up to the caller. */
export const columnsFromCandles = (candles: readonly Candle[]): CandleColumns => {
  const columns = emptyColumns(candles.length);
  candles.forEach((candle, i) => {
    for (const name of CANDLE_COLUMN_NAMES) columns[name][i] = candle[name];
  });
  return columns;
};

/** The candle of one row. @throws RangeError outside the series. */
export const candleAt = (columns: CandleColumns, row: number): Candle => {
  if (!(row >= 0 && row < columns.length)) throw new RangeError(`row ${row} of ${columns.length} candles`);
  const at = (column: Float64Array): number => column[row] ?? Number.NaN;
  return {
    openTime: at(columns.openTime),
    open: at(columns.open),
    high: at(columns.high),
    low: at(columns.low),
    close: at(columns.close),
    volume: at(columns.volume),
    quoteVolume: at(columns.quoteVolume),
    trades: at(columns.trades),
    takerBuyBase: at(columns.takerBuyBase),
    takerBuyQuote: at(columns.takerBuyQuote),
  };
};

/** First row whose open time is >= `at` (the length when there is none), by bisection. */
export const rowAt = (columns: CandleColumns, at: EpochMs): number => {
  let low = 0;
  let high = columns.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((columns.openTime[middle] ?? Number.POSITIVE_INFINITY) < at) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Views of the rows that open in [from, to): no copy. */
export const sliceColumns = (columns: CandleColumns, from: EpochMs, to: EpochMs): CandleColumns => {
  const first = rowAt(columns, from);
  const last = Math.max(first, rowAt(columns, to));
  const part = (column: Float64Array): Float64Array => column.subarray(first, last);
  return {
    length: last - first,
    complete: columns.complete,
    openTime: part(columns.openTime),
    open: part(columns.open),
    high: part(columns.high),
    low: part(columns.low),
    close: part(columns.close),
    volume: part(columns.volume),
    quoteVolume: part(columns.quoteVolume),
    trades: part(columns.trades),
    takerBuyBase: part(columns.takerBuyBase),
    takerBuyQuote: part(columns.takerBuyQuote),
  };
};
