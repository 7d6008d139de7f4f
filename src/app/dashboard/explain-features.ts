import { FEATURE_COUNT, FEATURES } from '../../core/features/catalogue.ts';
import type { DriftReference, ReferenceDistribution } from '../../core/features/drift.ts';
import type { FeatureEffect } from '../../ports/dashboard.ts';
import type { Model } from '../../ports/model.ts';

/** Features shown of a decision: those beyond have next to no effect. */
const SHOWN = 8;
/** An answer that differs by more was given by another model. Float32 on the way in, double on the way out. */
const SAME_ANSWER = 1e-6;
/** Effects below this are noise of the calibration. */
const LEAST_EFFECT = 1e-4;

export type Explanation =
  | { readonly effects: readonly FeatureEffect[]; readonly missing: null }
  | { readonly effects: null; readonly missing: string };

/**
 * Which features mattered: for each, the model's answer less its answer with
 * that feature alone set to its training median (one-at-a-time ablation). A
 * view for people, made when it is asked for; no decision depends on it.
 */
export interface FeatureExplainer {
  explain(features: readonly (number | null)[], probability: number): Promise<Explanation>;
}

/** Upper bound of the bin in which half of the reference lies. */
const medianOf = ({ edges, shares }: ReferenceDistribution): number => {
  let sum = 0;
  for (const [bin, edge] of edges.entries()) {
    sum += shares[bin] ?? 0;
    // Deciles are rounded: half is half within a thousandth.
    if (sum >= 0.499) return edge;
  }
  return edges.at(-1) ?? 0;
};

/** @param reference the distributions of the training data from the model's card; null = the card has none */
export const createFeatureExplainer = (model: Model | null, reference: DriftReference | null): FeatureExplainer => {
  const typical = FEATURES.map(({ name }) => {
    const distribution = reference?.features[name];
    return distribution === undefined ? null : medianOf(distribution);
  });

  /** Row 0 as it was, then one row a feature with that feature at its median. */
  const variants = (features: readonly (number | null)[]): Float32Array => {
    const rows = new Float32Array((FEATURE_COUNT + 1) * FEATURE_COUNT);
    for (let row = 0; row <= FEATURE_COUNT; row += 1) {
      for (let column = 0; column < FEATURE_COUNT; column += 1) {
        const median = row === column + 1 ? typical[column] : null;
        rows[row * FEATURE_COUNT + column] = median ?? features[column] ?? Number.NaN;
      }
    }
    return rows;
  };

  const explain = async (features: readonly (number | null)[], probability: number): Promise<Explanation> => {
    if (model === null) return { effects: null, missing: 'no model is loaded' };
    if (reference === null) return { effects: null, missing: "the model's card has no reference values" };
    if (features.length !== FEATURE_COUNT)
      return { effects: null, missing: 'the decision was made with another feature catalogue' };
    const answers = await model.predictBatch(variants(features));
    const now = answers[0] ?? Number.NaN;
    if (!(Math.abs(now - probability) <= SAME_ANSWER))
      return { effects: null, missing: 'the decision was made by another model than the one now loaded' };
    const effects = FEATURES.flatMap(({ name, unit, source }, column): FeatureEffect[] => {
      const median = typical[column];
      if (median === null || median === undefined) return [];
      return [
        {
          name,
          unit,
          source,
          value: features[column] ?? null,
          typical: median,
          effect: now - (answers[column + 1] ?? now),
        },
      ];
    });
    effects.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
    return { effects: effects.slice(0, SHOWN).filter(({ effect }) => Math.abs(effect) >= LEAST_EFFECT), missing: null };
  };
  return { explain };
};
