/**
 * A trained ensemble of decision trees. Thresholds, leaf values, base and
 * calibration are float32 values (held in doubles where plain numbers), because
 * the ONNX runtime compares and adds in float32: only so does every row take the
 * same way here and there.
 */
export interface Tree {
  /** Feature index of each node; -1 marks a leaf. Node 0 is the root. */
  readonly feature: Int32Array;
  /** A row goes left when its value is <= threshold. */
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** 1 where a missing value (NaN) goes left. */
  readonly missingLeft: Uint8Array;
  /** Log-odds that a leaf adds; 0 in inner nodes. */
  readonly value: Float32Array;
}

/** Platt's scaling: probability = 1 / (1 + exp(-(slope x score + intercept))). */
export interface Calibration {
  readonly slope: number;
  readonly intercept: number;
}

export const NO_CALIBRATION: Calibration = { slope: 1, intercept: 0 };

export interface TreeEnsemble {
  readonly featureCount: number;
  /** Log-odds before the first tree. */
  readonly base: number;
  readonly trees: readonly Tree[];
  readonly calibration: Calibration;
}

const leafOf = (tree: Tree, rows: Float32Array, offset: number): number => {
  let node = 0;
  for (;;) {
    const feature = tree.feature[node] ?? -1;
    if (feature < 0) return node;
    const value = rows[offset + feature] ?? Number.NaN;
    const left = Number.isNaN(value) ? tree.missingLeft[node] === 1 : value <= (tree.threshold[node] ?? 0);
    node = (left ? tree.left[node] : tree.right[node]) ?? -1;
  }
};

/** Log-odds of row-major rows before calibration, summed in double precision. */
export const ensembleScores = (
  ensemble: TreeEnsemble,
  rows: Float32Array,
  trees: readonly Tree[] = ensemble.trees,
): Float64Array => {
  const count = rows.length / ensemble.featureCount;
  const scores = new Float64Array(count).fill(ensemble.base);
  for (const tree of trees) {
    for (let row = 0; row < count; row++) {
      scores[row] = (scores[row] ?? 0) + (tree.value[leafOf(tree, rows, row * ensemble.featureCount)] ?? 0);
    }
  }
  return scores;
};

export const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));

/** Calibrated probabilities from scores. */
export const calibrated = (scores: Float64Array, calibration: Calibration): Float64Array =>
  scores.map((score) => sigmoid(calibration.slope * score + calibration.intercept));

/** Calibrated probabilities of row-major rows: what the exported graph answers, in double precision. */
export const predictEnsemble = (ensemble: TreeEnsemble, rows: Float32Array): Float64Array =>
  calibrated(ensembleScores(ensemble, rows), ensemble.calibration);
