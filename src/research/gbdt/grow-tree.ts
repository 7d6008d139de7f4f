import type { BinEdges, BinnedRows } from './bins.ts';

export interface GrowthOptions {
  readonly leaves: number;
  readonly maxDepth: number;
  /** Rows a leaf must hold, measured by their share of the parent's curvature. */
  readonly minLeafRows: number;
  /** L2 penalty on leaf values. */
  readonly lambda: number;
  readonly learningRate: number;
}

/** A tree in bins: `cut` is the highest bin that goes left. */
export interface BinnedTree {
  readonly feature: number[];
  readonly cut: number[];
  readonly left: number[];
  readonly right: number[];
  readonly missingLeft: number[];
  readonly value: number[];
  /** Gain of the split in each inner node. */
  readonly gain: number[];
}

/** Slots of a histogram: two numbers a bin, gradient and curvature; 256 bins a feature. */
const STRIDE = 512;

interface Leaf {
  readonly node: number;
  readonly depth: number;
  /** Its rows: a range of the shared index array. */
  readonly from: number;
  readonly to: number;
  readonly gradient: number;
  readonly curvature: number;
  readonly histogram: Float64Array;
  split: Split | null;
}

interface Split {
  readonly gain: number;
  readonly feature: number;
  readonly cut: number;
  readonly missingLeft: boolean;
}

/**
 * Grows trees leaf by leaf, the largest gain first, on gradient histograms
 * (Ke et al., LightGBM, 2017; gain as in Chen & Guestrin, XGBoost, 2016, eq. 7).
 * Owns the buffers, which are used again for every tree.
 */
export class TreeGrower {
  readonly #data: BinnedRows;
  readonly #edges: BinEdges;
  readonly #options: GrowthOptions;
  readonly #gradients: Float64Array;
  readonly #curvatures: Float64Array;
  readonly #ordered: Float64Array;
  readonly #rows: Int32Array;
  readonly #aside: Int32Array;
  readonly #pool: Float64Array[] = [];

  constructor(
    data: BinnedRows,
    edges: BinEdges,
    gradients: Float64Array,
    curvatures: Float64Array,
    options: GrowthOptions,
  ) {
    this.#data = data;
    this.#edges = edges;
    this.#options = options;
    this.#gradients = gradients;
    this.#curvatures = curvatures;
    this.#ordered = new Float64Array(2 * data.rowCount);
    this.#rows = new Int32Array(data.rowCount);
    this.#aside = new Int32Array(data.rowCount);
  }

  /** Grows one tree on the sampled rows and features; all gradients must be up to date. */
  grow(sample: Int32Array, features: Int32Array): BinnedTree {
    this.#rows.set(sample);
    const tree: BinnedTree = { feature: [], cut: [], left: [], right: [], missingLeft: [], value: [], gain: [] };
    const histogram = this.#takeHistogram();
    this.#fill(histogram, 0, sample.length, features);
    let gradient = 0;
    let curvature = 0;
    for (const row of sample) {
      gradient += this.#gradients[row] ?? 0;
      curvature += this.#curvatures[row] ?? 0;
    }
    const leaves = [
      this.#leaf(tree, features, { depth: 0, from: 0, to: sample.length, gradient, curvature, histogram }),
    ];
    while (leaves.length < this.#options.leaves) {
      const index = bestLeaf(leaves);
      const leaf = leaves[index];
      if (leaf === undefined || leaf.split === null) break;
      const [left, right] = this.#divide(tree, leaf, leaf.split, features);
      leaves[index] = left;
      leaves.push(right);
    }
    for (const leaf of leaves) {
      tree.value[leaf.node] = Math.fround(
        (-this.#options.learningRate * leaf.gradient) / (leaf.curvature + this.#options.lambda),
      );
      this.#pool.push(leaf.histogram);
    }
    return tree;
  }

  #takeHistogram(): Float64Array {
    return this.#pool.pop() ?? new Float64Array(this.#data.featureCount * STRIDE);
  }

  #leaf(tree: BinnedTree, features: Int32Array, parts: Omit<Leaf, 'node' | 'split'>): Leaf {
    const node = tree.feature.length;
    tree.feature.push(-1);
    for (const list of [tree.cut, tree.left, tree.right, tree.missingLeft, tree.value, tree.gain]) list.push(0);
    const leaf: Leaf = { ...parts, node, split: null };
    if (leaf.depth < this.#options.maxDepth) leaf.split = this.#bestSplit(leaf, features);
    return leaf;
  }

  /** Adds up gradients by bin. Rows are gathered once, so that the inner loop reads in order. */
  #fill(histogram: Float64Array, from: number, to: number, features: Int32Array): void {
    const { rowCount, bins } = this.#data;
    const rows = this.#rows;
    const ordered = this.#ordered;
    for (let k = from; k < to; k++) {
      const row = rows[k] ?? 0;
      ordered[2 * k] = this.#gradients[row] ?? 0;
      ordered[2 * k + 1] = this.#curvatures[row] ?? 0;
    }
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] ?? 0;
      const column = feature * rowCount;
      const start = feature * STRIDE;
      histogram.fill(0, start, start + 2 * ((this.#edges[feature]?.length ?? 0) + 2));
      for (let k = from; k < to; k++) {
        const slot = start + 2 * (bins[column + (rows[k] ?? 0)] ?? 0);
        histogram[slot] = (histogram[slot] ?? 0) + (ordered[2 * k] ?? 0);
        histogram[slot + 1] = (histogram[slot + 1] ?? 0) + (ordered[2 * k + 1] ?? 0);
      }
    }
  }

  #bestSplit(leaf: Leaf, features: Int32Array): Split | null {
    const { lambda, minLeafRows } = this.#options;
    const { histogram, gradient, curvature } = leaf;
    const least = (minLeafRows * curvature) / (leaf.to - leaf.from);
    const parent = (gradient * gradient) / (curvature + lambda);
    let best: Split | null = null;
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] ?? 0;
      const start = feature * STRIDE;
      const cuts = this.#edges[feature]?.length ?? 0;
      const missing = histogram[start + 1] ?? 0;
      // With missing values both sides are tried for them; without, they will go to the larger side.
      for (let side = missing > 0 ? 1 : 0; side >= 0; side--) {
        let leftGradient = side === 1 ? (histogram[start] ?? 0) : 0;
        let leftCurvature = side === 1 ? missing : 0;
        for (let cut = 1; cut <= cuts; cut++) {
          leftGradient += histogram[start + 2 * cut] ?? 0;
          leftCurvature += histogram[start + 2 * cut + 1] ?? 0;
          if (leftCurvature < least) continue;
          const rightCurvature = curvature - leftCurvature;
          if (rightCurvature < least) break;
          const rightGradient = gradient - leftGradient;
          const gain =
            (leftGradient * leftGradient) / (leftCurvature + lambda) +
            (rightGradient * rightGradient) / (rightCurvature + lambda) -
            parent;
          if (gain > (best?.gain ?? 1e-9))
            best = { gain, feature, cut, missingLeft: missing > 0 ? side === 1 : leftCurvature >= rightCurvature };
        }
      }
    }
    return best;
  }

  #divide(tree: BinnedTree, leaf: Leaf, split: Split, features: Int32Array): [Leaf, Leaf] {
    const { from, to } = leaf;
    const column = split.feature * this.#data.rowCount;
    const rows = this.#rows;
    let middle = from;
    let moved = 0;
    let gradient = 0;
    let curvature = 0;
    for (let k = from; k < to; k++) {
      const row = rows[k] ?? 0;
      const bin = this.#data.bins[column + row] ?? 0;
      if (bin === 0 ? split.missingLeft : bin <= split.cut) {
        rows[middle++] = row;
        gradient += this.#gradients[row] ?? 0;
        curvature += this.#curvatures[row] ?? 0;
      } else this.#aside[moved++] = row;
    }
    rows.set(this.#aside.subarray(0, moved), middle);
    // Only the smaller side is counted; the larger is what is left of the parent.
    const smallerLeft = middle - from <= to - middle;
    const counted = this.#takeHistogram();
    this.#fill(counted, smallerLeft ? from : middle, smallerLeft ? middle : to, features);
    this.#subtract(leaf.histogram, counted, features);
    const depth = leaf.depth + 1;
    const left = this.#leaf(tree, features, {
      depth,
      from,
      to: middle,
      gradient,
      curvature,
      histogram: smallerLeft ? counted : leaf.histogram,
    });
    const right = this.#leaf(tree, features, {
      depth,
      from: middle,
      to,
      gradient: leaf.gradient - gradient,
      curvature: leaf.curvature - curvature,
      histogram: smallerLeft ? leaf.histogram : counted,
    });
    tree.feature[leaf.node] = split.feature;
    tree.cut[leaf.node] = split.cut;
    tree.missingLeft[leaf.node] = split.missingLeft ? 1 : 0;
    tree.gain[leaf.node] = split.gain;
    tree.left[leaf.node] = left.node;
    tree.right[leaf.node] = right.node;
    return [left, right];
  }

  #subtract(whole: Float64Array, part: Float64Array, features: Int32Array): void {
    for (let i = 0; i < features.length; i++) {
      const feature = features[i] ?? 0;
      const start = feature * STRIDE;
      const end = start + 2 * ((this.#edges[feature]?.length ?? 0) + 2);
      for (let slot = start; slot < end; slot++) whole[slot] = (whole[slot] ?? 0) - (part[slot] ?? 0);
    }
  }
}

const bestLeaf = (leaves: readonly Leaf[]): number => {
  let best = -1;
  let gain = 0;
  leaves.forEach((leaf, index) => {
    if (leaf.split !== null && leaf.split.gain > gain) {
      gain = leaf.split.gain;
      best = index;
    }
  });
  return best;
};

/** Adds the tree's value to each row's score, walking in bins. */
export const addTree = (tree: BinnedTree, data: BinnedRows, scores: Float64Array): void => {
  const { rowCount, bins } = data;
  const feature = Int32Array.from(tree.feature);
  const cut = Int32Array.from(tree.cut);
  const left = Int32Array.from(tree.left);
  const right = Int32Array.from(tree.right);
  const missingLeft = Uint8Array.from(tree.missingLeft);
  for (let row = 0; row < rowCount; row++) {
    let node = 0;
    for (let split = feature[0] ?? -1; split >= 0; split = feature[node] ?? -1) {
      const bin = bins[split * rowCount + row] ?? 0;
      const goesLeft = bin === 0 ? missingLeft[node] === 1 : bin <= (cut[node] ?? 0);
      node = (goesLeft ? left[node] : right[node]) ?? 0;
    }
    scores[row] = (scores[row] ?? 0) + (tree.value[node] ?? 0);
  }
};
