import { rowAt, type CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';

/** What a backtest knows of one symbol's market. */
export interface SymbolSeries {
  readonly symbol: SymbolName;
  readonly hourly: CandleColumns;
  /** Finer candles of the same market, finest first; they may cover a part of the time only. */
  readonly finer: readonly { readonly span: Milliseconds; readonly columns: CandleColumns }[];
}

/** One hour as it is walked: `count` candles of `span` from row `first` on. */
export interface HourCandles {
  readonly columns: CandleColumns;
  readonly first: number;
  readonly count: number;
  readonly span: Milliseconds;
}

/** Prices of finer and hourly candles are the same numbers when they tell of the same market. */
const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(b);

const NOTHING = -1;

/** A column's value; the rows asked for exist by construction, and NaN could not pass for a price. */
const at = (column: Float64Array, row: number): number => column[row] ?? Number.NaN;

/**
 * Hour by hour through the series of several symbols, each hour with the finest
 * candles that cover it whole and agree with its hourly candle: two sources
 * that contradict each other are not mixed.
 */
export class HourMarket {
  readonly symbols: readonly SymbolName[];
  readonly #series: readonly SymbolSeries[];
  /** First row at or after the hour, per symbol. */
  readonly #cursor: Int32Array;
  readonly #row: Int32Array;
  readonly #closed: Int32Array;
  #hour: EpochMs;

  /** @param from the first hour's start */
  constructor(series: readonly SymbolSeries[], from: EpochMs) {
    this.#series = series;
    this.symbols = series.map(({ symbol }) => symbol);
    this.#hour = from;
    this.#cursor = Int32Array.from(series, ({ hourly }) => rowAt(hourly, from));
    this.#row = new Int32Array(series.length).fill(NOTHING);
    this.#closed = new Int32Array(series.length).fill(NOTHING);
    for (let i = 0; i < series.length; i += 1) {
      const before = (this.#cursor[i] ?? 0) - 1;
      if (before >= 0 && at(this.hourly(i).openTime, before) === from - HOUR_MS) this.#closed[i] = before;
      this.#find(i);
    }
  }

  get hour(): EpochMs {
    return this.#hour;
  }

  hourly(i: number): CandleColumns {
    const series = this.#series[i];
    if (series === undefined) throw new RangeError(`no symbol ${i}`);
    return series.hourly;
  }

  /** Row of the candle that opens now, or -1 in an outage. */
  row(i: number): number {
    return this.#row[i] ?? NOTHING;
  }

  /** Row of the candle that has just closed, or -1. */
  closed(i: number): number {
    return this.#closed[i] ?? NOTHING;
  }

  /** Goes on by hours of which each symbol has every candle. */
  pass(hours: number): void {
    this.#hour += hours * HOUR_MS;
    for (let i = 0; i < this.#series.length; i += 1) {
      const row = (this.#row[i] ?? NOTHING) + hours;
      this.#row[i] = row;
      this.#closed[i] = row - 1;
      this.#cursor[i] = row;
    }
  }

  /** Row of the candle that opens now, or -1, for each symbol. */
  get rows(): Int32Array {
    return this.#row;
  }

  next(): void {
    this.#hour += HOUR_MS;
    for (let i = 0; i < this.#series.length; i += 1) {
      const row = this.#row[i] ?? NOTHING;
      this.#closed[i] = row;
      if (row !== NOTHING) this.#cursor[i] = row + 1;
      this.#find(i);
    }
  }

  #find(i: number): void {
    const cursor = this.#cursor[i] ?? 0;
    this.#row[i] =
      cursor < this.hourly(i).length && at(this.hourly(i).openTime, cursor) === this.#hour ? cursor : NOTHING;
  }

  /** The candles by which the present hour is walked. Only for a symbol that has one. */
  candles(i: number): HourCandles {
    const hourly = this.hourly(i);
    const row = this.row(i);
    for (const { span, columns } of this.#series[i]?.finer ?? []) {
      const first = rowAt(columns, this.#hour);
      const count = HOUR_MS / span;
      if (agrees(columns, first, count, span, hourly, row)) return { columns, first, count, span };
    }
    return { columns: hourly, first: row, count: 1, span: HOUR_MS };
  }
}

/** Whether `count` finer candles cover the hour without a hole and give its open, high, low and close. */
const agrees = (
  fine: CandleColumns,
  first: number,
  count: number,
  span: Milliseconds,
  hourly: CandleColumns,
  row: number,
): boolean => {
  const last = first + count - 1;
  if (last >= fine.length) return false;
  const hour = at(hourly.openTime, row);
  if (at(fine.openTime, first) !== hour || at(fine.openTime, last) !== hour + (count - 1) * span) return false;
  let high = 0;
  let low = Number.POSITIVE_INFINITY;
  for (let k = first; k <= last; k += 1) {
    high = Math.max(high, at(fine.high, k));
    low = Math.min(low, at(fine.low, k));
  }
  return (
    same(at(fine.open, first), at(hourly.open, row)) &&
    same(at(fine.close, last), at(hourly.close, row)) &&
    same(high, at(hourly.high, row)) &&
    same(low, at(hourly.low, row))
  );
};
