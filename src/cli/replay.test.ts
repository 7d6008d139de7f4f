import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { NOON, order, place, timer } from '../adapters/sqlite/effects.test-helper.ts';
import { openForTest, temporaryDirectory } from '../adapters/sqlite/sqlite.test-helper.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { recordUpgrade } from '../app/replay.test-helper.ts';
import { engineVersion } from './engine-version.ts';
import { replay } from './replay.ts';

test('what the exchange said of an order reaches the terminal without what a terminal takes for orders', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const database = openForTest(path);
  database.journal.commit([timer(NOON)], () => [place('gb1'), order('gb1', { status: 'rejected', detail: '-2010 \u001b]0;owned\u0007no' })]);
  database.close();
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  replay({ database: path, explain: 'gb1' });
  vi.restoreAllMocks();
  expect(printed.join('')).toContain('-2010 \ufffd]0;owned\ufffdno');
});

test('a proof up to an entry that is not there yet proves less than was asked for, and says so', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const database = openForTest(path);
  database.journal.commit([timer(NOON), timer(NOON + 1)], () => []);
  database.close();
  expect(() => replay({ database: path, verify: true, until: '3' })).toThrow(new UserError('--until 3 is beyond the last entry, 2; leave it out to prove all there is'));
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  // Two timers alone are no journal of the engine's: what matters is that they are looked at.
  expect(replay({ database: path, verify: true, until: '2' })).toBe(1);
  vi.restoreAllMocks();
  expect(printed.join('')).toContain('first difference: entry 1');
});

describe('after an upgrade', () => {
  const prove = (spoil: (path: string, since: number) => void = () => undefined): { readonly code: number; readonly printed: string; readonly since: number } => {
    const path = join(temporaryDirectory(), 'paper.db');
    const database = openForTest(path);
    const since = recordUpgrade(database.journal, engineVersion());
    database.close();
    spoil(path, since);
    const printed: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    const code = replay({ database: path, verify: true });
    vi.restoreAllMocks();
    return { code, printed: printed.join(''), since };
  };
  const sql = (statement: (since: number) => string) => (path: string, since: number): void => {
    const db = new Sqlite(path);
    db.exec(statement(since));
    db.close();
  };

  test('what the older version worded otherwise is named, and what this one has written since is proved', () => {
    const { code, printed, since } = prove();
    expect(printed).toMatch(/^engine version differs: the journal was written by older, this program is [0-9a-f]{16}\nfirst difference: entry \d+ .*title: recorded .*!", replayed/);
    expect(printed).toMatch(new RegExp(`what this program has written, entries ${since} to \\d+, replays bit for bit from the state that it found\nthose before it are for the version that wrote them to prove\n$`));
    expect(code).toBe(0);
  });

  test('an edit of what this version has written is a failure, and so is an entry of the older one that is gone', () => {
    const edited = prove(sql((since) => `UPDATE journal SET effects = '[{}]' WHERE sequence = ${since + 3}`));
    expect(edited.printed).toContain(`of what this program has written, from entry ${edited.since} on, the first difference: entry ${edited.since + 3} `);
    expect(edited.code).toBe(1);
    const gone = prove(sql((since) => `DELETE FROM journal WHERE sequence = ${since - 3}`));
    expect(gone.printed).toContain(`further on: entry ${gone.since - 3} (missing`);
    expect(gone.code).toBe(1);
  });
});
