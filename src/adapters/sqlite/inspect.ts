import { accessSync, constants, statSync, type Stats } from 'node:fs';
import type { DatabaseIdentity } from '../../ports/store.ts';
import { APPLICATION_ID, connectReadOnly, integrityFault, pragmaNumber, type Connection } from './connection.ts';
import { DatabaseRefused, sqliteCode, type RefusalCode } from './errors.ts';
import { realPath, restoringOf } from './files.ts';
import { readIdentity } from './meta.ts';
import { SCHEMA_VERSION } from './migrate.ts';

export interface Expectation {
  readonly applicationId: number;
  readonly schemaVersion: number;
  /** What the program calls such a file. */
  readonly what: string;
}

export const GUARDIAN_DATABASE: Expectation = {
  applicationId: APPLICATION_ID,
  schemaVersion: SCHEMA_VERSION,
  what: 'a database of this program',
};

/** SQLite's smallest page; an empty or shorter file would pass for a new database. */
const SMALLEST_DATABASE = 512;

const refuse = (code: RefusalCode, message: string): never => {
  throw new DatabaseRefused(code, message);
};

/** `file`: there is one to look at; `nothing`: one may be made here. @throws DatabaseRefused for what is neither. */
export const lookAt = (path: string): 'file' | 'nothing' => {
  const stat = statOf(path);
  if (stat === undefined) {
    // Between the two names that a restore gives; a new database here would be taken for all there ever was.
    const file = realPath(path);
    if (statOf(restoringOf(file)) !== undefined)
      return refuse(
        'missing-main-file',
        `${path} is missing but ${restoringOf(file)} is there: a restore was broken off; run guardian restore again. What was there is beside it, as ${file}.before-restore-<time>`,
      );
    if (statOf(`${file}-wal`) === undefined) return 'nothing';
    return refuse(
      'missing-main-file',
      `${path} is missing but ${file}-wal is there: the database was moved or deleted without it; put it back, restore a backup, or move the -wal file away`,
    );
  }
  if (!stat.isFile()) return refuse('not-a-database', `${path} is not a file: give the path of a database`);
  if (stat.size < SMALLEST_DATABASE)
    return refuse(
      'not-a-database',
      `${path} has only ${stat.size} bytes and is not ${GUARDIAN_DATABASE.what}: restore a backup, or move it away to start anew`,
    );
  return 'file';
};

/** What the file system has under this name. @throws DatabaseRefused when it does not say */
const statOf = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENAMETOOLONG' || code === 'ELOOP')
      return refuse('missing', `${path} can be no file (${code}): give another path`);
    if (code === 'EACCES')
      return refuse(
        'directory-not-writable',
        `${path} cannot be looked at (${code}): its directory is closed to this user; run this as the bot's user or with sudo`,
      );
    return refuse('not-writable', `${path} cannot be looked at (${code}): check the disk`);
  }
};

/**
 * Looks at an existing file without being able to change it.
 * @throws DatabaseRefused when it is not a sound database of this program and version.
 */
export const inspect = (path: string, expectation: Expectation, check: 'quick' | 'full' | 'none'): void => {
  let db: Connection | null = null;
  try {
    db = connectReadOnly(path);
    inspectConnection(db, path, expectation, check);
  } catch (error) {
    throw refusalFor(error, path, expectation);
  } finally {
    db?.close();
  }
};

export const inspectConnection = (
  db: Connection,
  path: string,
  expectation: Expectation,
  check: 'quick' | 'full' | 'none',
): void => {
  const applicationId = pragmaNumber(db, 'application_id');
  if (applicationId !== expectation.applicationId) {
    refuse(
      'foreign',
      `${path} is a database of another program (application id ${applicationId}), not ${expectation.what}: give another path`,
    );
  }
  const version = pragmaNumber(db, 'user_version');
  if (version > expectation.schemaVersion) {
    refuse(
      'newer-schema',
      `${path} has schema version ${version}, this program knows up to ${expectation.schemaVersion}: upgrade the program, or restore a backup made before the upgrade`,
    );
  }
  const fault = check === 'none' ? null : integrityFault(db, check);
  if (fault !== null) refuse('corrupt', `${path} is corrupt (${fault}): restore a backup`);
};

/** A refusal for what SQLite says about a file; anything else as it is. */
export const refusalFor = (error: unknown, path: string, expectation: Expectation): unknown => {
  const code = sqliteCode(error);
  if (code === null) return error;
  const words = (error as Error).message;
  if (code.startsWith('SQLITE_NOTADB'))
    return new DatabaseRefused(
      'not-a-database',
      `${path} is not ${expectation.what} (${words}): give another path, or restore a backup`,
    );
  if (code.startsWith('SQLITE_CORRUPT'))
    return new DatabaseRefused('corrupt', `${path} is corrupt (${words}): restore a backup`);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new DatabaseRefused(
      'busy',
      `${path} is held by another program (${code}), such as an SQLite shell in a transaction: end that and try again`,
    );
  if (code.startsWith('SQLITE_FULL'))
    return new DatabaseRefused('not-writable', `${path} cannot be written, the disk is full: make room`);
  // Its memory shared with other processes is a file, too, and cannot grow.
  if (code === 'SQLITE_IOERR_SHMSIZE')
    return new DatabaseRefused(
      'not-writable',
      `${path} cannot be opened, the disk is full (${code}; to read it takes some room beside it, too): make room`,
    );
  // Permissions do not pass: a service would try again for ever, and nobody would hear of it.
  if (code.startsWith('SQLITE_READONLY') || isClosed(path))
    return new DatabaseRefused(
      'directory-not-writable',
      `${path} is closed to this user or cannot be written (${code}): file and directory have to be this user's; run this as the bot's user or with sudo, or see to their permissions`,
    );
  return new DatabaseRefused(
    'not-writable',
    `${path} cannot be opened (${code}: ${words}): check the file's and the directory's permissions and the disk`,
  );
};

/** Whether it is the file's own permissions, or its file system's, that keep this user out. */
const isClosed = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return false;
  } catch (error) {
    return ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
};

/** @throws DatabaseRefused when the file does not say whose it is. */
export const identityOf = (db: Connection, path: string): DatabaseIdentity => {
  const identity = readIdentity(db);
  if (identity === null)
    throw new DatabaseRefused('corrupt', `${path} does not say which mode and account it belongs to: restore a backup`);
  return identity;
};

/**
 * Reads the identity without being able to change anything.
 * @throws DatabaseRefused when the database is of another mode or account.
 */
export const inspectIdentity = (path: string, mode: string, account: string): void => {
  const db = connectReadOnly(path);
  try {
    expectIdentity(path, identityOf(db, path), mode, account);
  } catch (error) {
    throw refusalFor(error, path, GUARDIAN_DATABASE);
  } finally {
    db.close();
  }
};

/** @throws DatabaseRefused when the database is of another mode. */
export const expectMode = (path: string, found: Pick<DatabaseIdentity, 'mode'>, mode: string): void => {
  if (found.mode !== mode)
    refuse(
      'other-mode',
      `${path} belongs to mode ${found.mode}, not ${mode}: every mode has its own database; set another path`,
    );
};

const expectIdentity = (path: string, found: DatabaseIdentity, mode: string, account: string): void => {
  expectMode(path, found, mode);
  if (found.account !== account)
    refuse(
      'other-account',
      `${path} belongs to account ${found.account}, not ${account}: every account has its own database; set another path`,
    );
};
