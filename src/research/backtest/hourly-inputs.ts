import { candleAt, rowAt, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { HourMarket, SymbolSeries } from './hour-market.ts';
import type { Session } from './session.ts';

/** Hours of history before the run that warm the limits up, as the live bot reads them at start. */
const HISTORY_HOURS = 395 * 24;
const HISTORY_CHUNK = 1_000;

/** Why an hour has no prediction. */
export const NO_ANSWER = 'the features are not complete for this hour';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The inputs of each hour of a backtest: candles from the market's file and predictions from the model's answers. The
 * same objects are used again for every hour: whoever keeps one has to copy it.
 */
export class HourlyInputs {
  readonly #market: HourMarket;
  readonly #session: Session;
  readonly #series: readonly SymbolSeries[];
  readonly #candles: readonly {
    readonly type: 'candle';
    at: EpochMs;
    wall: EpochMs;
    symbol: SymbolName;
    readonly candle: Writable<Candle>;
  }[];
  readonly #predictions: readonly {
    readonly type: 'prediction';
    at: EpochMs;
    wall: EpochMs;
    symbol: SymbolName;
    openTime: EpochMs;
    probability: number | null;
    failure: string | null;
    readonly features: readonly number[];
  }[];
  readonly #probabilities: readonly (Float32Array | undefined)[];

  /** @param probabilities of each series: one a row */
  constructor(
    market: HourMarket,
    session: Session,
    series: readonly SymbolSeries[],
    probabilities: readonly (Float32Array | undefined)[],
  ) {
    this.#market = market;
    this.#session = session;
    this.#series = series;
    const from = market.hour;
    this.#candles = series.map(({ symbol, hourly }) => ({
      type: 'candle',
      at: from,
      wall: from,
      symbol,
      candle: candleAt(hourly, 0),
    }));
    this.#predictions = series.map(({ symbol }) => ({
      type: 'prediction',
      at: from,
      wall: from,
      symbol,
      openTime: 0,
      probability: null,
      failure: null,
      features: [],
    }));
    this.#probabilities = probabilities;
  }

  /** After the engine has been started: symbols by its own keys from now on. */
  bind(): void {
    this.#candles.forEach((input, i) => (input.symbol = this.#session.nameOf(i)));
    this.#predictions.forEach((input, i) => (input.symbol = this.#session.nameOf(i)));
  }

  /** The candles before the run. */
  tellHistory(): void {
    const from = this.#market.hour;
    for (const { symbol, hourly } of this.#series) {
      const last = rowAt(hourly, from);
      for (let row = rowAt(hourly, from - HISTORY_HOURS * HOUR_MS); row < last; row += HISTORY_CHUNK) {
        this.#session.apply({
          type: 'history',
          at: from,
          wall: from,
          symbol,
          candles: historyOf(hourly, row, Math.min(last, row + HISTORY_CHUNK)),
        });
      }
    }
  }

  /** Gives the engine the candles that have just closed; whether there were any. */
  closedCandles(): boolean {
    const session = this.#session;
    let any = false;
    for (let i = 0; i < this.#candles.length; i += 1) {
      const row = this.#market.closed(i);
      const input = this.#candles[i];
      if (row < 0 || input === undefined) continue;
      readCandle(this.#market.hourly(i), row, input.candle);
      input.at = session.now;
      input.wall = session.now;
      session.apply(input);
      any = true;
    }
    return any;
  }

  /** Gives the engine the model's answers to them; how many hours that decides. */
  predict(): number {
    const session = this.#session;
    let decided = 0;
    for (let i = 0; i < this.#predictions.length; i += 1) {
      const row = this.#market.closed(i);
      const input = this.#predictions[i];
      if (row < 0 || input === undefined) continue;
      const probability = this.#probabilities[i]?.[row] ?? Number.NaN;
      const known = probability >= 0;
      input.at = session.now;
      input.wall = session.now;
      input.openTime = this.#market.hour - HOUR_MS;
      input.probability = known ? probability : null;
      input.failure = known ? null : NO_ANSWER;
      session.apply(input);
      decided += 1;
    }
    return decided;
  }
}

const historyOf = (
  columns: CandleColumns,
  first: number,
  last: number,
): (readonly [number, number, number, number, number])[] =>
  Array.from({ length: last - first }, (_, k) => {
    const { openTime, open, high, low, close } = candleAt(columns, first + k);
    return [openTime, open, high, low, close] as const;
  });

const readCandle = (columns: CandleColumns, row: number, candle: Writable<Candle>): void => {
  candle.openTime = columns.openTime[row] ?? Number.NaN;
  candle.open = columns.open[row] ?? Number.NaN;
  candle.high = columns.high[row] ?? Number.NaN;
  candle.low = columns.low[row] ?? Number.NaN;
  candle.close = columns.close[row] ?? Number.NaN;
  candle.volume = columns.volume[row] ?? Number.NaN;
  candle.quoteVolume = columns.quoteVolume[row] ?? Number.NaN;
  candle.trades = columns.trades[row] ?? Number.NaN;
  candle.takerBuyBase = columns.takerBuyBase[row] ?? Number.NaN;
  candle.takerBuyQuote = columns.takerBuyQuote[row] ?? Number.NaN;
};
