import { copyFileSync, existsSync, realpathSync, renameSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { EpochMs } from '../../core/units.ts';
import { backupTo, type BackupResult } from './backup.ts';
import { connect, connectReadOnly, type Connection } from './connection.ts';
import { DatabaseRefused } from './errors.ts';
import {
  makeDirectoryOf,
  markUnfinished,
  moveIntoPlace,
  realPath,
  removeUnfinished,
  restoringOf,
  stampOf,
  sync,
} from './files.ts';
import {
  expectMode,
  GUARDIAN_DATABASE,
  identityOf,
  inspect,
  inspectConnection,
  lookAt,
  refusalFor,
} from './inspect.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { createJournalReader } from './journal-store.ts';
import { readMeta, writeMeta } from './meta.ts';

/**
 * Copies a database that another process may be writing to.
 * @param mode the mode that the copy is to be of; any when left out
 * @throws DatabaseRefused, StoreWriteError
 */
export const backupFile = async (path: string, target: string, now: EpochMs, mode?: string): Promise<BackupResult> => {
  if (lookAt(path) === 'nothing')
    throw new DatabaseRefused(
      'missing',
      `${path} does not exist, so there is nothing to back up: the bot makes it at its first start${mode === undefined ? '' : ` in mode ${mode}`}; see MODE and DATABASE_PATH`,
    );
  let source: Connection | null = null;
  try {
    source = connectReadOnly(path);
    // Of one moment: without it every write of the other process makes SQLite begin anew, and a large copy on a slow
    // disk has no end.
    source.exec('BEGIN');
    inspectConnection(source, path, GUARDIAN_DATABASE, 'none');
    if (mode !== undefined) expectMode(path, identityOf(source, path), mode);
    return await backupTo(source, target, now);
  } catch (error) {
    throw refusalFor(error, path, GUARDIAN_DATABASE);
  } finally {
    source?.close();
  }
};

export interface CopyFacts {
  readonly mode: string;
  readonly account: string;
  /** Last journal entry. */
  readonly sequence: number;
  readonly bytes: number;
}

/**
 * Reads a whole database file without changing it.
 * @throws DatabaseRefused when it is not sound, or of a newer program
 */
export const verifyFile = (path: string): CopyFacts => {
  if (lookAt(path) === 'nothing')
    throw new DatabaseRefused('missing', `${path} does not exist: give the path of a backup`);
  inspect(path, GUARDIAN_DATABASE, 'full');
  const db = connectReadOnly(path);
  try {
    const { mode, account } = identityOf(db, path);
    return { mode, account, sequence: createJournalReader(db).lastSequence(), bytes: statSync(path).size };
  } catch (error) {
    throw refusalFor(error, path, GUARDIAN_DATABASE);
  } finally {
    db.close();
  }
};

/** What a backup says of itself. */
export interface StatedCopy {
  readonly mode: string;
  readonly account: string;
  /** When it was made. */
  readonly at: EpochMs;
}

/**
 * Reads what a backup says of itself, without checking whether it is sound. Null for a file that is no backup, or that
 * has been used as a database since.
 */
export const statedCopy = (path: string): StatedCopy | null => {
  let db: Connection | null = null;
  try {
    if (lookAt(path) === 'nothing') return null;
    db = connectReadOnly(path);
    inspectConnection(db, path, GUARDIAN_DATABASE, 'none');
    const { mode, account } = identityOf(db, path);
    const { at } = JSON.parse(readMeta(db, 'copied_from') ?? '{}') as { readonly at?: unknown };
    return typeof at === 'number' && Number.isFinite(at) ? { mode, account, at } : null;
  } catch {
    return null;
  } finally {
    db?.close();
  }
};

export interface RestoreResult extends CopyFacts {
  /** Where the database that was there has been moved to; null = there was none. */
  readonly movedTo: string | null;
}

/**
 * Puts a backup in the place of a database that nobody uses. The database that was there is kept beside it;
 * the restored one knows that it is a copy, so its first start is halted.
 * @throws DatabaseRefused when the backup is not sound, of another mode, or the database is in use
 */
export const restoreFile = (backup: string, databasePath: string, mode: string, now: EpochMs): RestoreResult => {
  const facts = verifyFile(backup);
  expectMode(backup, facts, mode);
  const target = realPath(databasePath);
  const unfinished = restoringOf(target);
  if (isSameFile(backup, unfinished))
    throw new DatabaseRefused(
      'exists',
      `${backup} is what an earlier restore was making, and the next one makes anew: give the backup itself, or copy that file elsewhere and give the copy`,
    );
  makeDirectoryOf(target);
  const lock = acquireInstanceLock(target, now);
  // An earlier restore may have been broken off between its two names: what tells of it stays until there is a database
  // again.
  const wasThere = existsSync(target) || existsSync(unfinished);
  try {
    markUnfinished(unfinished);
    copyWithLog(realPath(backup), unfinished);
    const copied = markAsCopy(unfinished, facts.sequence, now);
    if (copied !== facts.sequence)
      throw new DatabaseRefused(
        'busy',
        `${backup} was written to while it was copied (entry ${facts.sequence}, then ${copied}): stop the bot that uses it, or give a backup`,
      );
    // While the database is still in its place: a disk that has no room for the copy says so here at the latest.
    sync(unfinished);
    const movedTo = moveAside(target, now);
    moveIntoPlace(unfinished, target);
    return { ...facts, movedTo };
  } catch (error) {
    throw refusalFor(withoutRoom(error, target), target, GUARDIAN_DATABASE);
  } finally {
    if (existsSync(target) || !wasThere) removeUnfinished(unfinished);
    else markUnfinished(unfinished);
    lock.release();
  }
};

/** What the file system said of a copy that it did not take, as a refusal; anything else as it is. */
const withoutRoom = (error: unknown, target: string): unknown => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined
    ? error
    : new DatabaseRefused(
        'not-writable',
        `${target} could not be restored (${code ?? 'unknown reason'}): make room on its disk, or see to its permissions`,
      );
};

const isSameFile = (one: string, other: string): boolean =>
  existsSync(other) && realpathSync(one) === realpathSync(other);

/** A backup is one file. A database that was left by a crash has its newest entries in the log beside it alone. */
const copyWithLog = (from: string, to: string): void => {
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
};

/**
 * A file that was copied by other means does not say that it is a copy; a restored one always does.
 * @returns its last journal entry, what its log held taken in
 */
const markAsCopy = (path: string, sequence: number, now: EpochMs): number => {
  const db = new Sqlite(path);
  try {
    db.pragma('journal_mode = DELETE');
    const last = createJournalReader(db).lastSequence();
    if (readMeta(db, 'copied_from') === null) writeMeta(db, 'copied_from', JSON.stringify({ at: now, sequence }));
    return last;
  } finally {
    db.close();
  }
};

/**
 * With what SQLite keeps beside it, after everything in the write-ahead log has been moved into the file. A log whose
 * file is gone is moved away, too: SQLite would write it over whatever is put in the file's place.
 */
const moveAside = (target: string, now: EpochMs): string | null => {
  const there = ['', '-wal', '-shm', '-journal'].filter((suffix) => existsSync(`${target}${suffix}`));
  if (there.length === 0) return null;
  const aside = `${target}.before-restore-${stampOf(now)}`;
  if (there.includes('')) foldLog(target);
  for (const suffix of there)
    if (existsSync(`${target}${suffix}`)) renameSync(`${target}${suffix}`, `${aside}${suffix}`);
  return there.includes('') ? aside : `${aside}${there[0] ?? ''}`;
};

const foldLog = (path: string): void => {
  try {
    const db = connect(path, 'FULL');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
  } catch {
    // It may be what the restore is for: a broken file is moved as it is.
  }
};
