import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../adapters/onnx/load-model.ts';
import { ModelLoadError } from '../../adapters/onnx/model-error.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import type { Model } from '../../ports/model.ts';

const PROGRAM_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A relative path that is not below the working directory may be one of the program's own models. */
export const bundledModel = (path: string): string => {
  const own = join(PROGRAM_ROOT, path);
  return isAbsolute(path) || existsSync(path) || !existsSync(own) ? path : own;
};

/** What a model does wrong is its maker's to mend: one line. Anything else as it is. */
export const modelRefusal = (error: unknown): unknown =>
  error instanceof ModelLoadError ? new UserError(error.message) : error;

/** The model of the configuration, checked against it. @throws UserError with one line */
export const openModel = async (config: Config): Promise<Model> => {
  const { stopLoss, takeProfit, horizonHours } = config.limits;
  try {
    return await loadModel(bundledModel(config.modelDir), {
      schemaHash: FEATURE_SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      stop: stopLoss,
      target: takeProfit,
      horizonHours,
      purposes: config.mode === 'demo' ? ['demo', 'fixture', 'trading'] : ['trading'],
    });
  } catch (error) {
    throw modelRefusal(error);
  }
};

/**
 * The model, or the reason why there is none. A bot that holds something starts without one: its exits need
 * no prediction, and the Guardian refuses entries.
 * @throws UserError when the model is unusable and nothing is held
 */
export const openModelOrGuard = async (
  config: Config,
  holding: boolean,
): Promise<{ readonly model: Model | null; readonly fault: string | null }> => {
  try {
    return { model: await openModel(config), fault: null };
  } catch (error) {
    if (!holding || !(error instanceof UserError)) throw error;
    return { model: null, fault: error.message };
  }
};
