import type { Command } from 'commander';

import { CONFIG_KEYS } from '../../adapters/system/config-keys.ts';
import type { ExitCode } from '../../adapters/system/exit-codes.ts';

/** Every configuration key, laid out as the options are. */
const configurationHelp = (command: Command): string => {
  const help = command.createHelp();
  const keys = Object.entries(CONFIG_KEYS);
  const width = Math.max(...keys.map(([name]) => name.length));
  const lines = keys.map(([name, { summary, standard }]) =>
    help.formatItem(name, width, `${summary}${standard === '' ? '' : ` (default: ${standard})`}`, help),
  );
  return `\nConfiguration, in the environment or in .env (see .env.example);\nlimits may be tightened, never loosened:\n${lines.join('\n')}`;
};

/**
 * The subcommands that run the bot, on a real or a simulated market, speak to one that runs, or re-step what it did.
 */
export const addRunningCommands = (program: Command, finish: (code: ExitCode) => void): void => {
  program
    .command('start')
    .description('run the bot in the mode of the configuration (demo by default: no account, no key, no network)')
    .addHelpText('after', ({ command }) => configurationHelp(command))
    .action(async () => {
      const { start } = await import('../start.ts');
      finish(await start());
    });
  program
    .command('replay')
    .description('re-step the recorded journal: what the bot did, and why')
    .option('--database <path>', 'database to read (default: that of the configured mode)')
    .option(
      '--verify',
      'prove that the journal replays to the recorded effects bit for bit; name the first difference; after an upgrade, prove by itself what this version has written',
    )
    .option('--until <sequence>', 'stop after this journal entry')
    .option('--explain <order>', 'why an order was placed: features, prediction, sizing, every check')
    .action(async (options: { database?: string; verify?: boolean; until?: string; explain?: string }) => {
      const { replay } = await import('../replay.ts');
      finish(replay(options));
    });
  program
    .command('simulate')
    .description(
      'run the bot through whole market histories on virtual clocks, with faults and crashes by seed, and check that nothing is lost or doubled',
    )
    .option('--seeds <n>', 'how many histories (default 20)')
    .option('--days <n>', 'market days in each (default 30)')
    .option('--from-seed <n>', 'the first seed (default 1)')
    .option('--jobs <n>', 'threads that run seeds side by side (default 1)')
    .option('--trace', 'print everything that happens: for one seed')
    .action(async (options: { seeds?: string; days?: string; fromSeed?: string; jobs?: string; trace?: boolean }) => {
      const { simulate } = await import('../simulate.ts');
      finish(await simulate(options));
    });
  program
    .command('ctl')
    .description(
      "the chat's commands on this server, for when Telegram is down: status, pause, halt, resume, flatten, unlock and the rest",
    )
    .argument('<command>', 'as in the chat, without the slash')
    .argument('[words...]', 'its arguments')
    .option('--yes', 'confirm without asking')
    .action(async (name: string, words: string[], options: { yes?: boolean }) => {
      const { ctl } = await import('../ctl.ts');
      finish(await ctl(name, words, options));
    });
  program
    .command('drill')
    .description(
      'make the running bot prove something, for the readiness audit (never in live): round-trip, kill-switch, stale-data, restart',
    )
    .argument(
      '<drill>',
      'round-trip: a smallest-size trade through the full path; kill-switch: losing trades until it locks; stale-data: prices fall silent; restart: the bot is killed',
    )
    .argument('[symbol]', 'market to use (default: the first without a position)')
    .action(async (name: string, symbol: string | undefined) => {
      const { drill } = await import('../ctl.ts');
      finish(await drill(name, symbol ?? ''));
    });
};
