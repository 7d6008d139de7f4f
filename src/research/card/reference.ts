import { FEATURE_NAMES } from '../../core/features/catalogue.ts';
import { referenceOf, type DriftReference, type ReferenceDistribution } from '../../core/features/drift.ts';
import type { Dataset } from '../dataset/build-dataset.ts';

/** Six significant digits: enough for a bin's edge, and a card that people can read. */
const rounded = (value: number): number => Number(value.toPrecision(6));

const roundedReference = (values: ArrayLike<number>): ReferenceDistribution => {
  const { edges, shares } = referenceOf(values);
  return { edges: edges.map(rounded), shares: shares.map(rounded) };
};

/** Deciles of every feature and of the prediction over the given rows: what drift is measured against. */
export const driftReference = (dataset: Dataset, rows: Int32Array, probabilities: ArrayLike<number>): DriftReference => {
  const features: Record<string, ReferenceDistribution> = {};
  FEATURE_NAMES.forEach((name, feature) => {
    features[name] = roundedReference(Float64Array.from(rows, (row) => dataset.rows[row * dataset.featureCount + feature] ?? Number.NaN));
  });
  return { features, prediction: roundedReference(probabilities) };
};
