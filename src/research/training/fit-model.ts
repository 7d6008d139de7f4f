import { HOUR_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import { gather, gatherRows, rowsBetween, type Dataset } from '../dataset/build-dataset.ts';
import { ensembleScores, type TreeEnsemble } from '../gbdt/ensemble.ts';
import { trainGbdt, type GbdtOptions, type LabelledRows } from '../gbdt/train-gbdt.ts';
import { fitPlatt } from './calibrate.ts';

export interface FitOptions {
  readonly gbdt: GbdtOptions;
  /** Share of the training span, at its end, that stops the boosting and fits the calibration. */
  readonly holdoutShare: number;
  /** Kept free between training rows and what they are measured on, beyond the labels' own reach. */
  readonly embargo: Milliseconds;
  /** Without it, rows whose labels reach into the next set stay in: only for the control that shows why not. */
  readonly purge: boolean;
}

export interface FittedModel {
  readonly ensemble: TreeEnsemble;
  readonly gain: Float64Array;
  readonly trainRows: number;
  readonly holdoutRows: number;
  /** Weighted log loss on the holdout, before calibration. */
  readonly holdoutLoss: number;
}

/** Rows that may be learned from before `end`: their labels are known an embargo before it. */
export const learnableRows = (
  dataset: Dataset,
  from: EpochMs,
  end: EpochMs,
  options: Pick<FitOptions, 'embargo' | 'purge'>,
): Int32Array =>
  options.purge
    ? rowsBetween(dataset, from, end - options.embargo, end - options.embargo)
    : rowsBetween(dataset, from, end);

/**
 * Fits trees and calibration on the decisions made in [from, end) and on nothing
 * after: the last part of the span is held out to stop the boosting and to
 * calibrate, an embargo away from the rest.
 */
export const fitModel = (
  dataset: Dataset,
  from: EpochMs,
  end: EpochMs,
  options: FitOptions,
  onRound?: (round: number) => void,
): FittedModel => {
  const first = Math.max(from, dataset.time[0] ?? from);
  const holdoutFrom = Math.floor((end - (end - first) * options.holdoutShare) / HOUR_MS) * HOUR_MS;
  const train = learnableRows(dataset, first, holdoutFrom, options);
  const holdout = learnableRows(dataset, holdoutFrom, end, options);
  const holdoutSet = labelledRows(dataset, holdout);
  const trained = trainGbdt(labelledRows(dataset, train), dataset.featureCount, options.gbdt, holdoutSet, onRound);
  const calibration = fitPlatt(
    ensembleScores(trained.ensemble, holdoutSet.rows),
    holdoutSet.labels,
    holdoutSet.weights,
  );
  return {
    ensemble: { ...trained.ensemble, calibration },
    gain: trained.gain,
    trainRows: train.length,
    holdoutRows: holdout.length,
    holdoutLoss: Math.min(...trained.validationLoss),
  };
};

/** Chosen rows with weights scaled to a mean of 1. */
export const labelledRows = (dataset: Dataset, indices: Int32Array): LabelledRows => {
  const weights = gather(dataset.weights, indices);
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / Math.max(1, weights.length);
  return {
    rows: gatherRows(dataset, indices),
    labels: Uint8Array.from(indices, (index) => dataset.labels[index] ?? 0),
    weights: weights.map((weight) => weight / mean),
  };
};
