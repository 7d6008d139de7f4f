import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { NOON, order, place, timer } from '../adapters/sqlite/effects.test-helper.ts';
import { openForTest, temporaryDirectory } from '../adapters/sqlite/sqlite.test-helper.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { recordUpgrade, type Upgrade } from '../app/replay.test-helper.ts';
import { engineVersion } from './engine-version.ts';
import { replay } from './replay.ts';

test('what the exchange said of an order reaches the terminal without what a terminal takes for orders', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const database = openForTest(path);
  database.journal.commit([timer(NOON)], () => [
    place('gb1'),
    order('gb1', { status: 'rejected', detail: '-2010 \u001b]0;owned\u0007no' }),
  ]);
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
  expect(() => replay({ database: path, verify: true, until: '3' })).toThrow(
    new UserError('--until 3 is beyond the last entry, 2; leave it out to prove all there is'),
  );
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  // Two timers alone are no journal of the engine's: what matters is that they are looked at.
  expect(replay({ database: path, verify: true, until: '2' })).toBe(1);
  vi.restoreAllMocks();
  expect(printed.join('')).toContain('first difference: entry 1');
});

describe('after an upgrade', () => {
  type Spoil = (path: string, since: number) => void;
  const proveAt = (path: string): { readonly code: number; readonly printed: string } => {
    const printed: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    const code = replay({ database: path, verify: true });
    vi.restoreAllMocks();
    return { code, printed: printed.join('') };
  };
  const prove = (
    spoil: Spoil = () => undefined,
    upgrade: Upgrade = {},
  ): ReturnType<typeof proveAt> & { readonly path: string; readonly since: number } => {
    const path = join(temporaryDirectory(), 'paper.db');
    const database = openForTest(path);
    const since = recordUpgrade(database.journal, engineVersion(), upgrade);
    database.close();
    spoil(path, since);
    return { ...proveAt(path), path, since };
  };
  const sql =
    (statement: (since: number) => string): Spoil =>
    (path, since) => {
      const db = new Sqlite(path);
      db.exec(statement(since));
      db.close();
    };

  test('what the older version worded otherwise is named, and what this one has written since is proved', () => {
    const { code, printed, since } = prove();
    expect(printed).toMatch(
      /^engine version differs: the journal was written by older, this program is [0-9a-f]{16}\nfirst difference: entry \d+ .*title: recorded .*!", replayed/,
    );
    expect(printed).toMatch(
      new RegExp(
        `what this program has written, entries ${since} to \\d+, replays bit for bit from the state that it found\nthe others are for the version that wrote them to prove\n$`,
      ),
    );
    expect(code).toBe(0);
  });

  test('an edit of what this version has written is a failure, and so is an entry of the older one that is gone', () => {
    const edited = prove(sql((since) => `UPDATE journal SET effects = '[{}]' WHERE sequence = ${since + 3}`));
    expect(edited.printed).toContain(`of what this program has written, entries ${edited.since} to `);
    expect(edited.printed).toContain(`, the first difference: entry ${edited.since + 3} `);
    expect(edited.code).toBe(1);
    sql((since) => `DELETE FROM journal WHERE sequence = ${since - 3}`)(edited.path, edited.since);
    const gone = proveAt(edited.path);
    expect(gone.printed).toContain(`further on: entry ${edited.since - 3} (missing`);
    expect(gone.code).toBe(1);
  });

  test('what this version wrote before the older one came back is proved as well', () => {
    const whole = prove(undefined, { rounds: 2 });
    expect(whole.printed).toMatch(new RegExp(`entries \\d+ to \\d+, ${whole.since} to \\d+, replays bit for bit`));
    expect(whole.code).toBe(0);
    const [, from = ''] = /entries (\d+) to \d+, \d+ to/.exec(whole.printed) ?? [];
    sql(() => `UPDATE journal SET effects = '[{}]' WHERE sequence = ${Number(from) + 3}`)(whole.path, whole.since);
    const edited = proveAt(whole.path);
    expect(edited.printed).toContain(`, the first difference: entry ${Number(from) + 3} `);
    expect(edited.code).toBe(1);
  });

  test('another state without another decision before it is a failure that says so, found at the snapshot or in what this version did', () => {
    const upgrade: Upgrade = {
      words: (effect) => effect,
      leaves: ({ guardian }) => void (guardian.highWaterMark = 20_000),
    };
    const why =
      'the first difference is no other decision but another state: either the older version came to another one, or what is stored was changed';
    const atSnapshot = prove(undefined, upgrade);
    expect(atSnapshot.printed).toContain('(snapshot, ');
    expect([atSnapshot.code, atSnapshot.printed]).toEqual([1, expect.stringContaining(why)]);
    // Later on the newest snapshot is one of this version.
    const later = prove(undefined, { ...upgrade, snapshotAtEnd: true });
    expect(later.printed).toMatch(new RegExp(`first difference: entry ${later.since} `));
    expect([later.code, later.printed]).toEqual([1, expect.stringContaining(why)]);
  });
});
