/** Why a database is not opened. The file is left exactly as it was. */
export type RefusalCode =
  | 'in-use'
  | 'directory-not-writable'
  /** The disk does not take or give what it should: full, or failing. */
  | 'not-writable'
  /** Another program holds it for a moment. */
  | 'busy'
  | 'missing-main-file'
  | 'not-a-database'
  | 'foreign'
  | 'corrupt'
  | 'newer-schema'
  | 'older-schema'
  | 'other-mode'
  | 'other-account'
  | 'missing'
  | 'exists';

/** What may be over at the next try. Everything else waits for a person. */
const PASSING: ReadonlySet<RefusalCode> = new Set(['not-writable', 'busy']);

/** A database that may not be used: one clear line for the operator. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }

  /** Whether trying again may help, without anybody's doing. */
  get passes(): boolean {
    return PASSING.has(this.code);
  }
}

export type WriteFailure =
  | 'disk-full'
  | 'io'
  | 'busy'
  | 'read-only'
  | 'corrupt'
  | 'constraint'
  | 'not-plain-json'
  | 'other';

/**
 * A write that failed: nothing of it is kept. The caller's state has gone
 * further than the database, so it must recover from the journal before it goes on.
 */
export class StoreWriteError extends Error {
  override readonly name = 'StoreWriteError';
  readonly code: WriteFailure;

  constructor(code: WriteFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** SQLite's own code of whatever was thrown ("SQLITE_FULL"), or null when it is not SQLite's. */
export const sqliteCode = (thrown: unknown): string | null =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && thrown.code.startsWith('SQLITE_')
    ? thrown.code
    : null;

const FAILURES: readonly (readonly [prefix: string, failure: WriteFailure, words: string])[] = [
  ['SQLITE_FULL', 'disk-full', 'the disk is full'],
  ['SQLITE_IOERR', 'io', 'the disk failed'],
  ['SQLITE_CANTOPEN', 'io', 'a file of the database cannot be opened'],
  ['SQLITE_BUSY', 'busy', 'another process holds the database'],
  ['SQLITE_LOCKED', 'busy', 'the database is locked'],
  ['SQLITE_READONLY', 'read-only', 'the database cannot be written'],
  ['SQLITE_CORRUPT', 'corrupt', 'the database is corrupt'],
  ['SQLITE_NOTADB', 'corrupt', 'the database is corrupt'],
  ['SQLITE_CONSTRAINT', 'constraint', 'a rule of the database forbids it'],
];

/** SQLite's failures as a typed error; anything else (an exception of the caller's own code) as it is. */
export const asWriteError = (thrown: unknown, what: string): unknown => {
  const code = sqliteCode(thrown);
  if (code === null) return thrown;
  const [, failure, words] = FAILURES.find(([prefix]) => code.startsWith(prefix)) ?? [
    '',
    'other' as const,
    'SQLite failed',
  ];
  return new StoreWriteError(
    failure,
    `${what} could not be written: ${words} (${code}: ${(thrown as Error).message})`,
    thrown,
  );
};
