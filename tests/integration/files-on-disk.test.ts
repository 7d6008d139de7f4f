import fs, { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { putFile } from '../../src/adapters/candles/put-file.ts';
import { putFiles } from '../../src/research/put-files.ts';

/** A power cut cannot be had in a test: what is held is the order in which files reach the disk and get their names. */
let directory = '';
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'guardian-on-disk-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** What is synced and named in the real file system meanwhile, in order. */
const orderOf = (write: () => void): readonly string[] => {
  const { fsyncSync, renameSync } = fs;
  const done: string[] = [];
  fs.fsyncSync = (handle) => {
    done.push(`sync ${basename(readlinkSync(`/proc/self/fd/${handle}`))}`);
    fsyncSync(handle);
  };
  fs.renameSync = (from, to) => {
    done.push(`name ${basename(String(to))}`);
    renameSync(from, to);
  };
  syncBuiltinESMExports();
  try {
    write();
  } finally {
    Object.assign(fs, { fsyncSync, renameSync });
    syncBuiltinESMExports();
  }
  return done;
};

test('a file of candles is on the disk before it gets its name, and its name before the end', () => {
  const done = orderOf(() => putFile(join(directory, 'BTCUSDT-1h.csv'), Uint8Array.of(98)));
  expect(done).toEqual(['sync BTCUSDT-1h.csv.partial', 'name BTCUSDT-1h.csv', `sync ${basename(directory)}`]);
});

test('of files that belong together all are on the disk before the first gets its name, and their names before the end', () => {
  const done = orderOf(() => putFiles(directory, { a: 'new', b: 'new' }));
  expect(done).toEqual(['sync a.partial', 'sync b.partial', 'name a', 'name b', `sync ${basename(directory)}`]);
});
