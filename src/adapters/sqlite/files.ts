import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { EpochMs } from '../../core/units.ts';
import { DatabaseRefused } from './errors.ts';

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * As `mkdirSync` with `recursive`, which never returns where a folder answers ENOENT to a new one in it, as /proc and
 * an automounter's do: the process would take a whole processor and no signal.
 */
export const makeDirectory = (directory: string): void => {
  if (isDirectory(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o750 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isDirectory(directory)) throw error;
  }
};

/** Makes the directory of a file, readable by its group at most. @throws DatabaseRefused */
export const makeDirectoryOf = (path: string): void => {
  const directory = dirname(path);
  try {
    makeDirectory(directory);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new DatabaseRefused(
        'not-writable',
        `the directory ${directory} cannot be made (${code}), the disk is full: make room`,
      );
    throw new DatabaseRefused(
      'directory-not-writable',
      `the directory ${directory} cannot be made (${code}): make it, or give another path`,
    );
  }
};

/** How many links the file system follows from one to the next. */
const MOST_LINKS = 40;

/**
 * The file itself: SQLite keeps its log beside that, and two names of one file must not have a lock each. Behind a link
 * to nothing, where it is to be: beside it lies what tells that it was there.
 */
export const realPath = (path: string, links = MOST_LINKS): string => {
  if (existsSync(path)) return lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  const target = links === 0 ? null : linkedFrom(path);
  return target === null ? path : realPath(target, links - 1);
};

/** Null for what is no link. */
const linkedFrom = (path: string): string | null => {
  try {
    return resolve(realpathSync(dirname(path)), readlinkSync(path));
  } catch {
    return null;
  }
};

/** A moment (UTC, milliseconds) as part of a file's name. */
export const stampOf = (at: EpochMs): string => new Date(at).toISOString().replaceAll(/[:.]/g, '');

/** Makes what is in a file, or which names a directory has, durable. */
export const sync = (path: string): void => {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/** Puts a finished file in its place, durably: there is never a half-made one under the final name. */
export const moveIntoPlace = (from: string, to: string): void => {
  sync(from);
  renameSync(from, to);
  sync(dirname(to));
};

/**
 * Writes a whole file for this user alone, durably, its name in the directory included; without room for it nothing is
 * left.
 */
export const putInPlace = (path: string, content: Uint8Array): void => {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, content, { mode: 0o600 });
    moveIntoPlace(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
};

/** What SQLite keeps beside a database file. */
const BESIDE = ['-wal', '-shm', '-journal'];

/** Removes a database file that was never finished, with what SQLite keeps beside it. */
export const removeUnfinished = (path: string): void => {
  for (const suffix of ['', ...BESIDE]) rmSync(`${path}${suffix}`, { force: true });
};

/** Leaves a mere mark of a database file that was never finished. */
export const markUnfinished = (path: string): void => {
  for (const suffix of BESIDE) rmSync(`${path}${suffix}`, { force: true });
  writeFileSync(path, '', { mode: 0o600 });
};

/** Where a restore makes what is to take the place of a database. */
export const restoringOf = (path: string): string => `${path}.restoring`;

/** Lets `make` write a whole database under another name, then moves it into place: a crash leaves no half-made one. */
export const makeFile = (path: string, make: (unfinished: string) => void): void => {
  const unfinished = `${path}.creating`;
  removeUnfinished(unfinished);
  make(unfinished);
  moveIntoPlace(unfinished, path);
};
