import type { Command } from 'commander';
import type { ExitCode } from '../../adapters/system/exit-codes.ts';

/** Subcommands that work on history: what they load, they load when they run. */
export const addResearchCommands = (program: Command, finish: (code: ExitCode) => void): void => {
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
