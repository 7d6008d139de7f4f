import { DAY_MS, type EpochMs } from '../../core/units.ts';
import { createRandomStream } from '../../sim/generator/random.ts';
import { gatherRows, rowsBetween, type Dataset } from '../dataset/build-dataset.ts';
import { predictEnsemble } from '../gbdt/ensemble.ts';
import { fitModel, type FittedModel, type FitOptions } from './fit-model.ts';

/** One step of a walk forward: fit on decisions before `testFrom`, answer those in [testFrom, testTo). */
export interface FoldJob {
  readonly testFrom: EpochMs;
  readonly testTo: EpochMs;
  readonly fit: FitOptions;
  /** Learn from labels dealt out anew with this seed: a control that must find nothing. */
  readonly shuffleSeed?: number;
  /** Feature indices the model may see; all when absent. The others read as missing. */
  readonly onlyFeatures?: readonly number[];
  /** Learn only from this many months (of 30 days) before the window. */
  readonly learnMonths?: number;
  /** Hand the fitted model back as well. */
  readonly keepModel?: boolean;
  /** Learn from and answer for this symbol index alone. */
  readonly onlySymbol?: number;
}

export interface FoldResult {
  readonly testFrom: EpochMs;
  readonly testTo: EpochMs;
  /** Rows of the dataset that were answered, in order of time, and the probabilities. */
  readonly rows: Int32Array;
  readonly probabilities: Float64Array;
  readonly trainRows: number;
  readonly trees: number;
  /** Only when the job asked for it. */
  readonly fitted?: FittedModel;
}

export const runFold = (dataset: Dataset, job: FoldJob): FoldResult => {
  const own = job.onlySymbol === undefined ? null : symbolRows(dataset, job.onlySymbol);
  const view = prepare(dataset, job, own);
  const from = job.learnMonths === undefined ? 0 : job.testFrom - job.learnMonths * 30 * DAY_MS;
  const fitted = fitModel(view, from, job.testFrom, job.fit);
  const rows = rowsBetween(view, job.testFrom, job.testTo);
  return {
    testFrom: job.testFrom,
    testTo: job.testTo,
    rows: own === null ? rows : rows.map((row) => own[row] ?? 0),
    probabilities: predictEnsemble(fitted.ensemble, gatherRows(view, rows)),
    trainRows: fitted.trainRows,
    trees: fitted.ensemble.trees.length,
    ...(job.keepModel === true ? { fitted } : {}),
  };
};

/**
 * The dataset as the job wants it seen, of `own` rows alone where there are any. The original is never written to:
 * other jobs share its memory.
 */
const prepare = (dataset: Dataset, job: FoldJob, own: Int32Array | null): Dataset => {
  let view = own === null ? dataset : pick(dataset, own);
  if (job.shuffleSeed !== undefined) view = shuffled(view, job.shuffleSeed);
  if (job.onlyFeatures !== undefined) view = masked(view, job.onlyFeatures);
  return view;
};

const symbolRows = (dataset: Dataset, symbol: number): Int32Array =>
  Int32Array.from(dataset.symbol.keys()).filter((row) => dataset.symbol[row] === symbol);

const pick = (dataset: Dataset, rows: Int32Array): Dataset => ({
  ...dataset,
  length: rows.length,
  rows: gatherRows(dataset, rows),
  symbol: Uint8Array.from(rows, (row) => dataset.symbol[row] ?? 0),
  time: Float64Array.from(rows, (row) => dataset.time[row] ?? 0),
  endTime: Float64Array.from(rows, (row) => dataset.endTime[row] ?? 0),
  labels: Uint8Array.from(rows, (row) => dataset.labels[row] ?? 0),
  outcome: Uint8Array.from(rows, (row) => dataset.outcome[row] ?? 0),
  weights: Float64Array.from(rows, (row) => dataset.weights[row] ?? 0),
  grossReturn: Float64Array.from(rows, (row) => dataset.grossReturn[row] ?? 0),
  nextOpen: Float64Array.from(rows, (row) => dataset.nextOpen[row] ?? Number.NaN),
});

/** Labels dealt out anew among all rows (Fisher and Yates). */
const shuffled = (dataset: Dataset, seed: number): Dataset => {
  const random = createRandomStream(seed, 'shuffled labels');
  const labels = dataset.labels.slice();
  for (let i = labels.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [labels[i], labels[j]] = [labels[j] ?? 0, labels[i] ?? 0];
  }
  return { ...dataset, labels };
};

const masked = (dataset: Dataset, features: readonly number[]): Dataset => {
  const rows = new Float32Array(dataset.rows.length).fill(Number.NaN);
  for (let row = 0; row < dataset.length; row++) {
    for (const feature of features)
      rows[row * dataset.featureCount + feature] = dataset.rows[row * dataset.featureCount + feature] ?? Number.NaN;
  }
  return { ...dataset, rows };
};
