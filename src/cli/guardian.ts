#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { describeEnd } from './describe-end.ts';
import { complain, failWithoutOutput } from './output.ts';
import { addKeepingCommands } from './subcommands/keeping.ts';
import { addResearchCommands } from './subcommands/research.ts';
import { addRunningCommands } from './subcommands/running.ts';
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
  addRunningCommands(program, finish);
  addResearchCommands(program, finish);
  addKeepingCommands(program, finish);
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
