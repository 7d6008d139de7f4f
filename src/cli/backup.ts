import { counted } from '../core/words.ts';
import { backupFile, restoreFile, verifyFile } from '../adapters/sqlite/copies.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { backupPath, rotateBackups } from './backups.ts';
import { out } from './output.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';

/** Backups of a database that are kept; older ones are removed. */
const KEEP = 14;

const keepCount = (text: string | undefined): number => {
  if (text === undefined) return KEEP;
  const keep = Number(text);
  if (!Number.isSafeInteger(keep) || keep < 1)
    throw new UserError(`--keep ${text} is not a number of backups; use a whole number from 1`);
  return keep;
};

/** `guardian backup`: an online, integrity-checked copy; the running bot is not disturbed. */
export const backup = async (options: { readonly to?: string; readonly keep?: string }): Promise<ExitCode> => {
  if (options.to !== undefined && options.keep !== undefined)
    throw new UserError(
      `--keep ${options.keep} is for the backups beside the database, and --to ${options.to} is none of them: leave one of the two out`,
    );
  const config = configurationWithoutSecrets();
  const keep = keepCount(options.keep);
  const now = Date.now();
  const { path, bytes, sequence } = await backupFile(
    config.databasePath,
    options.to ?? backupPath(config, now),
    now,
    config.mode,
  );
  out(`${path}: copy of ${config.databasePath}, ${bytes} bytes, up to journal entry ${sequence}, integrity checked`);
  if (options.to === undefined) {
    const removed = rotateBackups(path, keep, now);
    if (removed > 0) out(`${counted(removed, 'older backup')} removed, ${keep} kept`);
  }
  return EXIT_CODES.done;
};

/** `guardian restore <file>`: puts a backup in the database's place, or only looks at it. */
export const restore = (file: string, options: { readonly verify?: boolean }): ExitCode => {
  if (options.verify === true) {
    const { mode, account, sequence, bytes } = verifyFile(file);
    out(`${file}: sound, mode ${mode}, account ${account}, ${bytes} bytes, up to journal entry ${sequence}`);
    return EXIT_CODES.done;
  }
  const { mode, databasePath } = configurationWithoutSecrets();
  const { sequence, movedTo } = restoreFile(file, databasePath, mode, Date.now());
  out(
    `${databasePath}: restored up to journal entry ${sequence}${movedTo === null ? '' : `; the one that was there is now ${movedTo}`}`,
  );
  out(
    'The next start is halted: what happened since the backup is not in it. Check /positions and /orders, send /reconcile, then /unlock.',
  );
  return EXIT_CODES.done;
};
