import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FEATURE_COUNT, FEATURE_NAMES, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import { CANDLE_COLUMN_NAMES, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Model } from '../../ports/model.ts';
import { cardJson, compactArrays, type CardBase } from '../card/card.ts';
import { predictEnsemble, type TreeEnsemble } from '../gbdt/ensemble.ts';
import { putFiles } from '../put-files.ts';
import type { ModelTools } from './io.ts';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** SHA-256 over the columns' doubles, little-endian, in column order. */
export const columnsHash = (columns: CandleColumns): string => {
  const hash = createHash('sha256');
  for (const name of CANDLE_COLUMN_NAMES)
    hash.update(new Uint8Array(columns[name].buffer, columns[name].byteOffset, columns[name].byteLength));
  return hash.digest('hex');
};

/** Puts a model's files, or some of them, in place of the ones before. */
export const writeModelDirectory = (directory: string, files: Readonly<Record<string, Uint8Array | string>>): void => {
  mkdirSync(directory, { recursive: true });
  putFiles(directory, files);
};

export const renderCard = (card: CardBase): string => compactArrays(cardJson(card));

/** Share of the total gain by feature, highest first; features never used are left out. */
export const importanceOf = (gain: Float64Array): { feature: string; share: number }[] => {
  const total = gain.reduce((sum, value) => sum + value, 0);
  return FEATURE_NAMES.map((feature, i) => ({ feature, share: (gain[i] ?? 0) / total }))
    .filter((entry) => entry.share > 0)
    .sort((a, b) => b.share - a.share);
};

/** Largest difference allowed between the exported graph and the trainer. */
export const PARITY_LIMIT = 1e-6;
const BATCH = 20_000;

/**
 * Largest difference between what the exported file answers through the runtime
 * and what the trainer's own trees say, over the given rows and over hostile ones
 * (NaN, infinities, zeros, values exactly on thresholds). It is loaded from a folder of its own inside the model's:
 * the model that is there is replaced with its card or not at all.
 */
export const measureParity = async (
  tools: ModelTools,
  directory: string,
  bytes: Uint8Array,
  ensemble: TreeEnsemble,
  rows: Float32Array,
): Promise<number> => {
  const unfinished = join(directory, 'unfinished');
  try {
    writeModelDirectory(unfinished, { 'model.onnx': bytes });
    return await largestDifference(tools, unfinished, ensemble, rows);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
};

const largestDifference = async (
  tools: ModelTools,
  directory: string,
  ensemble: TreeEnsemble,
  rows: Float32Array,
): Promise<number> => {
  const model = await tools.loadModel(directory, { schemaHash: FEATURE_SCHEMA_HASH, featureCount: FEATURE_COUNT });
  try {
    let worst = 0;
    for (const part of [rows, hostileRows(ensemble)]) {
      for (let from = 0; from < part.length; from += BATCH * FEATURE_COUNT) {
        worst = Math.max(worst, await batchDifference(model, ensemble, part.slice(from, from + BATCH * FEATURE_COUNT)));
      }
    }
    return worst;
  } finally {
    await model.close();
  }
};

const batchDifference = async (model: Model, ensemble: TreeEnsemble, rows: Float32Array): Promise<number> => {
  const answers = await model.predictBatch(rows);
  const own = predictEnsemble(ensemble, rows);
  return own.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - (answers[i] ?? Number.POSITIVE_INFINITY))),
    0,
  );
};

const hostileRows = (ensemble: TreeEnsemble): Float32Array => {
  const fills = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 3.4e38, -3.4e38, 1e-45];
  const thresholds = ensemble.trees.flatMap((tree) =>
    Array.from(tree.feature, (feature, node) => ({ feature, value: tree.threshold[node] ?? 0 })).filter(
      (node) => node.feature >= 0,
    ),
  );
  const rows = new Float32Array((fills.length + thresholds.length) * ensemble.featureCount);
  fills.forEach((value, row) => rows.fill(value, row * ensemble.featureCount, (row + 1) * ensemble.featureCount));
  thresholds.forEach(({ feature, value }, i) => {
    const start = (fills.length + i) * ensemble.featureCount;
    // Every feature on this threshold's value, so that comparisons of equals are met all over the trees.
    rows.fill(value, start, start + ensemble.featureCount);
    rows[start + feature] = value;
  });
  return rows;
};
