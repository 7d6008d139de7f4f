#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { CONFIG_KEYS } from '../adapters/system/config-keys.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { describeEnd } from './describe-end.ts';
import { complain, failWithoutOutput } from './output.ts';
import { addResearchCommands } from './subcommands/research.ts';
import { VERSION } from './version.ts';

/**
 * @throws UserError for an option that holds nothing, as a variable of the shell that is not set leaves it: an empty
 * path is the folder one is in
 */
const refuseEmptyOptions = (command: Command): void => {
  const empty = command.options.find((option) =>
    /^\s*$/.test(String(command.getOptionValue(option.attributeName()) ?? 'absent')),
  );
  if (empty !== undefined)
    throw new UserError(
      `${empty.flags} is empty; give it a value, or leave it out (guardian ${command.name()} --help)`,
    );
};

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
 * The one program: every npm script and the service unit call it. Each
 * subcommand loads what it needs when it runs, so that `--help` answers at once.
 */
const build = (finish: (code: ExitCode) => void): Command => {
  const program = new Command('guardian')
    .description('A crypto trading bot in which nothing reaches the exchange that the Guardian has not approved.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(see guardian --help)')
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (_, command) => refuseEmptyOptions(command));
  program
    .command('start')
    .description('run the bot in the mode of the configuration (demo by default: no account, no key, no network)')
    .addHelpText('after', ({ command }) => configurationHelp(command))
    .action(async () => {
      const { start } = await import('./start.ts');
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
      const { replay } = await import('./replay.ts');
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
      const { simulate } = await import('./simulate.ts');
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
      const { ctl } = await import('./ctl.ts');
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
      const { drill } = await import('./ctl.ts');
      finish(await drill(name, symbol ?? ''));
    });
  addResearchCommands(program, finish);
  program
    .command('audit')
    .description('examine readiness for real money in eight domains, from evidence; exit code 3 when anything fails')
    .option('--report <file>', 'write the Markdown report there, too')
    .option('--json', 'print the report as JSON')
    .action(async (options: { report?: string; json?: boolean }) => {
      const { audit } = await import('./audit/audit.ts');
      finish(await audit(options));
    });
  program
    .command('doctor')
    .description('check configuration, exchange, clock, key, Telegram, model, disk and database, and say what to fix')
    .option(
      '--configuration',
      'only whether this version takes the configuration: nobody is asked, and secrets that are not there are not missed',
    )
    .action(async (options: { configuration?: boolean }) => {
      const { doctor } = await import('./doctor.ts');
      finish(await doctor(options));
    });
  program
    .command('backup')
    .description('copy the database of the configured mode while the bot runs, check the copy, remove old ones')
    .option('--to <file>', 'where to (default: backups/<mode>-<time>.db beside the database)')
    .option('--keep <number>', 'backups to keep in that directory (default: 14)')
    .action(async (options: { to?: string; keep?: string }) => {
      const { backup } = await import('./backup.ts');
      finish(await backup(options));
    });
  program
    .command('restore')
    .description("put a backup in the database's place; the bot has to be stopped, and its next start is halted")
    .argument('<file>', 'a backup')
    .option('--verify', 'only check that the backup is sound')
    .action(async (file: string, options: { verify?: boolean }) => {
      const { restore } = await import('./backup.ts');
      finish(restore(file, options));
    });
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(see guardian ${command.name()} --help)`);
  return program;
};

const codeOf = (error: unknown): ExitCode => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage;
  const { text, exitCode } = describeEnd(error);
  complain(text);
  return exitCode;
};

const main = async (): Promise<ExitCode> => {
  let code: ExitCode = EXIT_CODES.done;
  try {
    await build((result) => (code = result)).parseAsync(process.argv);
    return code;
  } catch (error) {
    return codeOf(error);
  }
};

// Databases, sockets and backups hold what others should not read.
process.umask(0o077);
failWithoutOutput();
process.exitCode = await main();
// That the last line could not be written is known a moment after.
await setImmediate();
// Handles that a library left open must not keep a finished program alive.
process.exit();
