import { FEATURE_COUNT, FEATURE_NAMES } from './catalogue.ts';

/**
 * Population stability index: how far the live distribution of a value has moved
 * from the one in training (Siddiqi, Credit Risk Scorecards, 2006): the sum over
 * bins of (live - reference) x ln(live / reference). By custom below 0.1 is
 * stable and above 0.25 has shifted.
 *
 * That custom is for independent rows. Three months of hours are one or two regimes
 * of volatility out of years of them, so that even windows of the training data
 * exceed 0.25 more often than not. A reference therefore also states what is ordinary:
 * the 99th percentile of the raw index over windows of the same length in training.
 * Where that is above 0.25, the index is scaled down so that the ordinary comes to
 * 0.25: above the limit then means further from training than training ever was from
 * itself. A shorter window holds fewer regimes and strays further, so the ordinary is
 * stated for the shortest window and for the longest, and interpolated in between.
 */
export const DRIFT_LIMIT = 0.25;
/** Hours a live window must hold before it says anything. */
export const LEAST_DRIFT_HOURS = 500;
/** Hours of the live window: three months. */
export const DRIFT_WINDOW_HOURS = 2160;

export interface ReferenceDistribution {
  /** Upper bounds of all bins but the last, rising. */
  readonly edges: readonly number[];
  /** Share of the reference in each bin; one more than edges. */
  readonly shares: readonly number[];
  /** Raw index that windows of DRIFT_WINDOW_HOURS reach in training; unknown counts as DRIFT_LIMIT. */
  readonly ordinary?: number;
  /** The same of windows of LEAST_DRIFT_HOURS; unknown counts as `ordinary`. */
  readonly ordinaryAtLeast?: number;
  /**
   * Rows of this very value take no part, here and live: it is what one symbol always has, and how many of the rows are
   * its own depends on what is traded.
   */
  readonly leftOut?: number;
}

/** What a model was trained on, as far as drift needs to know it. Kept in the model's card. */
export interface DriftReference {
  /** By feature name. */
  readonly features: Readonly<Record<string, ReferenceDistribution>>;
  readonly prediction: ReferenceDistribution;
}

/** What a row keeps for a value that is not known; bins are counted from one and a reference has fewer. */
const UNKNOWN = 255;

/** An empty bin counts as this share: the logarithm of nothing is not a number. */
const LEAST_SHARE = 1e-4;

/** @param counts live counts by bin, as many as the reference has shares; NaN when nothing was counted */
export const populationStabilityIndex = (reference: ReferenceDistribution, counts: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  if (total === 0) return Number.NaN;
  let index = 0;
  reference.shares.forEach((share, bin) => {
    const expected = Math.max(LEAST_SHARE, share);
    const actual = Math.max(LEAST_SHARE, (counts[bin] ?? 0) / total);
    index += (actual - expected) * Math.log(actual / expected);
  });
  return index;
};

/** Bin of a value: the first whose upper bound is >= value. */
export const binOfValue = (reference: ReferenceDistribution, value: number): number => {
  let bin = 0;
  while (bin < reference.edges.length && value > (reference.edges[bin] ?? 0)) bin++;
  return bin;
};

/** Six significant digits: enough for an edge, and a card that people can read. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/**
 * Deciles of the known values and their shares. An edge lies between two values
 * that occur, so that discrete values (an hour of the day) never sit on one.
 * @param leftOut a value that takes no part, if there is one
 */
export const referenceOf = (values: ArrayLike<number>, leftOut?: number, bins = 10): ReferenceDistribution => {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value) && value !== leftOut)
    .sort();
  const edges: number[] = [];
  let next = 0;
  for (let q = 1; q < bins; q++) {
    const below = sorted[Math.floor((q * sorted.length) / bins) - 1];
    if (below === undefined) continue;
    while (next < sorted.length && (sorted[next] ?? 0) <= below) next++;
    const above = sorted[next];
    if (above === undefined) break;
    const edge = rounded((below + above) / 2);
    if (Number.isFinite(edge) && (edges.length === 0 || edge > (edges.at(-1) ?? 0))) edges.push(edge);
  }
  const counts = new Float64Array(edges.length + 1);
  const distribution = { edges, shares: [] as number[] };
  for (const value of sorted) {
    const bin = binOfValue(distribution, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const shares = Array.from(counts, (count) => (sorted.length === 0 ? 0 : rounded(count / sorted.length)));
  return leftOut === undefined ? { edges, shares } : { edges, shares, leftOut };
};

/**
 * How long a window is between the shortest and the longest, 0 to 1: by its logarithm, since the index falls about as a
 * power of the length.
 */
const lengthOf = (hours: number): number =>
  Math.min(1, Math.max(0, Math.log(hours / LEAST_DRIFT_HOURS) / Math.log(DRIFT_WINDOW_HOURS / LEAST_DRIFT_HOURS)));

/** Raw index that windows of so many hours reach in training, at least DRIFT_LIMIT. */
const ordinaryOf = (
  { ordinary = DRIFT_LIMIT, ordinaryAtLeast = ordinary }: ReferenceDistribution,
  hours: number,
): number => {
  if (ordinary <= 0 || ordinaryAtLeast <= 0) return DRIFT_LIMIT;
  return Math.max(DRIFT_LIMIT, ordinaryAtLeast * (ordinary / ordinaryAtLeast) ** lengthOf(hours));
};

/** The index of a window of so many hours brought to the scale on which DRIFT_LIMIT is the limit. */
export const scaledIndex = (reference: ReferenceDistribution, raw: number, hours: number): number =>
  (raw * DRIFT_LIMIT) / ordinaryOf(reference, hours);

export interface FeatureDrift {
  readonly name: string;
  /** Null = the training knew this feature and not one live row does: further from training than any index says. */
  readonly index: number | null;
  /** The plain population stability index, not scaled to what is ordinary. */
  readonly raw: number | null;
}

/** Whether a feature has moved away from training; one that has become unknown has. */
export const isShifted = ({ index }: FeatureDrift): boolean => index === null || index > DRIFT_LIMIT;

export interface DriftReport {
  /** Hours in the live window. */
  readonly hours: number;
  /** By feature, the unknown first, then the highest index; empty before LEAST_DRIFT_HOURS. */
  readonly features: readonly FeatureDrift[];
  /** Null before LEAST_DRIFT_HOURS. */
  readonly prediction: number | null;
  /** Features above DRIFT_LIMIT or unknown: worth an alert. */
  readonly shifted: readonly string[];
  /** Whether the prediction is above DRIFT_LIMIT: the model's lock. */
  readonly predictionShifted: boolean;
}

export interface DriftMonitor {
  /**
   * Takes one decided row: its features in catalogue order and the model's probability. Returns what it keeps of them,
   * a byte a value.
   */
  push(features: ArrayLike<number>, probability: number): Uint8Array;
  /**
   * Takes again what an earlier run has kept, oldest first. False, and nothing is taken, when it does not fit the
   * reference.
   */
  restore(row: Uint8Array): boolean;
  report(): DriftReport;
}

export interface DriftMonitorOptions {
  /** Symbols whose rows come in: so many rows are one hour. */
  readonly symbols?: number;
  readonly windowHours?: number;
}

/** Watches a rolling window of live rows, of all symbols together, against the reference; O(features) a row. */
export const createDriftMonitor = (reference: DriftReference, options: DriftMonitorOptions = {}): DriftMonitor => {
  const { symbols = 1, windowHours = DRIFT_WINDOW_HOURS } = options;
  const window = windowHours * symbols;
  const distributions = [...FEATURE_NAMES.map((name) => reference.features[name] ?? null), reference.prediction];
  const width = FEATURE_COUNT + 1;
  const counts = distributions.map((distribution) => new Int32Array(distribution?.shares.length ?? 0));
  const unknown = new Int32Array(width);
  // One byte a value: its bin plus one, UNKNOWN, or zero for one that takes no part.
  const held = new Uint8Array(window * width);
  let taken = 0;
  const count = (column: number, bin: number, by: 1 | -1): void => {
    const bins = counts[column];
    if (bin === UNKNOWN) unknown[column] = (unknown[column] ?? 0) + by;
    else if (bins !== undefined && bin > 0) bins[bin - 1] = (bins[bin - 1] ?? 0) + by;
  };
  const take = (row: ArrayLike<number>): void => {
    const start = (taken % window) * width;
    for (let column = 0; column < width; column++) {
      if (taken >= window) count(column, held[start + column] ?? 0, -1);
      const bin = row[column] ?? 0;
      held[start + column] = bin;
      count(column, bin, 1);
    }
    taken++;
  };
  const push = (features: ArrayLike<number>, probability: number): Uint8Array => {
    const row = Uint8Array.from(distributions, (distribution, column) => {
      const value = column === FEATURE_COUNT ? probability : (features[column] ?? Number.NaN);
      if (distribution === null || value === distribution.leftOut) return 0;
      // A prediction that is no number is refused before it comes here.
      if (Number.isNaN(value)) return column === FEATURE_COUNT ? 0 : UNKNOWN;
      return binOfValue(distribution, value) + 1;
    });
    take(row);
    return row;
  };
  const restore = (row: Uint8Array): boolean => {
    const fits =
      row.length === width &&
      row.every((bin, column) => bin <= (counts[column]?.length ?? 0) || (bin === UNKNOWN && column < FEATURE_COUNT));
    if (fits) take(row);
    return fits;
  };
  /** Null = nothing to compare: the reference lacks it, or no row takes part. */
  const indexOf = (column: number, hours: number): Omit<FeatureDrift, 'name'> | null => {
    const distribution = distributions[column] ?? null;
    if (distribution === null) return null;
    const raw = populationStabilityIndex(distribution, counts[column] ?? []);
    if (!Number.isNaN(raw)) return { index: scaledIndex(distribution, raw, hours), raw };
    const wasKnown = distribution.shares.some((share) => share > 0);
    return wasKnown && (unknown[column] ?? 0) > 0 ? { index: null, raw: null } : null;
  };
  const report = (): DriftReport => {
    const hours = Math.floor(Math.min(taken, window) / symbols);
    if (hours < LEAST_DRIFT_HOURS)
      return { hours, features: [], prediction: null, shifted: [], predictionShifted: false };
    const features = FEATURE_NAMES.flatMap((name, column) => {
      const found = indexOf(column, hours);
      return found === null ? [] : [{ name, ...found }];
    }).sort((a, b) => (b.index ?? Number.MAX_VALUE) - (a.index ?? Number.MAX_VALUE));
    const prediction = indexOf(FEATURE_COUNT, hours)?.index ?? null;
    return {
      hours,
      features,
      prediction,
      shifted: features.filter(isShifted).map((feature) => feature.name),
      predictionShifted: prediction !== null && prediction > DRIFT_LIMIT,
    };
  };
  return { push, restore, report };
};

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isDistribution = (value: unknown): value is ReferenceDistribution =>
  isObject(value) &&
  isNumbers(value['edges']) &&
  isNumbers(value['shares']) &&
  value['shares'].length === value['edges'].length + 1 &&
  // A bin is kept in a byte.
  value['shares'].length < UNKNOWN &&
  ['ordinary', 'ordinaryAtLeast']
    .map((name) => value[name])
    .every((index) => index === undefined || (typeof index === 'number' && index >= 0)) &&
  (value['leftOut'] === undefined || Number.isFinite(value['leftOut']));

/** The reference inside a model card (its `reference` member), or null when it has none that is sound. */
export const driftReferenceOf = (card: unknown): DriftReference | null => {
  const reference = isObject(card) ? card['reference'] : null;
  if (!isObject(reference) || !isObject(reference['features']) || !isDistribution(reference['prediction'])) return null;
  const features: Record<string, ReferenceDistribution> = {};
  for (const [name, distribution] of Object.entries(reference['features'])) {
    if (!isDistribution(distribution)) return null;
    features[name] = distribution;
  }
  return { features, prediction: reference['prediction'] };
};
