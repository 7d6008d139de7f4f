import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
// First: what it switches off is read by the import after it.
import './no-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Model, ModelDescription } from '../../ports/model.ts';
import { describeModel, type ModelExpectations } from './description.ts';
import { externalData } from './external-data.ts';
import { readMetadata } from './metadata.ts';
import { ModelLoadError } from './model-error.ts';

/** Name of the model file inside its directory. */
export const MODEL_FILE = 'model.onnx';

/**
 * Loads `<directory>/model.onnx` and checks all it says of itself before it may answer.
 * One intra-op thread: a row takes tens of microseconds, and the bot's host has other work.
 * @throws ModelLoadError with one line naming the file, what is wrong and what to do
 */
export const loadModel = async (directory: string, expectations: ModelExpectations): Promise<Model> => {
  const path = join(directory, MODEL_FILE);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT'
      ? new ModelLoadError(
          'missing',
          `model ${path} does not exist; train one, or set MODEL_DIR to a directory that has ${MODEL_FILE}`,
        )
      : new ModelLoadError(
          'unreadable',
          `model ${path} can't be read (${error.code ?? 'unknown error'}); check the file and its permissions`,
        );
  });
  const metadata = parsed(path, () => readMetadata(bytes));
  const [outside] = parsed(path, () => externalData(bytes));
  if (outside !== undefined) {
    throw new ModelLoadError(
      'unreadable',
      `model ${path} has weights in another file (${JSON.stringify(outside.slice(0, 80))}), which its hash does not cover; export it again as one file, without external data`,
    );
  }
  const description = describeModel(path, metadata, createHash('sha256').update(bytes).digest('hex'), expectations);
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  }).catch((error: unknown) => {
    throw new ModelLoadError(
      'unreadable',
      `model ${path} is not an ONNX model this runtime can run (${firstLine(error)}); train or export it again`,
    );
  });
  const model = new OnnxModel(session, description, path);
  try {
    await model.probe();
  } catch (error) {
    await model.close();
    throw error;
  }
  return model;
};

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200) ?? '';

const parsed = <T>(path: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new ModelLoadError(
      'unreadable',
      `model ${path} is not an ONNX file (${firstLine(error)}); train or export it again`,
    );
  }
};

class OnnxModel implements Model {
  readonly description: ModelDescription;
  readonly #session: InferenceSession;
  readonly #path: string;
  readonly #input: string;
  #released = false;

  constructor(session: InferenceSession, description: ModelDescription, path: string) {
    this.#session = session;
    this.description = description;
    this.#path = path;
    this.#input = session.inputNames[0] ?? '';
  }

  async predict(features: Float32Array): Promise<number> {
    if (features.length !== this.description.featureCount) {
      throw new RangeError(`${features.length} features given; the model takes ${this.description.featureCount}`);
    }
    const [probability] = await this.#run(features, 1);
    if (probability === undefined) throw new Error(`model ${this.#path} gave no answer`);
    return probability;
  }

  async predictBatch(features: Float32Array): Promise<Float32Array> {
    const count = features.length / this.description.featureCount;
    if (!Number.isInteger(count))
      throw new RangeError(`${features.length} values are not rows of ${this.description.featureCount}`);
    return count === 0 ? new Float32Array(0) : await this.#run(features, count);
  }

  async close(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#session.release();
  }

  /**
   * Two questions at load, one with nothing known, so that a model that can't answer never gets as far as an hour's
   * decision.
   */
  async probe(): Promise<void> {
    const { featureCount } = this.description;
    if (this.#session.inputNames.length !== 1)
      throw new ModelLoadError(
        'shape',
        `model ${this.#path} has ${this.#session.inputNames.length} inputs; it should have one, [N, ${featureCount}]`,
      );
    for (const fill of [0, Number.NaN]) {
      try {
        await this.#run(new Float32Array(2 * featureCount).fill(fill), 2);
      } catch (error) {
        throw error instanceof ModelLoadError
          ? error
          : new ModelLoadError(
              'shape',
              `model ${this.#path} can't answer ${featureCount} features (${firstLine(error)}); train it again`,
            );
      }
    }
  }

  async #run(features: Float32Array, count: number): Promise<Float32Array> {
    if (this.#released) throw new Error(`model ${this.#path} is closed`);
    const outputs = await this.#session.run({
      [this.#input]: new Tensor('float32', features, [count, this.description.featureCount]),
    });
    // By the graph's own list: an object puts names that are numbers before all others, in order of size.
    return probabilitiesOf(
      this.#path,
      this.#session.outputNames.map((name) => outputs[name]),
      count,
    );
  }
}

/** The first float output of N or 2N values; of two columns, the second is the probability of the target. */
const probabilitiesOf = (
  path: string,
  outputs: readonly (InferenceSession.ReturnType[string] | undefined)[],
  count: number,
): Float32Array => {
  for (const output of outputs) {
    if (!(output?.data instanceof Float32Array)) continue;
    const { data } = output;
    const columns = data.length / count;
    if (columns !== 1 && columns !== 2) continue;
    const probabilities = columns === 1 ? data : data.filter((_, i) => i % 2 === 1);
    const wrong = probabilities.find((value) => !(value >= 0 && value <= 1));
    if (wrong !== undefined)
      throw new ModelLoadError(
        'answer',
        `model ${path} answers ${wrong}, which is not a probability from 0 to 1; calibrate it and export it again`,
      );
    return probabilities;
  }
  throw new ModelLoadError(
    'shape',
    `model ${path} has no float32 output of shape [N], [N, 1] or [N, 2]; export one probability a row`,
  );
};
