export type ModelFault =
  /** No file. */
  | 'missing'
  /** Not a file that can be read or run. */
  | 'unreadable'
  /** Metadata absent or not what it should be. */
  | 'metadata'
  /** Trained on another feature catalogue. */
  | 'schema'
  /** Stop, target or horizon differ from the configuration. */
  | 'barriers'
  /** A demo or fixture model outside demo and tests. */
  | 'purpose'
  /** Inputs or outputs of another shape. */
  | 'shape'
  /** An answer that is not a probability. */
  | 'answer';

/** A model that may not be used; the message is one line with the remedy. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
  readonly fault: ModelFault;

  constructor(fault: ModelFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
