import { openCandleFolder } from '../adapters/candles/candle-files.ts';
import { writeParquetTable } from '../adapters/candles/parquet-files.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { runFeatures } from '../research/dataset/run-features.ts';
import { symbolsOf } from './backtest-options.ts';
import { createResearchIo } from './research-io.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';
import { written } from './written.ts';

export interface FeaturesArguments {
  readonly data?: string;
  readonly symbols?: string;
  readonly output?: string;
}

/** `guardian features`: candles to features and labels, as one Parquet table. */
export const features = ({ data, symbols, output }: FeaturesArguments): ExitCode => {
  const directory = data ?? configurationWithoutSecrets().marketDataDir ?? undefined;
  if (directory === undefined) throw new UserError('features needs candles: give --data FOLDER or set MARKET_DATA_DIR');
  const io = createResearchIo();
  const code = runFeatures(
    {
      dataDirectory: directory,
      ...(symbols === undefined ? {} : { symbols: symbolsOf(symbols, [], null) }),
      ...(output === undefined ? {} : { output }),
    },
    {
      openCandles: openCandleFolder,
      writeTable: (path, columns, metadata) => written(path, () => writeParquetTable(path, columns, metadata)),
    },
    io,
  );
  io.done();
  return code === EXIT_CODES.done ? EXIT_CODES.done : EXIT_CODES.usage;
};
