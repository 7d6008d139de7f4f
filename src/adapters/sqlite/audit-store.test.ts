import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../ports/operator.ts';
import { openDatabase } from './database.ts';
import { NOON } from './effects.test-helper.ts';
import { openForTest, temporaryDirectory } from './sqlite.test-helper.ts';

test('every command and its outcome comes back, newest first', () => {
  const db = openForTest();
  const entries: AuditEntry[] = [
    {
      at: NOON,
      caller: { userId: 5, name: 'Ada', role: 'operator', via: 'telegram' },
      chatId: -100,
      command: 'unlock',
      arguments: 'looked at it',
      outcome: 'done',
    },
    {
      at: NOON + 1,
      caller: { userId: 0, name: 'root', role: 'operator', via: 'control-socket' },
      chatId: null,
      command: 'halt',
      arguments: '',
      outcome: 'done',
    },
    {
      at: NOON + 2,
      caller: { userId: 66, name: 'Mallory', role: 'stranger', via: 'telegram' },
      chatId: 66,
      command: 'flatten',
      arguments: '',
      outcome: 'silence',
    },
  ];
  for (const entry of entries) db.audit.addAudit(entry);
  expect(db.audit.audits(2)).toEqual([entries[2], entries[1]]);
  expect(db.audit.audits(10)).toHaveLength(3);
});

test('an update is claimed once, also after a restart', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const first = openDatabase({ path, mode: 'paper', account: 'paper' });
  expect(first.audit.claimUpdate(900)).toBe(true);
  expect(first.audit.claimUpdate(900)).toBe(false);
  first.close();
  const second = openForTest(path);
  expect(second.audit.claimUpdate(900)).toBe(false);
  expect(second.audit.claimUpdate(899)).toBe(true);
});
