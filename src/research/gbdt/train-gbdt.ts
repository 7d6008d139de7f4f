import { createRandomStream, type RandomStream } from '../../sim/generator/random.ts';
import { binRows, findBinEdges, type BinEdges, type BinnedRows } from './bins.ts';
import { NO_CALIBRATION, sigmoid, type Tree, type TreeEnsemble } from './ensemble.ts';
import { addTree, TreeGrower, type BinnedTree } from './grow-tree.ts';

export interface GbdtOptions {
  /** Trees at most; early stopping may leave fewer. */
  readonly rounds: number;
  readonly leaves: number;
  readonly maxDepth: number;
  readonly learningRate: number;
  readonly minLeafRows: number;
  readonly lambda: number;
  /** Share of features and of rows that each tree sees. */
  readonly featureFraction: number;
  readonly rowFraction: number;
  readonly maxBins: number;
  /** Rounds without a better validation loss before training stops. */
  readonly patience: number;
  readonly seed: number;
}

/** Rows to learn from or to measure on: row-major features, labels 0 or 1, weights above zero. */
export interface LabelledRows {
  readonly rows: Float32Array;
  readonly labels: Uint8Array;
  readonly weights: Float64Array;
}

export interface TrainedGbdt {
  /** Not yet calibrated. */
  readonly ensemble: TreeEnsemble;
  /** Weighted log loss on the validation rows after each round; empty without them. */
  readonly validationLoss: readonly number[];
  /** Total gain by feature, over the trees kept. */
  readonly gain: Float64Array;
}

/**
 * Gradient boosting on the logistic loss. The same arguments give the same bits:
 * every draw comes from the seed and every sum has one order.
 * @param validation later rows than `train`, for early stopping; all rounds are kept without them
 * @throws RangeError when a class is absent
 */
export const trainGbdt = (
  train: LabelledRows,
  featureCount: number,
  options: GbdtOptions,
  validation?: LabelledRows,
  onRound?: (round: number) => void,
): TrainedGbdt => {
  const edges = findBinEdges(train.rows, featureCount, options.maxBins);
  const fit = new BoostState(train, binRows(train.rows, edges));
  const check = validation === undefined ? null : new BoostState(validation, binRows(validation.rows, edges));
  const base = fit.base();
  fit.scores.fill(base);
  check?.scores.fill(base);
  const grower = new TreeGrower(fit.data, edges, fit.gradients, fit.curvatures, options);
  const random = createRandomStream(options.seed, 'gbdt');
  const trees: BinnedTree[] = [];
  const validationLoss: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  let keep = 0;
  for (let round = 0; round < options.rounds; round++) {
    fit.updateGradients();
    const tree = grower.grow(
      sampleRows(fit.data.rowCount, options.rowFraction, random),
      sampleFeatures(featureCount, options.featureFraction, random),
    );
    trees.push(tree);
    addTree(tree, fit.data, fit.scores);
    onRound?.(round);
    if (check === null) {
      keep = trees.length;
      continue;
    }
    addTree(tree, check.data, check.scores);
    const loss = check.loss();
    validationLoss.push(loss);
    if (loss < best) {
      best = loss;
      keep = trees.length;
    } else if (trees.length - keep >= options.patience) break;
  }
  const kept = trees.slice(0, keep);
  return {
    ensemble: {
      featureCount,
      base,
      trees: kept.map((tree) => withThresholds(tree, edges)),
      calibration: NO_CALIBRATION,
    },
    validationLoss,
    gain: gainByFeature(kept, featureCount),
  };
};

/** Scores, gradients and loss of one set of rows. */
class BoostState {
  readonly data: BinnedRows;
  readonly scores: Float64Array;
  readonly gradients: Float64Array;
  readonly curvatures: Float64Array;
  readonly #labels: Uint8Array;
  readonly #weights: Float64Array;

  constructor(set: LabelledRows, data: BinnedRows) {
    this.data = data;
    this.#labels = set.labels;
    this.#weights = set.weights;
    this.scores = new Float64Array(data.rowCount);
    this.gradients = new Float64Array(data.rowCount);
    this.curvatures = new Float64Array(data.rowCount);
  }

  /** Log-odds of the weighted share of ones. */
  base(): number {
    let ones = 0;
    let all = 0;
    for (let row = 0; row < this.data.rowCount; row++) {
      const weight = this.#weights[row] ?? 0;
      ones += weight * (this.#labels[row] ?? 0);
      all += weight;
    }
    if (!(ones > 0 && ones < all))
      throw new RangeError(`all ${this.data.rowCount} training labels are the same: there is nothing to learn`);
    return Math.fround(Math.log(ones / (all - ones)));
  }

  updateGradients(): void {
    for (let row = 0; row < this.data.rowCount; row++) {
      const probability = sigmoid(this.scores[row] ?? 0);
      const weight = this.#weights[row] ?? 0;
      this.gradients[row] = (probability - (this.#labels[row] ?? 0)) * weight;
      this.curvatures[row] = Math.max(probability * (1 - probability), 1e-6) * weight;
    }
  }

  loss(): number {
    let loss = 0;
    let all = 0;
    for (let row = 0; row < this.data.rowCount; row++) {
      const score = this.scores[row] ?? 0;
      const weight = this.#weights[row] ?? 0;
      // log(1 + e^z) - y z, written so that it can't overflow.
      loss += weight * (Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - (this.#labels[row] ?? 0) * score);
      all += weight;
    }
    return loss / all;
  }
}

const sampleRows = (count: number, fraction: number, random: RandomStream): Int32Array => {
  const sample = new Int32Array(count);
  let size = 0;
  for (let row = 0; row < count; row++) if (fraction >= 1 || random.uniform() < fraction) sample[size++] = row;
  return sample.subarray(0, size);
};

/** A fixed number of features without repetition, in rising order. */
const sampleFeatures = (count: number, fraction: number, random: RandomStream): Int32Array => {
  const wanted = Math.max(1, Math.round(count * fraction));
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(random.uniform() * (count - i));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order.subarray(0, wanted).sort();
};

const withThresholds = (tree: BinnedTree, edges: BinEdges): Tree => ({
  feature: Int32Array.from(tree.feature),
  threshold: Float32Array.from(tree.feature, (feature, node) =>
    feature < 0 ? 0 : (edges[feature]?.[(tree.cut[node] ?? 1) - 1] ?? 0),
  ),
  left: Int32Array.from(tree.left),
  right: Int32Array.from(tree.right),
  missingLeft: Uint8Array.from(tree.missingLeft),
  value: Float32Array.from(tree.value),
});

const gainByFeature = (trees: readonly BinnedTree[], featureCount: number): Float64Array => {
  const gain = new Float64Array(featureCount);
  for (const tree of trees) {
    tree.feature.forEach((feature, node) => {
      if (feature >= 0) gain[feature] = (gain[feature] ?? 0) + (tree.gain[node] ?? 0);
    });
  }
  return gain;
};
