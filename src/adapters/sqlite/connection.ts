import Sqlite from 'better-sqlite3';

export type Connection = Sqlite.Database;

/** "GBOT": the mark by which our databases are told from anyone else's. */
export const APPLICATION_ID = 0x47_42_4f_54;

const BUSY_TIMEOUT_MS = 5_000;
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

export type Synchronous = 'FULL' | 'NORMAL';

/** A connection for writing. @throws SqliteError when the file cannot be opened or is no database. */
export const connect = (path: string, synchronous: Synchronous): Connection => {
  const db = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma('foreign_keys = ON');
    db.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
    db.pragma('temp_store = MEMORY');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

/** A connection that cannot write. @throws SqliteError when the file is missing. */
export const connectReadOnly = (path: string): Connection =>
  new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });

export const pragmaNumber = (
  db: Connection,
  name: 'application_id' | 'user_version' | 'page_count' | 'page_size',
): number => {
  const value = db.pragma(name, { simple: true });
  if (typeof value !== 'number') throw new TypeError(`PRAGMA ${name} gave ${String(value)}`);
  return value;
};

/**
 * What SQLite finds wrong in the file, or null. `quick` reads every page but does not compare indexes with their
 * tables.
 */
export const integrityFault = (db: Connection, check: 'quick' | 'full'): string | null => {
  const rows = db.pragma(check === 'quick' ? 'quick_check(3)' : 'integrity_check(3)') as readonly Readonly<
    Record<string, unknown>
  >[];
  const words = rows.map((row) => String(Object.values(row)[0]));
  return words.length === 1 && words[0] === 'ok' ? null : words.join('; ').replaceAll('\n', ' ');
};
