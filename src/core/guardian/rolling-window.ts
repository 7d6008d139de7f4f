/** Values a chunk may hold; it splits in two when full. Small, so that a push moves a few dozen values. */
const CHUNK = 64;
/** Neighbours that fit into this many values together are merged when one shrinks. */
const MERGE = 32;

interface Chunk {
  readonly values: Float64Array;
  size: number;
}

/**
 * The newest N values with their order statistics.
 *
 * The sorted copy is kept in chunks, so a push moves at most a few dozen
 * values (a year of hours in one array would move thousands, at every candle of
 * a backtest). It is derived and not part of a snapshot.
 */
export class RollingWindow {
  readonly capacity: number;
  readonly #ring: Float64Array;
  #chunks: Chunk[] = [];
  /** The largest value of each chunk, side by side: what a search looks at. */
  readonly #largest: Float64Array;
  #next = 0;
  /** Chunks of the newest insertion and removal: where the next ones are looked for first. */
  #inserted = 0;
  #removed = 0;
  #size = 0;

  constructor(capacity: number, values: readonly number[] = []) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a window holds at least one value, not ${capacity}`);
    this.capacity = capacity;
    this.#ring = new Float64Array(capacity);
    // Two neighbours hold more than MERGE values together, which bounds the number of chunks.
    this.#largest = new Float64Array(Math.ceil((2 * capacity) / MERGE) + 4);
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

  /**
   * Index of the first chunk whose largest value is not below `value`; the number of chunks when there is none. Walks
   * from `near`: values of one series come and go close to each other, and a walk of a few chunks beats a bisection.
   */
  #chunkOf(value: number, near: number): number {
    const count = this.#chunks.length;
    const largest = this.#largest;
    let index = Math.min(near, count);
    while (index > 0 && !((largest[index - 1] ?? 0) < value)) index -= 1;
    while (index < count && (largest[index] ?? 0) < value) index += 1;
    return index;
  }

  #insert(value: number): void {
    const found = Math.min(this.#chunkOf(value, this.#inserted), this.#chunks.length - 1);
    const chunk = this.#chunks[found];
    if (chunk === undefined) return this.#add(0, chunkOf([value]));
    this.#inserted = found;
    const { values } = chunk;
    let at = chunk.size;
    for (let before = values[at - 1] ?? 0; at > 0 && before > value; before = values[at - 1] ?? 0) {
      values[at] = before;
      at -= 1;
    }
    values[at] = value;
    chunk.size += 1;
    if (chunk.size === CHUNK) {
      const half = CHUNK / 2;
      this.#add(found + 1, chunkOf(values.subarray(half)));
      chunk.size = half;
    }
    this.#note(found, chunk);
  }

  #remove(value: number): void {
    const found = this.#chunkOf(value, this.#removed);
    const chunk = this.#chunks[found];
    if (chunk === undefined) return;
    this.#removed = found;
    const { values } = chunk;
    chunk.size -= 1;
    let at = 0;
    while (at < chunk.size && (values[at] ?? 0) < value) at += 1;
    for (; at < chunk.size; at += 1) values[at] = values[at + 1] ?? Number.NaN;
    if (chunk.size === 0) return this.#drop(found);
    this.#note(found, chunk);
    this.#merge(found);
    this.#merge(found - 1);
  }

  /** Makes one of a chunk and the next when they fit together: so two neighbours always hold more than MERGE values. */
  #merge(index: number): void {
    const chunk = this.#chunks[index];
    const next = this.#chunks[index + 1];
    if (chunk === undefined || next === undefined || chunk.size + next.size > MERGE) return;
    chunk.values.set(next.values.subarray(0, next.size), chunk.size);
    chunk.size += next.size;
    this.#drop(index + 1);
    this.#note(index, chunk);
  }

  #add(index: number, chunk: Chunk): void {
    this.#chunks.splice(index, 0, chunk);
    this.#largest.copyWithin(index + 1, index, this.#chunks.length - 1);
    this.#note(index, chunk);
  }

  #drop(index: number): void {
    this.#chunks.splice(index, 1);
    this.#largest.copyWithin(index, index + 1, this.#chunks.length + 1);
  }

  #note(index: number, { values, size }: Chunk): void {
    this.#largest[index] = values[size - 1] ?? Number.NaN;
  }
}

const chunkOf = (values: ArrayLike<number>): Chunk => {
  const chunk: Chunk = { values: new Float64Array(CHUNK), size: values.length };
  chunk.values.set(values);
  return chunk;
};
