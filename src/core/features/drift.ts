import { FEATURE_COUNT, FEATURE_NAMES } from './catalogue.ts';

/**
 * Population stability index: how far the live distribution of a value has moved
 * from the one in training (Siddiqi, Credit Risk Scorecards, 2006): the sum over
 * bins of (live - reference) x ln(live / reference). By custom below 0.1 is
 * stable and above 0.25 has shifted.
 */
export const DRIFT_LIMIT = 0.25;
/** Hours a live window must hold before it says anything. */
export const LEAST_DRIFT_HOURS = 500;
/** Hours of the live window: three months, so that an ordinary season is not taken for a shift. */
export const DRIFT_WINDOW_HOURS = 2160;

export interface ReferenceDistribution {
  /** Upper bounds of all bins but the last, rising. */
  readonly edges: readonly number[];
  /** Share of the reference in each bin; one more than edges. */
  readonly shares: readonly number[];
}

/** What a model was trained on, as far as drift needs to know it. Kept in the model's card. */
export interface DriftReference {
  /** By feature name. */
  readonly features: Readonly<Record<string, ReferenceDistribution>>;
  readonly prediction: ReferenceDistribution;
}

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

/** Deciles of the known values and their shares. Equal edges fall together, so discrete values get fewer bins. */
export const referenceOf = (values: ArrayLike<number>, bins = 10): ReferenceDistribution => {
  const sorted = Float64Array.from(values).filter((value) => !Number.isNaN(value)).sort();
  const edges: number[] = [];
  for (let q = 1; q < bins; q++) {
    const edge = sorted[Math.floor((q * sorted.length) / bins)] ?? Number.NaN;
    if (Number.isFinite(edge) && edge < (sorted.at(-1) ?? 0) && (edges.length === 0 || edge > (edges.at(-1) ?? 0))) edges.push(edge);
  }
  const counts = new Float64Array(edges.length + 1);
  const distribution = { edges, shares: [] as number[] };
  for (const value of sorted) {
    const bin = binOfValue(distribution, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges, shares: Array.from(counts, (count) => (sorted.length === 0 ? 0 : count / sorted.length)) };
};

export interface DriftReport {
  /** Rows in the live window. */
  readonly hours: number;
  /** By feature, highest index first; empty before LEAST_DRIFT_HOURS. */
  readonly features: readonly { readonly name: string; readonly index: number }[];
  /** Null before LEAST_DRIFT_HOURS. */
  readonly prediction: number | null;
  /** Features above DRIFT_LIMIT: worth an alert. */
  readonly shifted: readonly string[];
  /** Whether the prediction is above DRIFT_LIMIT: the model's lock. */
  readonly predictionShifted: boolean;
}

export interface DriftMonitor {
  /** Takes one decided row: its features in catalogue order and the model's probability. */
  push(features: ArrayLike<number>, probability: number): void;
  report(): DriftReport;
}

/**
 * Watches a rolling window of live rows against the reference; O(features) a row.
 * Rows of several symbols go into one monitor when the model was trained on them together.
 * @param window rows held: hours x symbols
 */
export const createDriftMonitor = (reference: DriftReference, window: number = DRIFT_WINDOW_HOURS): DriftMonitor => {
  const distributions = [...FEATURE_NAMES.map((name) => reference.features[name] ?? null), reference.prediction];
  const width = FEATURE_COUNT + 1;
  const counts = distributions.map((distribution) => new Int32Array(distribution?.shares.length ?? 0));
  // One byte a value: its bin plus one, zero for "not known".
  const held = new Uint8Array(window * width);
  let taken = 0;
  const count = (column: number, bin: number, by: 1 | -1): void => {
    const bins = counts[column];
    if (bins !== undefined && bin > 0) bins[bin - 1] = (bins[bin - 1] ?? 0) + by;
  };
  const push = (features: ArrayLike<number>, probability: number): void => {
    const start = (taken % window) * width;
    distributions.forEach((distribution, column) => {
      if (taken >= window) count(column, held[start + column] ?? 0, -1);
      const value = column === FEATURE_COUNT ? probability : (features[column] ?? Number.NaN);
      const bin = distribution === null || Number.isNaN(value) ? 0 : binOfValue(distribution, value) + 1;
      held[start + column] = bin;
      count(column, bin, 1);
    });
    taken++;
  };
  const report = (): DriftReport => {
    const hours = Math.min(taken, window);
    if (hours < LEAST_DRIFT_HOURS) return { hours, features: [], prediction: null, shifted: [], predictionShifted: false };
    const indexOf = (column: number): number => {
      const distribution = distributions[column];
      return distribution === null || distribution === undefined ? Number.NaN : populationStabilityIndex(distribution, counts[column] ?? []);
    };
    const features = FEATURE_NAMES.map((name, column) => ({ name, index: indexOf(column) }))
      .filter((feature) => !Number.isNaN(feature.index))
      .sort((a, b) => b.index - a.index);
    const prediction = indexOf(FEATURE_COUNT);
    return {
      hours,
      features,
      prediction,
      shifted: features.filter((feature) => feature.index > DRIFT_LIMIT).map((feature) => feature.name),
      predictionShifted: prediction > DRIFT_LIMIT,
    };
  };
  return { push, report };
};

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isDistribution = (value: unknown): value is ReferenceDistribution =>
  isObject(value) && isNumbers(value['edges']) && isNumbers(value['shares']) && value['shares'].length === value['edges'].length + 1;

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
