/** Values a chunk may hold; it splits in two when full. */
const CHUNK = 256;
/** Neighbours that fit into this many values together are merged when one shrinks. */
const MERGE = 128;

interface Chunk {
  readonly values: Float64Array;
  size: number;
}

/**
 * The newest N values with their order statistics.
 *
 * The sorted copy is kept in chunks, so a push moves at most a few hundred
 * values (a year of hours in one array would move thousands, at every candle of
 * a backtest). It is derived and not part of a snapshot.
 */
export class RollingWindow {
  readonly capacity: number;
  readonly #ring: Float64Array;
  #chunks: Chunk[] = [];
  #next = 0;
  #size = 0;

  constructor(capacity: number, values: readonly number[] = []) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a window holds at least one value, not ${capacity}`);
    this.capacity = capacity;
    this.#ring = new Float64Array(capacity);
    for (const value of values.slice(-capacity)) this.push(value);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a finite value; the oldest leaves when the window is full. @throws RangeError when it is not finite. */
  push(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`a window takes finite values only, not ${value}`);
    if (this.#size === this.capacity) this.#remove(this.#ring[this.#next] ?? 0);
    else this.#size += 1;
    this.#insert(value);
    this.#ring[this.#next] = value;
    this.#next = this.#next + 1 === this.capacity ? 0 : this.#next + 1;
  }

  /**
   * Nearest-rank percentile: the smallest value that at least the fraction `p` of all values do not exceed.
   * NaN when empty. Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.2 (percentiles as order statistics), rank ceil(p N).
   */
  percentile(p: number): number {
    if (this.#size === 0) return Number.NaN;
    const rank = Math.min(this.#size, Math.max(1, Math.ceil(p * this.#size)));
    // Counted from the top: the percentiles that matter are high.
    let above = this.#size - rank;
    for (let index = this.#chunks.length - 1; index >= 0; index -= 1) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) break;
      if (above < chunk.size) return chunk.values[chunk.size - 1 - above] ?? Number.NaN;
      above -= chunk.size;
    }
    return Number.NaN;
  }

  /** Oldest first. */
  values(): number[] {
    const start = this.#size === this.capacity ? this.#next : 0;
    return Array.from({ length: this.#size }, (_, index) => this.#ring[(start + index) % this.capacity] ?? Number.NaN);
  }

  toJSON(): { readonly $window: readonly number[]; readonly capacity: number } {
    return { $window: this.values(), capacity: this.capacity };
  }

  /** Index of the first chunk whose largest value is not below `value`; the number of chunks when there is none. */
  #chunkOf(value: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.#chunks[middle];
      if (chunk !== undefined && (chunk.values[chunk.size - 1] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(value: number): void {
    const found = Math.min(this.#chunkOf(value), this.#chunks.length - 1);
    const chunk = this.#chunks[found];
    if (chunk === undefined) {
      this.#chunks.push(chunkOf([value]));
      return;
    }
    const at = lowerBound(chunk, value);
    chunk.values.copyWithin(at + 1, at, chunk.size);
    chunk.values[at] = value;
    chunk.size += 1;
    if (chunk.size === CHUNK) {
      const half = CHUNK / 2;
      this.#chunks.splice(found + 1, 0, chunkOf(chunk.values.subarray(half)));
      chunk.size = half;
    }
  }

  #remove(value: number): void {
    const found = this.#chunkOf(value);
    const chunk = this.#chunks[found];
    if (chunk === undefined) return;
    chunk.values.copyWithin(lowerBound(chunk, value), lowerBound(chunk, value) + 1, chunk.size);
    chunk.size -= 1;
    const next = this.#chunks[found + 1];
    if (chunk.size === 0) this.#chunks.splice(found, 1);
    else if (next !== undefined && chunk.size + next.size <= MERGE) {
      chunk.values.set(next.values.subarray(0, next.size), chunk.size);
      chunk.size += next.size;
      this.#chunks.splice(found + 1, 1);
    }
  }
}

const chunkOf = (values: ArrayLike<number>): Chunk => {
  const chunk: Chunk = { values: new Float64Array(CHUNK), size: values.length };
  chunk.values.set(values);
  return chunk;
};

/** Index of the first value of the chunk that is not below `value`. */
const lowerBound = (chunk: Chunk, value: number): number => {
  let low = 0;
  let high = chunk.size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunk.values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
};
