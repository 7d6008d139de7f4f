/**
 * Recursive indicators. Each forgets its start at a known rate: after the
 * catalogue's warm-up nothing of the first value is left within the precision
 * of a double, so it does not matter where the series began.
 */

/** Exponential moving average with smoothing 2 / (span + 1), begun at the first value. */
export class Ema {
  readonly #weight: number;
  #value = Number.NaN;

  constructor(span: number) {
    this.#weight = 2 / (span + 1);
  }

  push(value: number): void {
    this.#value = Number.isNaN(this.#value) ? value : this.#value + this.#weight * (value - this.#value);
  }

  get value(): number {
    return this.#value;
  }

  clear(): void {
    this.#value = Number.NaN;
  }
}

/** Wilder's smoothed moving average (New Concepts in Technical Trading Systems, 1978): weight 1 / span. */
export class WilderAverage {
  readonly #weight: number;
  #value = Number.NaN;

  constructor(span: number) {
    this.#weight = 1 / span;
  }

  push(value: number): void {
    this.#value = Number.isNaN(this.#value) ? value : this.#value + this.#weight * (value - this.#value);
  }

  get value(): number {
    return this.#value;
  }

  clear(): void {
    this.#value = Number.NaN;
  }
}

/** Wilder's relative strength index, 0 to 100. */
export class RelativeStrength {
  readonly #gain: WilderAverage;
  readonly #loss: WilderAverage;

  constructor(span: number) {
    this.#gain = new WilderAverage(span);
    this.#loss = new WilderAverage(span);
  }

  /** @param change of the price since the candle before */
  push(change: number): void {
    this.#gain.push(change > 0 ? change : 0);
    this.#loss.push(change < 0 ? -change : 0);
  }

  /** NaN while the price has never moved. */
  get value(): number {
    return (100 * this.#gain.value) / (this.#gain.value + this.#loss.value);
  }

  clear(): void {
    this.#gain.clear();
    this.#loss.clear();
  }
}

/** Wilder's true range, directional movement and their averages: ATR, +DI, -DI and ADX. */
export class DirectionalMovement {
  readonly #range: WilderAverage;
  readonly #plus: WilderAverage;
  readonly #minus: WilderAverage;
  readonly #index: WilderAverage;

  constructor(span: number) {
    this.#range = new WilderAverage(span);
    this.#plus = new WilderAverage(span);
    this.#minus = new WilderAverage(span);
    this.#index = new WilderAverage(span);
  }

  /** One candle and the high, low and close of the one before. */
  push(high: number, low: number, beforeHigh: number, beforeLow: number, beforeClose: number): void {
    const up = high - beforeHigh;
    const down = beforeLow - low;
    this.#range.push(Math.max(high - low, Math.abs(high - beforeClose), Math.abs(low - beforeClose)));
    this.#plus.push(up > down && up > 0 ? up : 0);
    this.#minus.push(down > up && down > 0 ? down : 0);
    const both = this.#plus.value + this.#minus.value;
    this.#index.push(both > 0 ? (100 * Math.abs(this.#plus.value - this.#minus.value)) / both : 0);
  }

  /** Average true range, in price units. */
  get averageTrueRange(): number {
    return this.#range.value;
  }

  /** (+DI) - (-DI), -100 to 100. */
  get directionalDifference(): number {
    return (100 * (this.#plus.value - this.#minus.value)) / this.#range.value;
  }

  /** Average directional index, 0 to 100. */
  get averageIndex(): number {
    return this.#index.value;
  }

  clear(): void {
    for (const average of [this.#range, this.#plus, this.#minus, this.#index]) average.clear();
  }
}

/** Appel's moving average convergence/divergence: line, signal and their difference, in price units. */
export class Macd {
  readonly #fast: Ema;
  readonly #slow: Ema;
  readonly #signal: Ema;

  constructor(fast: number, slow: number, signal: number) {
    this.#fast = new Ema(fast);
    this.#slow = new Ema(slow);
    this.#signal = new Ema(signal);
  }

  push(close: number): void {
    this.#fast.push(close);
    this.#slow.push(close);
    this.#signal.push(this.line);
  }

  get line(): number {
    return this.#fast.value - this.#slow.value;
  }

  get histogram(): number {
    return this.line - this.#signal.value;
  }

  clear(): void {
    for (const average of [this.#fast, this.#slow, this.#signal]) average.clear();
  }
}
