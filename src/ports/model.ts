import type { Fraction } from '../core/units.ts';

/** What an ONNX model says of itself in its metadata; all of it is checked before the model is used. */
export interface ModelDescription {
  readonly name: string;
  /** SHA-256 of the model file, hex. */
  readonly hash: string;
  /** Hash of the feature catalogue it was trained on; must equal the running catalogue's. */
  readonly schemaHash: string;
  readonly featureCount: number;
  /** Barriers of its labels, as fractions of the entry price; the horizon in hours. */
  readonly stop: Fraction;
  readonly target: Fraction;
  readonly horizonHours: number;
  /** Least expected value, as a fraction of notional after costs, at which the policy may trade. */
  readonly margin: Fraction;
  /** Whether its card shows an edge after costs out of sample. */
  readonly demonstratedEdge: boolean;
  /** "demo" models are trained on generated candles and are refused outside demo and tests. */
  readonly purpose: 'demo' | 'trading' | 'fixture';
}

/** A loaded model. */
export interface Model {
  readonly description: ModelDescription;
  /**
   * Probability that the target barrier is hit before the stop within the horizon, in [0, 1].
   * `features` has `featureCount` values in catalogue order; NaN means "not known".
   * @throws when the runtime fails or the answer is not a probability: the caller treats it as no prediction.
   */
  predict(features: Float32Array): Promise<number>;
  /** Row-major batch of n x featureCount values; n probabilities. */
  predictBatch(features: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}
