import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { recordUpgrade } from '../../app/replay.test-helper.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { engineVersion } from '../engine-version.ts';
import { gatherPhase } from './gather-phase.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-phase-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file that cannot be read says so, and is told from one that is not there', () => {
  const path = join(directory, 'live.db');
  const gather = () => gatherPhase(path, null, { modelHash: null, limits: DEFAULT_LIMITS }, false);
  expect(gather()).toEqual({ status: 'missing', why: `${path} does not exist`, exists: false });
  writeFileSync(path, 'x'.repeat(4096));
  expect(gather()).toMatchObject({
    status: 'missing',
    why: expect.stringContaining('is not a database of this program') as string,
    exists: true,
  });
});

test('a difference of this program goes before one of an older version, which comes first', () => {
  const path = join(directory, 'paper.db');
  const database = openDatabase({ path, mode: 'paper', account: 'paper' });
  const since = recordUpgrade(database.journal, engineVersion(), { rounds: 2 });
  database.close();
  const difference = () => {
    const phase = gatherPhase(path, 'paper', { modelHash: null, limits: DEFAULT_LIMITS }, true);
    return phase.status === 'read' ? phase.record.difference : phase;
  };
  expect(difference()).toMatchObject({ engineVersion: 'older' });
  const db = new Sqlite(path);
  // Also before the older version came back for a while.
  const first = Number(
    db.prepare('SELECT min(sequence) FROM journal WHERE input LIKE ?').pluck().get(`%${engineVersion()}%`),
  );
  expect(first).toBeLessThan(since);
  for (const sequence of [since + 3, first + 3]) {
    db.exec(`UPDATE journal SET effects = '[{}]' WHERE sequence = ${sequence}`);
    expect(difference()).toEqual({ sequence, engineVersion: engineVersion() });
  }
  db.close();
});
