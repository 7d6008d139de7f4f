import type { ModelDescription } from '../../ports/model.ts';
import { ModelLoadError } from './model-error.ts';

/** What the running program needs a model to be; what is left out is not checked. */
export interface ModelExpectations {
  readonly schemaHash: string;
  readonly featureCount: number;
  /** Configured barriers: a model with others was trained for another game. */
  readonly stop?: number;
  readonly target?: number;
  readonly horizonHours?: number;
  /** Purposes that may run in this mode. */
  readonly purposes?: readonly ModelDescription['purpose'][];
}

const PURPOSES: readonly string[] = ['demo', 'trading', 'fixture'] satisfies ModelDescription['purpose'][];
const isPurpose = (text: string): text is ModelDescription['purpose'] => PURPOSES.includes(text);

/**
 * Reads and checks a model's metadata.
 * @throws ModelLoadError naming the key, its value and what would be right
 */
export const describeModel = (
  path: string,
  metadata: ReadonlyMap<string, string>,
  hash: string,
  expected: ModelExpectations,
): ModelDescription => {
  const wrong = (key: string, right: string): never => {
    const value = metadata.get(key);
    throw new ModelLoadError(
      'metadata',
      value === undefined
        ? `model ${path} has no ${key} in its metadata; it should be ${right}`
        : `model ${path} says ${key} is "${value}"; it should be ${right}`,
    );
  };
  const text = (key: string): string => {
    const value = metadata.get(key);
    return value === undefined || value === '' ? wrong(key, 'present') : value;
  };
  const number = (key: string, right: string, valid: (value: number) => boolean): number => {
    const value = metadata.get(key);
    const parsed = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
    return valid(parsed) ? parsed : wrong(key, right);
  };
  const share = (value: number): boolean => value > 0 && value < 1;
  const name = text('name');
  const purpose = text('purpose');
  if (!isPurpose(purpose)) return wrong('purpose', PURPOSES.join(', '));
  const edge = text('demonstratedEdge');
  if (edge !== 'true' && edge !== 'false') return wrong('demonstratedEdge', 'true or false');
  const description: ModelDescription = {
    name,
    hash,
    purpose,
    demonstratedEdge: edge === 'true',
    schemaHash: text('schemaHash'),
    featureCount: number('featureCount', 'a whole number', (value) => Number.isSafeInteger(value) && value > 0),
    stop: number('stop', 'a fraction between 0 and 1', share),
    target: number('target', 'a fraction between 0 and 1', share),
    horizonHours: number(
      'horizonHours',
      'a whole number of hours',
      (value) => Number.isSafeInteger(value) && value > 0,
    ),
    margin: number('margin', 'a fraction of at least 0', (value) => value >= 0 && value < 1),
  };
  checkExpectations(path, description, expected);
  return description;
};

const checkExpectations = (path: string, description: ModelDescription, expected: ModelExpectations): void => {
  if (description.schemaHash !== expected.schemaHash || description.featureCount !== expected.featureCount) {
    const short = (hash: string): string => hash.slice(0, 12);
    throw new ModelLoadError(
      'schema',
      `model ${path} was trained on feature schema ${short(description.schemaHash)} with ${description.featureCount} features; this program computes ${short(expected.schemaHash)} with ${expected.featureCount}: retrain`,
    );
  }
  const barriers = [
    ['stop', 'STOP_LOSS'],
    ['target', 'TAKE_PROFIT'],
    ['horizonHours', 'HORIZON_HOURS'],
  ] as const;
  for (const [key, setting] of barriers) {
    const configured = expected[key];
    if (configured === undefined || configured === description[key]) continue;
    throw new ModelLoadError(
      'barriers',
      `model ${path} was trained with ${key} ${description[key]}, but ${setting} is ${configured}: retrain, or set ${setting}=${description[key]}`,
    );
  }
  if (expected.purposes !== undefined && !expected.purposes.includes(description.purpose)) {
    throw new ModelLoadError(
      'purpose',
      `model ${path} is a ${description.purpose} model; this mode takes ${expected.purposes.join(' or ')}: set MODEL_DIR to another`,
    );
  }
};
