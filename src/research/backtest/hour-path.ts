import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { HourCandles, HourMarket } from './hour-market.ts';

/**
 * Open, low, high, close: four points a candle. The low comes first, so that a candle which touches both barriers is a
 * loss.
 */
const POINTS = 4;

/** Where a price has got to, and how. */
export interface Waypoints {
  /** Price of each symbol; NaN = no price this hour. */
  readonly to: Float64Array;
  /** 1 where the price jumps: between two candles. */
  readonly jump: Uint8Array;
}

/**
 * The points of one hour that all symbols together pass through, in order of
 * time. The first open is not among them: the hour begins with it.
 */
export class HourPath {
  readonly waypoints: Waypoints;
  readonly #market: HourMarket;
  readonly #candles: (HourCandles | null)[];
  readonly #next: Int32Array;
  /** Hour that the candles belong to. */
  #hour = Number.NaN;

  constructor(market: HourMarket) {
    this.#market = market;
    const size = market.symbols.length;
    this.#candles = Array.from({ length: size }, () => null);
    this.#next = new Int32Array(size);
    this.waypoints = { to: new Float64Array(size), jump: new Uint8Array(size) };
  }

  /** Whether the present hour is told by hourly candles alone, no finer ones. */
  get coarse(): boolean {
    for (let i = 0; i < this.#next.length; i += 1) if (this.#market.row(i) >= 0 && this.#of(i).count > 1) return false;
    return true;
  }

  /** Begins the market's present hour; the waypoints stand at the opens. */
  begin(): void {
    const { to, jump } = this.waypoints;
    for (let i = 0; i < to.length; i += 1) {
      const row = this.#market.row(i);
      this.#next[i] = 1;
      to[i] = row < 0 ? Number.NaN : (this.#market.hourly(i).open[row] ?? Number.NaN);
      jump[i] = 1;
    }
  }

  /** Goes on to the next points; their time, or null at the end of the hour. */
  advance(): EpochMs | null {
    let time = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#next.length; i += 1) time = Math.min(time, this.#timeOf(i));
    if (time === Number.POSITIVE_INFINITY) return null;
    const { to, jump } = this.waypoints;
    for (let i = 0; i < this.#next.length; i += 1) {
      jump[i] = 0;
      if (this.#timeOf(i) !== time) continue;
      const next = this.#next[i] ?? 0;
      to[i] = this.#priceOf(i, next);
      jump[i] = next % POINTS === 0 ? 1 : 0;
      this.#next[i] = next + 1;
    }
    return time;
  }

  /** The price in the direction that hurts which the symbol may reach within `span` from `price`. */
  adverse(i: number, side: 'buy' | 'sell', price: number, time: EpochMs, span: Milliseconds): number {
    if (this.#market.row(i) < 0) return price;
    const candles = this.#of(i);
    const index = Math.min(candles.count - 1, Math.max(0, Math.floor((time - this.#market.hour) / candles.span)));
    const extremes = side === 'buy' ? candles.columns.high : candles.columns.low;
    const extreme = extremes[candles.first + index] ?? price;
    const share = Math.min(1, (3 * span) / candles.span);
    const moved = price + (extreme - price) * share;
    return side === 'buy' ? Math.max(price, moved) : Math.min(price, moved);
  }

  #of(i: number): HourCandles {
    if (this.#hour !== this.#market.hour) {
      this.#hour = this.#market.hour;
      this.#candles.fill(null);
    }
    return (this.#candles[i] ??= this.#market.candles(i));
  }

  #timeOf(i: number): EpochMs {
    if (this.#market.row(i) < 0) return Number.POSITIVE_INFINITY;
    const { count, span } = this.#of(i);
    const next = this.#next[i] ?? 0;
    const index = Math.floor(next / POINTS);
    if (index >= count) return Number.POSITIVE_INFINITY;
    const point = next % POINTS;
    // The close belongs to its candle: a millisecond before the next one opens.
    return this.#market.hour + index * span + (point === POINTS - 1 ? span - 1 : (point * span) / 3);
  }

  #priceOf(i: number, next: number): number {
    const { columns, first } = this.#of(i);
    const row = first + Math.floor(next / POINTS);
    const point = next % POINTS;
    const column = point === 0 ? columns.open : point === 1 ? columns.low : point === 2 ? columns.high : columns.close;
    return column[row] ?? Number.NaN;
  }
}
