import type { Command } from 'commander';

import type { ExitCode } from '../../adapters/system/exit-codes.ts';

/** The subcommands that examine an installation and keep its database. */
export const addKeepingCommands = (program: Command, finish: (code: ExitCode) => void): void => {
  program
    .command('audit')
    .description('examine readiness for real money in eight domains, from evidence; exit code 3 when anything fails')
    .option('--report <file>', 'write the Markdown report there, too')
    .option('--json', 'print the report as JSON')
    .action(async (options: { report?: string; json?: boolean }) => {
      const { audit } = await import('../audit/audit.ts');
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
      const { doctor } = await import('../doctor.ts');
      finish(await doctor(options));
    });
  program
    .command('backup')
    .description('copy the database of the configured mode while the bot runs, check the copy, remove old ones')
    .option('--to <file>', 'where to (default: backups/<mode>-<time>.db beside the database)')
    .option('--keep <number>', 'backups to keep in that directory (default: 14)')
    .action(async (options: { to?: string; keep?: string }) => {
      const { backup } = await import('../backup.ts');
      finish(await backup(options));
    });
  program
    .command('restore')
    .description("put a backup in the database's place; the bot has to be stopped, and its next start is halted")
    .argument('<file>', 'a backup')
    .option('--verify', 'only check that the backup is sound')
    .action(async (file: string, options: { verify?: boolean }) => {
      const { restore } = await import('../backup.ts');
      finish(restore(file, options));
    });
};
