import { fileURLToPath } from 'node:url';
import { openCandleFolder } from '../adapters/candles/candle-files.ts';
import { loadModel } from '../adapters/onnx/load-model.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { runTrain } from '../research/training/run-train.ts';
import { createResearchIo } from './research-io.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';
import { refuseUnwritableFolder, writeFault } from './written.ts';

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

export interface TrainArguments {
  readonly search?: boolean;
  readonly demo?: boolean;
  readonly data?: string;
  readonly output?: string;
}

const exitCode = (code: number): ExitCode =>
  code === EXIT_CODES.done || code === EXIT_CODES.usage ? code : EXIT_CODES.failure;

/** `guardian train`. */
export const train = async ({ search, demo, data, output }: TrainArguments): Promise<ExitCode> => {
  const others = Object.entries({ search, data, output }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
  if (demo === true && others.length > 0)
    throw new UserError(
      `--demo makes models/demo from generated candles, and nothing else: leave out ${others.join(', ')}`,
    );
  const folder = output ?? MODELS;
  refuseUnwritableFolder(folder);
  const io = createResearchIo();
  const directory = demo === true ? undefined : (data ?? configurationWithoutSecrets().marketDataDir ?? undefined);
  const code = await runTrain(
    {
      modelsDirectory: MODELS,
      search: search ?? false,
      demo: demo ?? false,
      ...(directory === undefined ? {} : { dataDirectory: directory }),
      ...(output === undefined ? {} : { outputDirectory: output }),
    },
    { openCandles: openCandleFolder, loadModel },
    io,
  ).catch((error: unknown) => {
    io.done();
    throw writeFault(folder, error);
  });
  io.done();
  return exitCode(code);
};
