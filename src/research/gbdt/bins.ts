/** Features sorted into bins: what histogram boosting counts in place of values. */
export interface BinnedRows {
  readonly rowCount: number;
  readonly featureCount: number;
  /** Column-major bin numbers. Bin 0 is "missing"; bin b > 0 holds values <= edges[b - 1] and > the edge before. */
  readonly bins: Uint8Array;
}

/** Upper bounds of the bins of each feature, float32 and rising. */
export type BinEdges = readonly Float32Array[];

/**
 * Edges at quantiles of the given rows, each halfway between two values that occur.
 * @param rows row-major float32
 * @param maxBins bins a feature may have, at most 254
 */
export const findBinEdges = (rows: Float32Array, featureCount: number, maxBins: number): BinEdges => {
  if (!(maxBins >= 2 && maxBins <= 254)) throw new RangeError(`${maxBins} bins; 2 to 254 are possible`);
  const rowCount = rows.length / featureCount;
  const column = new Float32Array(rowCount);
  return Array.from({ length: featureCount }, (_, feature) => {
    let known = 0;
    for (let row = 0; row < rowCount; row++) {
      const value = rows[row * featureCount + feature] ?? Number.NaN;
      if (!Number.isNaN(value)) column[known++] = value;
    }
    return quantileEdges(column.subarray(0, known).sort(), maxBins);
  });
};

/**
 * At each quantile, halfway from the value there to the next larger one: a feature of few values gets an edge between
 * any two of them.
 */
const quantileEdges = (sorted: Float32Array, maxBins: number): Float32Array => {
  const edges: number[] = [];
  let next = 0;
  for (let q = 1; q < maxBins; q++) {
    const index = Math.floor((q * sorted.length) / maxBins);
    if (index < 1) continue;
    const below = sorted[index - 1] ?? 0;
    for (next = Math.max(next, index); next < sorted.length && sorted[next] === below; next++);
    const above = sorted[next];
    if (above === undefined) break;
    const middle = Math.fround((below + above) / 2);
    const edge = middle >= below && middle < above ? middle : below;
    if (edges.length === 0 || edge > (edges.at(-1) ?? 0)) edges.push(edge);
  }
  return Float32Array.from(edges);
};

/** Sorts features into bins. @param rows row-major float32, as many columns as `edges`; NaN goes into bin 0 */
export const binRows = (rows: Float32Array, edges: BinEdges): BinnedRows => {
  const featureCount = edges.length;
  const rowCount = rows.length / featureCount;
  const bins = new Uint8Array(rows.length);
  edges.forEach((bounds, feature) => {
    for (let row = 0; row < rowCount; row++) {
      const value = rows[row * featureCount + feature] ?? Number.NaN;
      bins[feature * rowCount + row] = Number.isNaN(value) ? 0 : binOf(bounds, value);
    }
  });
  return { rowCount, featureCount, bins };
};

/** First bin whose upper bound is >= value, counted from 1; one past the last bound for larger values. */
const binOf = (bounds: Float32Array, value: number): number => {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low + 1;
};
