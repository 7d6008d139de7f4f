import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { EpochMs } from '../../core/units.ts';
import { integrityFault, type Connection } from './connection.ts';
import { asWriteError, DatabaseRefused, sqliteCode } from './errors.ts';
import { makeDirectoryOf, moveIntoPlace, removeUnfinished } from './files.ts';
import { createJournalReader } from './journal-store.ts';
import { writeMeta } from './meta.ts';
import { removeAbandonedCopies, unfinishedCopyOf } from './unfinished-copies.ts';

export interface BackupResult {
  readonly path: string;
  readonly bytes: number;
  /** The copy holds the journal up to and including this entry. */
  readonly sequence: number;
}

/**
 * Copies a database that is in use, checks the copy and only then gives it its
 * name. The copy is one file, and it knows that it is one: opened as a
 * database of its own it gets a new instance id and says that it was restored.
 * @throws DatabaseRefused when the target exists or the copy is not sound; StoreWriteError when it cannot be written.
 */
export const backupTo = async (source: Connection, target: string, now: EpochMs): Promise<BackupResult> => {
  refuseExisting(target);
  makeDirectoryOf(target);
  // Of this copy alone: another that is made for the same place at the same time must not be written into.
  const partial = unfinishedCopyOf(target);
  try {
    removeAbandonedCopies(dirname(target), now);
    await source.backup(partial);
    const sequence = finishCopy(partial, source.name, now);
    refuseExisting(target);
    moveIntoPlace(partial, target);
    return { path: target, bytes: statSync(target).size, sequence };
  } catch (error) {
    removeUnfinished(partial);
    throw asWriteError(error, `the backup ${target}`);
  }
};

const refuseExisting = (target: string): void => {
  if (existsSync(target))
    throw new DatabaseRefused('exists', `${target} exists: a backup never overwrites, give another path`);
};

/** A copy is page for page what it is made from. */
const corrupt = (path: string, fault: string): DatabaseRefused =>
  new DatabaseRefused(
    'corrupt',
    `${path} is corrupt, its copy is not sound (${fault}) and was not kept: stop the bot and restore an older backup`,
  );

const finishCopy = (path: string, of: string, now: EpochMs): number => {
  const copy = new Sqlite(path);
  try {
    // One file, without a write-ahead log beside it.
    copy.pragma('journal_mode = DELETE');
    const sequence = createJournalReader(copy).lastSequence();
    writeMeta(copy, 'copied_from', JSON.stringify({ at: now, sequence }));
    const fault = integrityFault(copy, 'full');
    if (fault !== null) throw corrupt(of, fault);
    return sequence;
  } catch (error) {
    throw sqliteCode(error)?.startsWith('SQLITE_CORRUPT') === true ? corrupt(of, (error as Error).message) : error;
  } finally {
    copy.close();
  }
};
