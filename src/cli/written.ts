import { accessSync, constants, existsSync, lstatSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { EXIT_CODES } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { putFiles } from '../research/put-files.ts';

/** The disk's doing, not the user's: the same command may work later. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG']);

/**
 * What the file system said when `path` was written, in one line: a usage error where the path is at fault, a failure
 * where the disk is; anything else as it is.
 */
export const writeFault = (path: string, error: unknown): unknown => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  if (OF_THE_DISK.has(code))
    return new UserError(
      `${path} can't be written (${code}): the disk is full or fails; make room`,
      EXIT_CODES.failure,
    );
  return new UserError(`${path} can't be written (${code}); give a path in a folder that is there and may be written`);
};

/**
 * Does what writes `path`.
 * @throws UserError with one line when the file system does not let it
 */
export const written = <T>(path: string, write: () => T): T => {
  try {
    return write();
  } catch (error) {
    throw writeFault(path, error);
  }
};

/**
 * Writes a file that was named on the command line whole or not at all: the one that was there is lost neither to a
 * full disk nor to Ctrl-C. What is no plain file (a pipe, /dev/stdout, a link) is written through as it is.
 * @throws UserError as `written`
 */
export const writeWhole = (path: string, content: Uint8Array | string, mode?: number): void =>
  written(path, () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) writeFileSync(path, content);
    else putFiles(dirname(path), { [basename(path)]: content }, mode);
  });

/**
 * Whether files can be written into a folder, or into one that is to be made: what takes long asks before its work, not
 * after it.
 * @throws UserError with one line when they can't
 */
export const refuseUnwritableFolder = (path: string): void => {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  // Only a folder has a dot in it.
  written(path, () => accessSync(`${there}/.`, constants.W_OK | constants.X_OK));
};
