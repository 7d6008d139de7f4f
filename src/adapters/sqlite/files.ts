import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
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
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DatabaseRefused('not-writable', `the directory ${directory} cannot be made (${code}), the disk is full: make room`);
    throw new DatabaseRefused('directory-not-writable', `the directory ${directory} cannot be made (${code}): make it, or give another path`);
  }
};

/** The file itself: SQLite keeps its log beside that, and two names of one file must not have a lock each. */
export const realPath = (path: string): string => (existsSync(path) && lstatSync(path).isSymbolicLink() ? realpathSync(path) : path);

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

/** Writes a whole file for this user alone, durably, its name in the directory included; without room for it nothing is left. */
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

/** Removes a database file that was never finished, with what SQLite keeps beside it. */
export const removeUnfinished = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
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
