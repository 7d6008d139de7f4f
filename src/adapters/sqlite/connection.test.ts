import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, integrityFault } from './connection.ts';
import { temporaryDirectory } from './sqlite.test-helper.ts';

test('a commit waits for the disk, rules between tables hold, and a busy file is waited for', () => {
  const db = connect(join(temporaryDirectory(), 'a.db'), 'FULL');
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(db.pragma('synchronous', { simple: true })).toBe(2);
  expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
  expect(db.pragma('busy_timeout', { simple: true })).toBe(5000);
  expect(integrityFault(db, 'full')).toBeNull();
  db.close();
});
