import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyFile } from '../../adapters/sqlite/copies.ts';
import { openForTest, temporaryDirectory } from '../../adapters/sqlite/sqlite.test-helper.ts';
import { isDayDue } from '../../app/backup-archive.ts';
import { FIXTURE_START, runFixture } from '../../app/replay.test-helper.ts';
import { encodeState } from '../../core/engine/codec.ts';
import { createEngineState } from '../../core/engine/state.ts';
import { DAY_MS } from '../../core/units.ts';
import { archiveOnThread, backupOnThread } from './chores.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
/** Looks, a hundredth of a second apart, before a copy counts as never made. */
const MOST_LOOKS = 3_000;

test('a backup needs nothing of the trading loop: it is made and checked while that stands still', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'paper.db');
  openForTest(path);
  const target = join(directory, 'backups', 'copy.db');
  const copy = backupOnThread({ path, target, now: NOW });
  // This thread does nothing else from here on: no turn of its event loop, until the copy is in its place.
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (let looks = 0; looks < MOST_LOOKS && !existsSync(target); looks += 1) Atomics.wait(still, 0, 0, 10);
  expect(existsSync(target)).toBe(true);
  expect(await copy).toMatchObject({ path: target, sequence: 0 });
  expect(verifyFile(target).mode).toBe('paper');
});

test('what goes wrong on the thread is said in its words, and an end of the program ends it', async () => {
  const directory = temporaryDirectory();
  await expect(
    backupOnThread({ path: join(directory, 'none.db'), target: join(directory, 'copy.db'), now: NOW }),
  ).rejects.toThrow(/none\.db does not exist/);
  const path = join(directory, 'paper.db');
  openForTest(path);
  const ending = new AbortController();
  const copy = backupOnThread({ path, target: join(directory, 'copy.db'), now: NOW }, ending.signal);
  ending.abort();
  await expect(copy).rejects.toThrow('the program is ending');
  await expect(backupOnThread({ path, target: join(directory, 'copy.db'), now: NOW }, ending.signal)).rejects.toThrow();
});

test('a day of the journal is put away beside the open database, the oldest that is due, and none once there is none', async () => {
  const home = temporaryDirectory();
  const path = join(home, 'paper.db');
  const { journal, archive } = openForTest(path);
  const state = createEngineState();
  for (let day = 0; day < 3; day += 1) {
    runFixture(journal, state, day + 1, 6, FIXTURE_START + day * DAY_MS);
    journal.writeSnapshot({ sequence: journal.lastSequence(), at: state.at, state: encodeState(state) });
  }
  const now = FIXTURE_START + 3 * DAY_MS;
  const work = { path, directory: join(home, 'archive'), keepDays: 2, now };
  expect(isDayDue(archive, 2, now)).toBe(true);
  const day = await archiveOnThread(work);
  expect(day?.path).toMatch(/\.journal\.gz$/);
  archive.prune(day?.through ?? 0);
  expect(isDayDue(archive, 2, now)).toBe(false);
  expect(await archiveOnThread(work)).toBeNull();
  writeFileSync(join(home, 'file'), '');
  await expect(archiveOnThread({ ...work, keepDays: 1, directory: join(home, 'file') })).rejects.toThrow(
    /EEXIST|ENOTDIR/,
  );
  expect(readdirSync(join(home, 'archive'))).toHaveLength(1);
});
