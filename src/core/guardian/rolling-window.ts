import { doublesFromText, textOfDoubles } from '../doubles-text.ts';

/**
 * A rebuild sorts this part of the capacity more than was asked for: so many values may leave before the next rebuild.
 */
const SLACK_PART = 1 / 32;

/** The newest pushes, at most this many, can be taken back. */
export const MOST_TAKEN_BACK = 64;

/**
 * Marks values written as bytes. A program older than this form reads the text as a number that is none, and refuses
 * the snapshot.
 */
const BYTES = 'base64:';

const valuesOf = (text: string): readonly number[] | Float64Array => {
  if (text.startsWith(BYTES)) return doublesFromText(text.slice(BYTES.length));
  return text === '' ? [] : text.split(' ').map(Number);
};

/**
 * The newest N values and their percentiles, made for high percentiles of a
 * long window that moves at every candle.
 *
 * Only the largest values are kept sorted: the 99th percentile of a year of
 * hours needs the 88 largest, and most hours neither add nor remove one of
 * them. Such a push costs two comparisons. When so many have left the window
 * that a percentile lies below the sorted part, it is rebuilt from all values.
 *
 * Invariant: `#top` holds the `#sorted` largest values, largest first, so none
 * of the others is larger than its last. It is derived, and not part of a snapshot.
 */
export class RollingWindow {
  readonly capacity: number;
  readonly #slack: number;
  /** The values, and behind the oldest of them the newest that have left. */
  readonly #ring: Float64Array;
  #next = 0;
  #size = 0;
  /** How many that have left are still in the ring. */
  #left = 0;
  /** Pushes that can still be taken back. */
  #undoable = 0;
  #top = new Float64Array(0);
  #sorted = 0;
  /** The smallest sorted value; infinity while there is none. */
  #least = Number.POSITIVE_INFINITY;

  constructor(capacity: number, values: readonly number[] | Float64Array = []) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`a window holds at least one value, not ${capacity}`);
    this.capacity = capacity;
    this.#slack = Math.ceil(capacity * SLACK_PART);
    this.#ring = new Float64Array(capacity + MOST_TAKEN_BACK);
    for (const value of values.slice(-capacity)) this.push(value);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a finite value; the oldest leaves when the window is full. @throws RangeError when it is not finite. */
  push(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`a window takes finite values only, not ${value}`);
    if (this.#size < this.capacity) this.#size += 1;
    else {
      const oldest = this.#ring[this.#oldest()] ?? Number.NaN;
      if (oldest >= this.#least) this.#leave(oldest);
      if (this.#left < MOST_TAKEN_BACK) this.#left += 1;
    }
    if (value > this.#least) this.#enter(value);
    if (this.#undoable < MOST_TAKEN_BACK) this.#undoable += 1;
    const next = this.#next;
    this.#ring[next] = value;
    this.#next = next + 1 === this.#ring.length ? 0 : next + 1;
  }

  /**
   * Undoes the newest pushes: what they added is gone, what left because of them is back.
   * @throws RangeError for more than the last `MOST_TAKEN_BACK`, those included that were taken back since.
   */
  takeBack(pushes: number): void {
    if (!(pushes <= this.#undoable))
      throw new RangeError(`the newest ${this.#undoable} pushes can be taken back, not ${pushes}`);
    this.#undoable -= pushes;
    for (let k = 0; k < pushes; k += 1) {
      this.#next = (this.#next === 0 ? this.#ring.length : this.#next) - 1;
      const newest = this.#ring[this.#next] ?? Number.NaN;
      if (newest >= this.#least) this.#leave(newest);
      if (this.#left === 0) this.#size -= 1;
      else {
        this.#left -= 1;
        const back = this.#ring[this.#oldest()] ?? Number.NaN;
        if (back > this.#least) this.#enter(back);
      }
    }
  }

  /**
   * Nearest-rank percentile: the smallest value that at least the fraction `p` of all values do not exceed. NaN when
   * empty. Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.2 (percentiles as order statistics), rank
   * ceil(p N).
   */
  percentile(p: number): number {
    const size = this.#size;
    if (size === 0) return Number.NaN;
    const rank = Math.min(size, Math.max(1, Math.ceil(p * size)));
    const above = size - rank;
    if (above >= this.#sorted) this.#refill(above + 1);
    return this.#top[above] ?? Number.NaN;
  }

  /** Oldest first. */
  values(): Float64Array {
    const start = this.#oldest();
    const before = Math.min(this.#size, this.#ring.length - start);
    const values = new Float64Array(this.#size);
    values.set(this.#ring.subarray(start, start + before));
    values.set(this.#ring.subarray(0, this.#size - before), before);
    return values;
  }

  /**
   * The values as the text of their bytes, oldest first: a year of them in digits is what a snapshot would spend its
   * time on, and twice as long.
   */
  toJSON(): { readonly $window: string; readonly capacity: number } {
    return { $window: BYTES + textOfDoubles(this.values()), capacity: this.capacity };
  }

  /**
   * Reads `toJSON` back; also what older snapshots have: a list of numbers, or their digits in one text.
   * @throws RangeError when the text is none of these, or a value is not finite.
   */
  static fromJSON(window: string | readonly number[], capacity: number): RollingWindow {
    return new RollingWindow(capacity, typeof window !== 'string' ? window : valuesOf(window));
  }

  /** Where in the ring the oldest value is. */
  #oldest(): number {
    const start = this.#next - this.#size;
    return start < 0 ? start + this.#ring.length : start;
  }

  /** Sorts at least the `wanted` largest values. */
  #refill(wanted: number): void {
    const ascending = this.values().sort();
    const kept = Math.min(this.#size, wanted + this.#slack);
    if (this.#top.length < kept + this.#slack) this.#top = new Float64Array(kept + this.#slack);
    this.#top.set(ascending.subarray(this.#size - kept).reverse());
    this.#resize(kept);
  }

  /** Index of the last sorted value that is not below `value`, plus one. */
  #end(value: number): number {
    let low = 0;
    let high = this.#sorted;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#top[middle] ?? 0) < value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Takes in a value above the least sorted one, which has to leave when there is no room. */
  #enter(value: number): void {
    const top = this.#top;
    const at = this.#end(value);
    top.copyWithin(at + 1, at, this.#sorted);
    top[at] = value;
    this.#resize(Math.min(this.#sorted + 1, top.length));
  }

  /** Lets one go that is not below the least sorted value: it, or one that equals it, is among the sorted. */
  #leave(value: number): void {
    const end = this.#end(value);
    this.#top.copyWithin(end - 1, end, this.#sorted);
    this.#resize(this.#sorted - 1);
  }

  #resize(sorted: number): void {
    this.#sorted = sorted;
    this.#least = sorted === 0 ? Number.POSITIVE_INFINITY : (this.#top[sorted - 1] ?? Number.NaN);
  }
}
