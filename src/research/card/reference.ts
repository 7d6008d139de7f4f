import { FEATURE_COUNT, FEATURES } from '../../core/features/catalogue.ts';
import {
  createDriftMonitor,
  DRIFT_WINDOW_HOURS,
  LEAST_DRIFT_HOURS,
  referenceOf,
  type DriftReference,
  type ReferenceDistribution,
} from '../../core/features/drift.ts';
import type { Dataset } from '../dataset/build-dataset.ts';

/** Windows of the training data are measured every so many rows. */
const STEP = 500;
const ORDINARY_QUANTILE = 0.99;

/**
 * What drift is measured against: deciles of every feature and of the prediction
 * over the given rows, and how far windows of those rows stray from the whole.
 * @param rows indices in order of time
 * @param probabilities one for each of `rows`
 */
export const driftReference = (
  dataset: Dataset,
  rows: Int32Array,
  probabilities: ArrayLike<number>,
): DriftReference => {
  const features: Record<string, ReferenceDistribution> = {};
  FEATURES.forEach(({ name, ofContext }, feature) => {
    features[name] = referenceOf(
      Float64Array.from(rows, (row) => dataset.rows[row * dataset.featureCount + feature] ?? Number.NaN),
      ofContext,
    );
  });
  return withOrdinary({ features, prediction: referenceOf(probabilities) }, dataset, rows, probabilities);
};

const withOrdinary = (
  plain: DriftReference,
  dataset: Dataset,
  rows: Int32Array,
  probabilities: ArrayLike<number>,
): DriftReference => {
  const longest = strayed(plain, dataset, rows, probabilities, DRIFT_WINDOW_HOURS);
  const shortest = strayed(plain, dataset, rows, probabilities, LEAST_DRIFT_HOURS);
  const known = (name: string, distribution: ReferenceDistribution): ReferenceDistribution => {
    const [ordinary, ordinaryAtLeast] = [longest.get(name), shortest.get(name)];
    return {
      ...distribution,
      ...(ordinary === undefined ? {} : { ordinary }),
      ...(ordinaryAtLeast === undefined ? {} : { ordinaryAtLeast }),
    };
  };
  return {
    features: Object.fromEntries(
      Object.entries(plain.features).map(([name, distribution]) => [name, known(name, distribution)]),
    ),
    prediction: known(PREDICTION, plain.prediction),
  };
};

/** No feature has this name. */
const PREDICTION = '';

/** ORDINARY_QUANTILE of the raw index of windows of so many hours, by feature and for the prediction. */
const strayed = (
  plain: DriftReference,
  dataset: Dataset,
  rows: Int32Array,
  probabilities: ArrayLike<number>,
  windowHours: number,
): ReadonlyMap<string, number> => {
  const monitor = createDriftMonitor(plain, { symbols: dataset.symbols.length, windowHours });
  const seen = new Map<string, number[]>();
  const note = (name: string, raw: number): void => void seen.set(name, [...(seen.get(name) ?? []), raw]);
  rows.forEach((row, i) => {
    monitor.push(dataset.rows.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT), probabilities[i] ?? Number.NaN);
    if (i % STEP !== 0 || i < windowHours * dataset.symbols.length) return;
    const report = monitor.report();
    for (const { name, raw } of report.features) if (raw !== null) note(name, raw);
    // The plain reference knows nothing ordinary yet, so its index is the raw one.
    if (report.prediction !== null) note(PREDICTION, report.prediction);
  });
  const quantile = (values: readonly number[]): number =>
    Number(
      (Float64Array.from(values).sort()[Math.floor(ORDINARY_QUANTILE * (values.length - 1))] ?? Number.NaN).toPrecision(
        6,
      ),
    );
  return new Map([...seen].map(([name, values]) => [name, quantile(values)]));
};
