import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { openDatabase, type Database, type DatabaseOptions } from './database.ts';
import { NOON } from './effects.test-helper.ts';

/** A directory of its own that goes with the test. */
export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-sqlite-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Opens a database that is closed when the test ends. */
export const openForTest = (path = ':memory:', options: Partial<DatabaseOptions> = {}): Database => {
  const db = openDatabase({ path, mode: 'paper', account: 'paper', now: () => NOON, ...options });
  onTestFinished(() => db.close());
  return db;
};

export const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to throw');
};

/** Spoils one page of the journal in a closed database: nothing but a check of every page notices it at once. */
export const spoilJournalPage = (path: string): void => {
  const page = journalPage(path);
  const file = openSync(path, 'r+');
  try {
    writeSync(file, Buffer.alloc(64, 0x5a), 0, 64, (page - 1) * PAGE_BYTES);
  } finally {
    closeSync(file);
  }
};

const PAGE_BYTES = 4096;

const journalPage = (path: string): number => {
  const db = new Sqlite(path, { readonly: true });
  try {
    return (
      db
        .prepare<[], number>(
          "SELECT pageno FROM dbstat WHERE name = 'journal' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 2",
        )
        .pluck()
        .get() ?? 0
    );
  } finally {
    db.close();
  }
};
