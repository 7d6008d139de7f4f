import type { EpochMs } from '../../core/units.ts';
import type { Dataset } from '../dataset/build-dataset.ts';
import type { FoldJob, FoldResult } from './fold-job.ts';
import { runFolds } from './fold-pool.ts';

/** Out-of-sample answers of all folds, in order of time. */
export interface WalkForward {
  readonly folds: readonly FoldResult[];
  readonly rows: Int32Array;
  readonly probabilities: Float64Array;
}

/** Starts of test windows of `months` months from one date to another; the last is cut at `to`. */
export const foldWindows = (from: EpochMs, to: EpochMs, months: number): { testFrom: EpochMs; testTo: EpochMs }[] => {
  const windows: { testFrom: EpochMs; testTo: EpochMs }[] = [];
  const start = new Date(from);
  for (let step = 0; ; step++) {
    const testFrom = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + step * months, 1);
    if (testFrom >= to) return windows;
    windows.push({
      testFrom,
      testTo: Math.min(to, Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + (step + 1) * months, 1)),
    });
  }
};

/** Each fold learns from everything before its window, purged and embargoed, and answers its window. */
export const walkForward = async (
  dataset: Dataset,
  jobs: readonly FoldJob[],
  onDone?: (done: number) => void,
): Promise<WalkForward> => {
  const folds = await runFolds(dataset, jobs, onDone);
  return joinFolds(folds);
};

/** All answers in order of time: folds of several symbols interleave. */
export const joinFolds = (folds: readonly FoldResult[]): WalkForward => {
  const pairs = folds
    .flatMap((fold) => Array.from(fold.rows, (row, i) => [row, fold.probabilities[i] ?? Number.NaN] as const))
    .sort((a, b) => a[0] - b[0]);
  return {
    folds,
    rows: Int32Array.from(pairs, ([row]) => row),
    probabilities: Float64Array.from(pairs, ([, probability]) => probability),
  };
};
