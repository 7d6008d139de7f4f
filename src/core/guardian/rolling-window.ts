/** Values a chunk may hold; it splits in two when full. Small, so that a push moves a few dozen values. */
const CHUNK = 64;
/** Neighbours that fit into this many values together are merged when one shrinks. */
const MERGE = 32;

/**
 * The newest N values with their order statistics.
 *
 * The sorted copy is kept in chunks, so a push moves at most a few dozen
 * values (a year of hours in one array would move thousands, at every candle of
 * a backtest). Everything lies in arrays made once: a push allocates nothing.
 * The copy is derived and not part of a snapshot.
 *
 * Invariant: two neighbouring chunks hold more than MERGE values together,
 * which bounds their number.
 */
export class RollingWindow {
  readonly capacity: number;
  readonly #ring: Float64Array;
  #next = 0;
  #size = 0;
  /** Room for every chunk: the one in slot s has its values from s x CHUNK on. */
  readonly #values: Float64Array;
  /** By position of the chunk, smallest values first: its slot, its size and its largest value. */
  readonly #slots: Int32Array;
  readonly #sizes: Int32Array;
  readonly #largest: Float64Array;
  #chunks = 0;
  /** Slots in no use, the first of them at the end. */
  readonly #free: Int32Array;
  #freeCount: number;
  /** Positions of the newest insertion and removal: where the next ones are looked for first. */
  #inserted = 0;
  #removed = 0;

  constructor(capacity: number, values: readonly number[] = []) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a window holds at least one value, not ${capacity}`);
    this.capacity = capacity;
    this.#ring = new Float64Array(capacity);
    const most = Math.ceil((2 * capacity) / MERGE) + 4;
    this.#values = new Float64Array(most * CHUNK);
    this.#slots = new Int32Array(most);
    this.#sizes = new Int32Array(most);
    this.#largest = new Float64Array(most);
    this.#free = Int32Array.from({ length: most }, (_, index) => most - 1 - index);
    this.#freeCount = most;
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
    for (let index = this.#chunks - 1; index >= 0; index -= 1) {
      const size = this.#sizes[index] ?? 0;
      if (above < size) return this.#values[(this.#slots[index] ?? 0) * CHUNK + size - 1 - above] ?? Number.NaN;
      above -= size;
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
   * Position of the first chunk whose largest value is not below `value`; the number of chunks when there is none. Walks
   * from `near`: values of one series come and go close to each other, and a walk of a few chunks beats a bisection.
   */
  #chunkOf(value: number, near: number): number {
    const largest = this.#largest;
    const count = this.#chunks;
    let index = Math.min(near, count);
    while (index > 0 && !((largest[index - 1] ?? 0) < value)) index -= 1;
    while (index < count && (largest[index] ?? 0) < value) index += 1;
    return index;
  }

  #insert(value: number): void {
    if (this.#chunks === 0) this.#open(0);
    const found = Math.min(this.#chunkOf(value, this.#inserted), this.#chunks - 1);
    this.#inserted = found;
    const values = this.#values;
    const first = (this.#slots[found] ?? 0) * CHUNK;
    const size = (this.#sizes[found] ?? 0) + 1;
    let at = first + size - 1;
    for (let before = values[at - 1] ?? 0; at > first && before > value; before = values[at - 1] ?? 0) {
      values[at] = before;
      at -= 1;
    }
    values[at] = value;
    this.#resize(found, size);
    if (size === CHUNK) this.#split(found);
  }

  #remove(value: number): void {
    const found = this.#chunkOf(value, this.#removed);
    if (found >= this.#chunks) return;
    this.#removed = found;
    const values = this.#values;
    const first = (this.#slots[found] ?? 0) * CHUNK;
    const size = (this.#sizes[found] ?? 0) - 1;
    const last = first + size;
    let at = first;
    while (at < last && (values[at] ?? 0) < value) at += 1;
    for (; at < last; at += 1) values[at] = values[at + 1] ?? Number.NaN;
    if (size === 0) return this.#close(found);
    this.#resize(found, size);
    this.#merge(found);
    this.#merge(found - 1);
  }

  #resize(index: number, size: number): void {
    this.#sizes[index] = size;
    this.#largest[index] = this.#values[(this.#slots[index] ?? 0) * CHUNK + size - 1] ?? Number.NaN;
  }

  /** The upper half of a full chunk becomes a chunk of its own. */
  #split(index: number): void {
    this.#open(index + 1);
    const half = CHUNK / 2;
    const from = (this.#slots[index] ?? 0) * CHUNK;
    this.#values.copyWithin((this.#slots[index + 1] ?? 0) * CHUNK, from + half, from + CHUNK);
    this.#resize(index, half);
    this.#resize(index + 1, half);
  }

  /** Makes one of a chunk and the next when they fit together. */
  #merge(index: number): void {
    if (index < 0 || index + 1 >= this.#chunks) return;
    const size = this.#sizes[index] ?? 0;
    const next = this.#sizes[index + 1] ?? 0;
    if (size + next > MERGE) return;
    const from = (this.#slots[index + 1] ?? 0) * CHUNK;
    this.#values.copyWithin((this.#slots[index] ?? 0) * CHUNK + size, from, from + next);
    this.#close(index + 1);
    this.#resize(index, size + next);
  }

  /** Puts an empty chunk at a position. */
  #open(index: number): void {
    this.#freeCount -= 1;
    const slot = this.#free[this.#freeCount] ?? 0;
    for (const column of [this.#slots, this.#sizes, this.#largest]) column.copyWithin(index + 1, index, this.#chunks);
    this.#slots[index] = slot;
    this.#sizes[index] = 0;
    this.#chunks += 1;
  }

  #close(index: number): void {
    this.#free[this.#freeCount] = this.#slots[index] ?? 0;
    this.#freeCount += 1;
    for (const column of [this.#slots, this.#sizes, this.#largest]) column.copyWithin(index, index + 1, this.#chunks);
    this.#chunks -= 1;
  }
}
