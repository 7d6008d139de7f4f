import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import { NO_CALIBRATION, type TreeEnsemble } from '../gbdt/ensemble.ts';
import { encodeModel, type ModelMetadata } from './model-file.ts';

export interface ConstantModelOptions extends Partial<ModelMetadata> {
  /** The one answer the model gives, strictly between 0 and 1. */
  readonly probability: number;
  readonly featureCount?: number;
}

/** Trees that answer the same whatever they are asked: one tree of a single leaf. */
const constantEnsemble = (probability: number, featureCount: number): TreeEnsemble => ({
  featureCount,
  base: 0,
  trees: [
    {
      feature: Int32Array.of(-1),
      threshold: Float32Array.of(0),
      left: Int32Array.of(0),
      right: Int32Array.of(0),
      missingLeft: Uint8Array.of(0),
      value: Float32Array.of(Math.log(probability / (1 - probability))),
    },
  ],
  calibration: NO_CALIBRATION,
});

/** Bytes of an ONNX model for tests whose answer is a constant; labelled a fixture unless told otherwise. */
export const encodeConstantModel = (options: ConstantModelOptions): Uint8Array => {
  const { probability, featureCount = FEATURE_COUNT, ...metadata } = options;
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`probability ${probability} is not strictly between 0 and 1`);
  return encodeModel(constantEnsemble(probability, featureCount), {
    name: `constant-${probability}`,
    purpose: 'fixture',
    schemaHash: FEATURE_SCHEMA_HASH,
    stop: 0.015,
    target: 0.03,
    horizonHours: 24,
    margin: 0.001,
    demonstratedEdge: false,
    ...metadata,
  });
};

/** Writes `model.onnx` with a constant answer into the directory (made if need be); returns the file's path. */
export const writeConstantModel = (directory: string, options: ConstantModelOptions): string => {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'model.onnx');
  writeFileSync(path, encodeConstantModel(options));
  return path;
};
