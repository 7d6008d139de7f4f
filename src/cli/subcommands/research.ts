import type { Command } from 'commander';
import type { ExitCode } from '../../adapters/system/exit-codes.ts';

/** Subcommands that work on history: what they load, they load when they run. */
export const addResearchCommands = (program: Command, finish: (code: ExitCode) => void): void => {
  program
    .command('download')
    .description('fetch hourly candles through the exchange into SQLite; stop it at any time, it goes on where it was')
    .option('--symbols <list>', 'markets, comma separated (default: SYMBOLS)')
    .option('--from <date>', 'first day wanted (default: 2018-01-01)')
    .option('--store <path>', 'database of candles (default: data/candles.db)')
    .option('--import <file>', 'take the candles of a CSV or Parquet file instead')
    .option('--export <file>', 'write the held candles to a CSV (.csv, .csv.gz) or Parquet (.parquet) file instead')
    .action(async (options: { symbols?: string; from?: string; store?: string; import?: string; export?: string }) => {
      const { download } = await import('../download.ts');
      finish(await download(options));
    });
  program
    .command('features')
    .description('compute the features and labels of stored candles by the code the live bot runs, as features_1H_advanced.parquet')
    .option('--data <folder>', 'folder of candle files (default: MARKET_DATA_DIR)')
    .option('--symbols <list>', 'markets, comma separated (default: all of the folder)')
    .option('--output <file>', 'file to write (default: features_1H_advanced.parquet)')
    .action(async (options: { data?: string; symbols?: string; output?: string }) => {
      const { features } = await import('../features.ts');
      finish(features(options));
    });
  program
    .command('train')
    .description('rebuild the committed model and its card, bit for bit, from recorded candles (needs --data or MARKET_DATA_DIR)')
    .option('--rebuild', 'rebuild at the committed parameters, walk-forward included (the default)')
    .option('--search', 'search the parameters again, only on the years before the verdict, and write the log of trials; then rebuild')
    .option('--demo', 'train models/demo on generated candles instead')
    .option('--data <folder>', 'folder with BTCUSDT-1h.csv.gz and ETHUSDT-1h.csv.gz (default: MARKET_DATA_DIR)')
    .option('--output <folder>', 'write the model there, to compare without overwriting')
    .action(async (options: { search?: boolean; demo?: boolean; data?: string; output?: string }) => {
      const { train } = await import('../train.ts');
      finish(await train(options));
    });
};
