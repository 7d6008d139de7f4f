import { expect, test } from 'vitest';
import { connect, integrityFault } from './connection.ts';

test('a commit waits for the disk, rules between tables hold, and a busy file is waited for', () => {
  const db = connect(':memory:', 'FULL');
  expect(db.pragma('synchronous', { simple: true })).toBe(2);
  expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
  expect(db.pragma('busy_timeout', { simple: true })).toBe(5000);
  expect(integrityFault(db, 'full')).toBeNull();
  db.close();
});
