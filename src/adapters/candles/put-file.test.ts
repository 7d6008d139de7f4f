import fs, { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { putFile } from './put-file.ts';

test('a file is on the disk before it gets its name, and its name before the end: a power cut leaves no empty one', () => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-put-file-'));
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
    putFile(join(directory, 'BTCUSDT-1h.csv'), Uint8Array.of(98));
  } finally {
    Object.assign(fs, { fsyncSync, renameSync });
    syncBuiltinESMExports();
    rmSync(directory, { recursive: true });
  }
  expect(done).toEqual(['sync BTCUSDT-1h.csv.partial', 'name BTCUSDT-1h.csv', `sync ${basename(directory)}`]);
});
