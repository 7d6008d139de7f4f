/**
 * Rolling figures with O(1) work per value and no allocation after construction.
 *
 * The invariant that makes live, batch and restarted features agree to the last
 * bit: a rolling sum is kept in fixed point, as whole numbers below 2^53 inside
 * doubles. Adding and removing whole numbers is exact, so the sum depends only on
 * the values now inside the window, never on where the series began, and it can't
 * drift. The price is a rounding of each value to 1/scale when it enters.
 */

const powerOfTwoAtLeast = (size: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, size)));

/** The newest values of a series, in a ring. */
export class History {
  readonly #values: Float64Array;
  readonly #mask: number;
  #count = 0;

  /** @param span how many values, the newest included, can be asked for */
  constructor(span: number) {
    const size = powerOfTwoAtLeast(span);
    this.#values = new Float64Array(size);
    this.#mask = size - 1;
  }

  push(value: number): void {
    this.#values[this.#count & this.#mask] = value;
    this.#count++;
  }

  /** The value pushed n pushes before the newest; zero when there were fewer. */
  ago(n: number): number {
    return this.#values[(this.#count - 1 - n) & this.#mask] ?? Number.NaN;
  }

  /** Sum of the newest n values, added from oldest to newest: for short windows of values with no common scale. */
  sum(n: number): number {
    let total = 0;
    for (let k = this.#count - n; k < this.#count; k++) total += this.#values[k & this.#mask] ?? Number.NaN;
    return total;
  }

  /** Sum of squared distances from `centre` over the newest n values, oldest first. */
  squaredDistance(n: number, centre: number): number {
    let total = 0;
    for (let k = this.#count - n; k < this.#count; k++) {
      const distance = (this.#values[k & this.#mask] ?? Number.NaN) - centre;
      total += distance * distance;
    }
    return total;
  }

  clear(): void {
    this.#values.fill(0);
    this.#count = 0;
  }
}

/** Exact sums of one series over several windows. */
export class RollingSums {
  readonly #windows: Int32Array;
  readonly #sums: Float64Array;
  readonly #values: Float64Array;
  readonly #mask: number;
  readonly #scale: number;
  readonly #limit: number;
  #count = 0;

  /**
   * @param windows window lengths in candles
   * @param bits values are rounded to 2^-bits
   * @param limit values are cut to [-limit, limit]; limit x 2^bits x the longest window must stay below 2^53
   */
  constructor(windows: readonly number[], bits: number, limit: number) {
    const longest = Math.max(...windows);
    if (limit * 2 ** bits * longest > Number.MAX_SAFE_INTEGER)
      throw new RangeError(`rolling sum over ${longest} values of ${limit} with ${bits} bits is not exact`);
    const size = powerOfTwoAtLeast(longest + 1);
    this.#windows = Int32Array.from(windows);
    this.#sums = new Float64Array(windows.length);
    this.#values = new Float64Array(size);
    this.#mask = size - 1;
    this.#scale = 2 ** bits;
    this.#limit = limit;
  }

  push(value: number): void {
    const cut = value > this.#limit ? this.#limit : value < -this.#limit ? -this.#limit : value;
    const whole = Math.round(cut * this.#scale);
    const count = this.#count;
    this.#values[count & this.#mask] = whole;
    for (let i = 0; i < this.#windows.length; i++) {
      const leaving = this.#values[(count - (this.#windows[i] ?? 0)) & this.#mask] ?? 0;
      this.#sums[i] = (this.#sums[i] ?? 0) + (whole - leaving);
    }
    this.#count = count + 1;
  }

  /** Sum over the window with this index. */
  sum(index: number): number {
    return (this.#sums[index] ?? Number.NaN) / this.#scale;
  }

  mean(index: number): number {
    return this.sum(index) / (this.#windows[index] ?? Number.NaN);
  }

  clear(): void {
    this.#values.fill(0);
    this.#sums.fill(0);
    this.#count = 0;
  }
}

/** Mean and standard score over one window. */
export class RollingScore {
  readonly #values: RollingSums;
  readonly #squares: RollingSums;
  readonly #window: number;
  readonly #leastVariance: number;
  #newest = 0;

  /** Values within [-limit, limit]; see RollingSums for the bound on bits. */
  constructor(window: number, bits: number, limit: number) {
    this.#window = window;
    this.#values = new RollingSums([window], bits, limit);
    const squareBits = bits - Math.ceil(Math.log2(Math.max(1, limit)));
    this.#squares = new RollingSums([window], squareBits, limit * limit);
    // The squares are off by half a unit, the square of the mean by at most one: what is not above both may be all
    // rounding.
    this.#leastVariance = Math.max(1e-12, 2 * 2 ** -squareBits);
  }

  push(value: number): void {
    this.#newest = value;
    this.#values.push(value);
    this.#squares.push(value * value);
  }

  /** (newest - mean) / population standard deviation; NaN when the window does not vary. */
  score(): number {
    const mean = this.#values.mean(0);
    const variance = this.#squares.sum(0) / this.#window - mean * mean;
    return variance > this.#leastVariance ? (this.#newest - mean) / Math.sqrt(variance) : Number.NaN;
  }

  clear(): void {
    this.#values.clear();
    this.#squares.clear();
  }
}

/** The highest (or, with sign -1, the lowest) of a rolling window, by a monotonic queue: amortised O(1). */
export class RollingExtreme {
  readonly #window: number;
  readonly #sign: 1 | -1;
  readonly #values: Float64Array;
  readonly #positions: Float64Array;
  readonly #mask: number;
  #head = 0;
  #tail = 0;
  #count = 0;

  constructor(window: number, sign: 1 | -1) {
    const size = powerOfTwoAtLeast(window + 1);
    this.#window = window;
    this.#sign = sign;
    this.#values = new Float64Array(size);
    this.#positions = new Float64Array(size);
    this.#mask = size - 1;
  }

  push(value: number): void {
    const signed = this.#sign * value;
    // Equal values leave too, so that the newest of them is the one that counts.
    while (this.#tail > this.#head && (this.#values[(this.#tail - 1) & this.#mask] ?? 0) <= signed) this.#tail--;
    this.#values[this.#tail & this.#mask] = signed;
    this.#positions[this.#tail & this.#mask] = this.#count;
    this.#tail++;
    this.#count++;
    if ((this.#positions[this.#head & this.#mask] ?? 0) < this.#count - this.#window) this.#head++;
  }

  value(): number {
    return this.#sign * (this.#values[this.#head & this.#mask] ?? Number.NaN);
  }

  /** Candles since the extreme was made; zero when it is the newest. */
  age(): number {
    return this.#count - 1 - (this.#positions[this.#head & this.#mask] ?? Number.NaN);
  }

  clear(): void {
    this.#head = 0;
    this.#tail = 0;
    this.#count = 0;
  }
}

/** Mean of the newest values that fell into the same hour of the day. */
export class HourOfDayMean {
  readonly #days: number;
  readonly #byHour: RollingSums[];

  constructor(days: number, bits: number, limit: number) {
    this.#days = days;
    this.#byHour = Array.from({ length: 24 }, () => new RollingSums([days], bits, limit));
  }

  push(hour: number, value: number): void {
    this.#byHour[hour]?.push(value);
  }

  mean(hour: number): number {
    return (this.#byHour[hour]?.sum(0) ?? Number.NaN) / this.#days;
  }

  clear(): void {
    for (const sums of this.#byHour) sums.clear();
  }
}
