import { randomUUID } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import type { EpochMs } from '../../core/units.ts';
import { DatabaseRefused, sqliteCode } from './errors.ts';

/**
 * One process a database. The lock is a write transaction held open on a file
 * beside it: the operating system drops it with the process, however that
 * ends, so there is no stale lock to clean up. Readers may still look into the
 * file, which is how the second process learns who the first one is.
 *
 * Never read the lock file by other means inside this process: closing any
 * handle of it would drop the lock (POSIX advisory locks).
 */
export interface InstanceLock {
  release(): void;
}

const ATTEMPTS = 10;

/** Locks in force. Without this a lock whose owner has been forgotten would be collected as garbage, and free. */
const HELD = new Set<Sqlite.Database>();

interface Holder {
  readonly pid: number;
  readonly since: string;
  readonly token: string;
}

/** @throws DatabaseRefused `in-use`, `foreign`, `not-writable` or `directory-not-writable`. */
export const acquireInstanceLock = (path: string, now: EpochMs): InstanceLock => {
  const lockPath = `${path}.lock`;
  let db: Sqlite.Database | null = null;
  try {
    db = new Sqlite(lockPath, { timeout: 0 });
    take(db, now);
    const held = db;
    HELD.add(held);
    return {
      release: () => {
        HELD.delete(held);
        held.close();
      },
    };
  } catch (error) {
    const refusal = refusalOf(error, path, lockPath, db);
    db?.close();
    throw refusal;
  }
};

/**
 * The holder's name has to be committed to be readable, and the lock has to be
 * taken again after it; whoever slips in between wins, which the final look notices.
 */
const take = (db: Sqlite.Database, now: EpochMs): void => {
  const since = new Date(now).toISOString();
  const token = randomUUID();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    db.exec('BEGIN IMMEDIATE');
    db.exec(
      'CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER NOT NULL, since TEXT NOT NULL, token TEXT NOT NULL) STRICT',
    );
    db.prepare('INSERT OR REPLACE INTO holder (id, pid, since, token) VALUES (1, ?, ?, ?)').run(
      process.pid,
      since,
      token,
    );
    db.exec('COMMIT');
    db.exec('BEGIN IMMEDIATE');
    if (readHolder(db)?.token === token) return;
    db.exec('ROLLBACK');
  }
  throw new Error('the lock could not be taken: several processes start at once');
};

const readHolder = (db: Sqlite.Database): Holder | null =>
  db.prepare<[], Holder>('SELECT pid, since, token FROM holder WHERE id = 1').get() ?? null;

const refusalOf = (error: unknown, path: string, lockPath: string, db: Sqlite.Database | null): unknown => {
  const code = sqliteCode(error) ?? '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new DatabaseRefused(
      'in-use',
      `${path} is in use by another process${describeHolder(db)}: one bot a database; stop it first`,
    );
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return new DatabaseRefused(
      'foreign',
      `${lockPath} is not a lock file of this program: remove it when no bot is running`,
    );
  }
  // It passes, and a bot with a position must come back then by itself.
  if (code.startsWith('SQLITE_FULL') || code.startsWith('SQLITE_IOERR')) {
    return new DatabaseRefused(
      'not-writable',
      `${lockPath} cannot be written (${code}), the disk is full or fails: make room`,
    );
  }
  if (code !== '' || error instanceof TypeError) {
    return new DatabaseRefused(
      'directory-not-writable',
      `${lockPath} cannot be written (${code === '' ? (error as Error).message : code}): the directory of the database has to be writable for this user`,
    );
  }
  return error;
};

const describeHolder = (db: Sqlite.Database | null): string => {
  try {
    const holder = db === null ? null : readHolder(db);
    return holder === null ? '' : ` (pid ${holder.pid} since ${holder.since})`;
  } catch {
    // The name is a courtesy; the refusal stands without it.
    return '';
  }
};
