import { beforeEach, expect, test } from 'vitest';
import { ADA, OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
beforeEach(() => {
  bench = new OperatorBench();
});

test('locks cannot be silenced', async () => {
  expect(await bench.tools().setAlertMode(ADA, 'lock', 'off')).toMatchObject({ ok: false });
  // What they are already is nothing to refuse.
  expect(await bench.tools().setAlertMode(ADA, 'lock', 'on')).toMatchObject({
    ok: true,
    text: 'lock: on, for everybody who gets alerts.',
  });
});

test('a backup that fails says why to whoever asked for it, who may be far from the log', async () => {
  const failing = bench.tools({
    backup: () => Promise.reject(new Error('the backup x.db could not be written: the disk is full')),
  });
  expect(await failing.backup(ADA)).toEqual({
    ok: false,
    code: 'failed',
    text: 'No backup was made: the backup x.db could not be written: the disk is full.',
  });
  expect(await bench.tools().backup(ADA)).toMatchObject({
    ok: true,
    text: 'Backup written on the server: data/backups/x.db',
  });
});
