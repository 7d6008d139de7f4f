import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { DAY_MS } from '../../core/units.ts';
import { backupFile } from './copies.ts';
import { NOON } from './effects.test-helper.ts';
import { openForTest, temporaryDirectory } from './sqlite.test-helper.ts';
import { unfinishedCopyOf } from './unfinished-copies.ts';

/** The name that a copy to `target` would have in a process of that number. */
const madeBy = (pid: number, target: string): string =>
  unfinishedCopyOf(target).replace(`-${process.pid}-`, `-${pid}-`);

test('what a killed backup has left goes with the next one; what is being made, and what is somebody else’s, stays', async () => {
  const home = temporaryDirectory();
  const { path } = openForTest(join(home, 'paper.db'));
  const folder = join(home, 'elsewhere');
  mkdirSync(folder);
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  const running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    const dead = madeBy(ended, join(folder, 'mine.db'));
    const alive = madeBy(running.pid ?? 0, join(folder, 'mine.db'));
    const elsewhere = join(folder, `mine.db.0a1b2c3d-${ended}-0a1b.partial`);
    const long = join(folder, `old.db.0a1b2c3d-${ended}-0a1b.partial`);
    const strange = join(folder, 'film.mkv.partial');
    for (const file of [dead, `${dead}-journal`, alive, elsewhere, long, strange]) writeFileSync(file, 'half');
    for (const file of [elsewhere, strange]) utimesSync(file, new Date(NOON), new Date(NOON));
    utimesSync(long, new Date(NOON - 2 * DAY_MS), new Date(NOON - 2 * DAY_MS));
    await backupFile(path, join(folder, 'mine.db'), NOON);
    expect(readdirSync(folder).toSorted()).toEqual(
      ['mine.db', ...[alive, elsewhere, strange].map((file) => basename(file))].toSorted(),
    );
    running.kill('SIGKILL');
    await once(running, 'exit');
    await backupFile(path, join(folder, 'again.db'), NOON);
    expect(existsSync(alive)).toBe(false);
  } finally {
    running.kill('SIGKILL');
  }
});
