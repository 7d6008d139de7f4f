import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { withVolumes } from '../dataset/volumes.ts';
import type { ResearchIo, TrainingTools } from './io.ts';
import { writeModelDirectory } from './model-directory.ts';
import { CANDLES_FROM, CANDLES_TO, MODEL_NAME, MODEL_SYMBOLS } from './plan.ts';
import { rebuildModel, type ModelMarket } from './rebuild.ts';
import { searchParameters } from './search.ts';
import { trainDemo } from './train-demo.ts';

export interface TrainOptions {
  /** Folder with BTCUSDT-1h and ETHUSDT-1h candles, 15-minute ones too where there are any. Not needed for the demo. */
  readonly dataDirectory?: string;
  /** Where models are kept: `models`. */
  readonly modelsDirectory: string;
  /** Search the parameters again (only on the years before the verdict's) and commit the log; then rebuild. */
  readonly search?: boolean;
  /** Train `models/demo` on generated candles instead. */
  readonly demo?: boolean;
  /** Where the rebuilt model goes, when not into the models directory: to compare without overwriting. */
  readonly outputDirectory?: string;
}

export const TRIALS_FILE = 'trials.json';

/**
 * The body of `train`. Without options it is `--rebuild`: the committed model, card
 * and pictures, bit for bit, from the committed parameters and the candles.
 * @returns exit code: 0 done; 1 a check failed; 2 something to read is missing or unusable
 */
export const runTrain = async (options: TrainOptions, tools: TrainingTools, io: ResearchIo): Promise<number> => {
  if (options.demo === true) return trainDemo(options.modelsDirectory, tools, io);
  if (options.dataDirectory === undefined) {
    io.err(
      'train needs candles: give --data DIR or set MARKET_DATA_DIR to a folder with BTCUSDT-1h.csv.gz and ETHUSDT-1h.csv.gz',
    );
    return 2;
  }
  let market: ModelMarket;
  try {
    market = openMarket(options.dataDirectory, tools);
  } catch (error) {
    io.err((error as Error).message);
    return 2;
  }
  const home = join(options.modelsDirectory, MODEL_NAME);
  const trialsPath = join(home, TRIALS_FILE);
  if (options.search === true) {
    const log = await searchParameters(market, io);
    writeModelDirectory(home, { [TRIALS_FILE]: `${JSON.stringify(log, null, 2)}\n` });
    io.out(`${log.trials.length} trials written to ${trialsPath}`);
  }
  if (!existsSync(trialsPath)) {
    io.err(`${trialsPath} does not exist: run train --search first`);
    return 2;
  }
  return rebuildModel(
    { market, trialsText: readFileSync(trialsPath, 'utf8'), committed: home, output: options.outputDirectory ?? home },
    tools,
    io,
  );
};

/** @throws Error with a one-line message for a missing or unusable folder or file */
const openMarket = (directory: string, tools: TrainingTools): ModelMarket => {
  const hourly = tools.openCandles(directory, '1h');
  const series = new Map(
    MODEL_SYMBOLS.map((symbol) => [symbol, longEnough(withVolumes(hourly.series(symbol), symbol), symbol)]),
  );
  return { series, finer: finerSeries(directory, tools), symbols: MODEL_SYMBOLS };
};

/**
 * @throws RangeError for candles that leave nothing to learn from, or nothing for the verdict: better now than in the
 * middle, with the trials of a search written
 */
const longEnough = (columns: CandleColumns, symbol: SymbolName): CandleColumns => {
  const [first = Number.NaN, last = Number.NaN] = [columns.openTime[0], columns.openTime.at(-1)];
  if (first <= CANDLES_FROM && last + HOUR_MS >= CANDLES_TO) return columns;
  const day = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);
  throw new RangeError(
    `the candles of ${symbol} are from ${day(first)} to ${day(last)}; training needs them from ${day(CANDLES_FROM)} or earlier to ${day(CANDLES_TO)} or later`,
  );
};

/** Finer candles are welcome, not needed; a file that is there but broken is an error all the same. */
const finerSeries = (directory: string, tools: TrainingTools): ModelMarket['finer'] => {
  let source: ReturnType<TrainingTools['openCandles']>;
  try {
    source = tools.openCandles(directory, '15m');
  } catch {
    return new Map();
  }
  return new Map(
    MODEL_SYMBOLS.filter((symbol) => source.symbols.includes(symbol)).map((symbol) => [symbol, source.series(symbol)]),
  );
};
