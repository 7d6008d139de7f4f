import { fileURLToPath } from 'node:url';
import { openCandleFolder } from '../adapters/candles/candle-files.ts';
import { loadModel } from '../adapters/onnx/load-model.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { runTrain } from '../research/training/run-train.ts';
import { createResearchIo } from './research-io.ts';

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

export interface TrainArguments {
  readonly search?: boolean;
  readonly demo?: boolean;
  readonly data?: string;
  readonly output?: string;
}

const exitCode = (code: number): ExitCode => (code === EXIT_CODES.done || code === EXIT_CODES.usage ? code : EXIT_CODES.failure);

/** `guardian train`. */
export const train = async ({ search, demo, data, output }: TrainArguments): Promise<ExitCode> => {
  const io = createResearchIo();
  const directory = data ?? process.env['MARKET_DATA_DIR'];
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
  );
  io.done();
  return exitCode(code);
};
