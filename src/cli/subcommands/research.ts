import type { Command } from 'commander';
import type { ExitCode } from '../../adapters/system/exit-codes.ts';
import type { BacktestArguments } from '../backtest-options.ts';

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
    .description(
      'compute the features and labels of stored candles by the code the live bot runs, as features_1H_advanced.parquet',
    )
    .option('--data <folder>', 'folder of candle files (default: MARKET_DATA_DIR)')
    .option('--symbols <list>', 'markets, comma separated (default: all of the folder)')
    .option('--output <file>', 'file to write (default: features_1H_advanced.parquet)')
    .action(async (options: { data?: string; symbols?: string; output?: string }) => {
      const { features } = await import('../features.ts');
      finish(features(options));
    });
  program
    .command('train')
    .description(
      'rebuild the committed model and its card, bit for bit, from recorded candles (needs --data or MARKET_DATA_DIR)',
    )
    .option('--rebuild', 'rebuild at the committed parameters, walk-forward included (the default)')
    .option(
      '--search',
      'search the parameters again, only on the years before the verdict, and write the log of trials; then rebuild',
    )
    .option('--demo', 'train models/demo on generated candles instead')
    .option('--data <folder>', 'folder with BTCUSDT-1h.csv.gz and ETHUSDT-1h.csv.gz (default: MARKET_DATA_DIR)')
    .option('--output <folder>', 'write the model there, to compare without overwriting')
    .action(async (options: { search?: boolean; demo?: boolean; data?: string; output?: string }) => {
      const { train } = await import('../train.ts');
      finish(await train(options));
    });
  program
    .command('backtest')
    .description(
      'run the whole system over stored candles: features, model, policy, risk, Guardian, orders, ledger; on the generated market when there are none',
    )
    .option('--symbols <list>', 'markets of one portfolio, comma separated (default: SYMBOLS)')
    .option(
      '--data <folder>',
      'folder of candle files such as BTCUSDT-1h.csv.gz; 15m and 1m files beside them decide what came first inside an hour (default: MARKET_DATA_DIR)',
    )
    .option('--from <date>', 'first day (default: the first that all symbols have)')
    .option('--to <date>', 'end, exclusive (default: the last candle)')
    .option('--report <folder>', 'write an HTML page, pictures, trades as CSV and everything as JSON there')
    .option('--json <file>', 'write everything as JSON')
    .option('--model <folder>', 'model to ask (default: MODEL_DIR)')
    .option('--margin <fraction>', "least expected value after costs that is traded (default: the model's own)")
    .option('--balance <amount>', 'quote currency at the beginning (default: 10000)')
    .option('--fee <fraction>', 'taker fee of each side (default: 0.001)')
    .option('--spread <fraction>', 'between best bid and best ask (default: 0.0002)')
    .option('--slippage <fraction>', 'lost by every market execution beyond the spread (default: 0.0002)')
    .option('--latency <ms>', 'from a decision to its execution (default: 1000)')
    .option('--unlock-after <hours>', 'hours after which the operator model sends /unlock (default: 12)')
    .option(
      '--compare <database>',
      'instead: put what a paper, testnet or live database records beside a backtest on the same prices, differences explained',
    )
    .option('--seed <n>', 'seed of the generated market (default: 1)')
    .action(async (options: BacktestArguments) => {
      const { backtest } = await import('../backtest.ts');
      finish(await backtest(options));
    });
};
