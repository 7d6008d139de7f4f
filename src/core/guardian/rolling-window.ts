/**
 * The newest N values with their order statistics. A push costs one binary
 * search and one block move; the sorted copy is derived and not part of a
 * snapshot.
 */
export class RollingWindow {
  readonly capacity: number;
  readonly #ring: Float64Array;
  readonly #sorted: Float64Array;
  #next = 0;
  #size = 0;

  constructor(capacity: number, values: readonly number[] = []) {
    this.capacity = capacity;
    this.#ring = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
    for (const value of values.slice(-capacity)) {
      this.#ring[this.#size] = value;
      this.#sorted[this.#size] = value;
      this.#size += 1;
    }
    this.#next = this.#size % capacity;
    this.#sorted.subarray(0, this.#size).sort();
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a finite value; the oldest leaves when the window is full. */
  push(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`a window takes finite values only, not ${value}`);
    if (this.#size === this.capacity) {
      const oldest = this.#ring[this.#next] ?? 0;
      this.#move(this.#lowerBound(oldest), value);
    } else {
      this.#size += 1;
      this.#sorted[this.#size - 1] = Number.POSITIVE_INFINITY;
      this.#move(this.#size - 1, value);
    }
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
  }

  /**
   * Nearest-rank percentile: the smallest value that at least the fraction `p` of all values do not exceed.
   * NaN when empty. Source: NIST/SEMATECH e-Handbook, 7.2.6.2 (nearest rank).
   */
  percentile(p: number): number {
    if (this.#size === 0) return Number.NaN;
    const rank = Math.min(this.#size, Math.max(1, Math.ceil(p * this.#size)));
    return this.#sorted[rank - 1] ?? Number.NaN;
  }

  /** Oldest first. */
  values(): number[] {
    const start = this.#size === this.capacity ? this.#next : 0;
    return Array.from({ length: this.#size }, (_, index) => this.#ring[(start + index) % this.capacity] ?? Number.NaN);
  }

  toJSON(): { readonly $window: readonly number[]; readonly capacity: number } {
    return { $window: this.values(), capacity: this.capacity };
  }

  #lowerBound(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Replaces the sorted value at `index` by `value`, keeping the order. */
  #move(index: number, value: number): void {
    const target = this.#lowerBound(value);
    if (target <= index) {
      this.#sorted.copyWithin(target + 1, target, index);
      this.#sorted[target] = value;
    } else {
      this.#sorted.copyWithin(index, index + 1, target);
      this.#sorted[target - 1] = value;
    }
  }
}
