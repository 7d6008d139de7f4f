import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
