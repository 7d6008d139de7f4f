import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { putInPlace } from './files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-files-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a file is put in place for its owner alone', () => {
  const path = join(directory, 'day');
  putInPlace(path, Buffer.from('content'));
  expect(readdirSync(directory)).toEqual(['day']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what cannot be put in place leaves nothing on a disk that may be full', () => {
  mkdirSync(join(directory, 'day'));
  expect(() => putInPlace(join(directory, 'day'), Buffer.from('content'))).toThrow(/EISDIR/);
  expect(readdirSync(directory)).toEqual(['day']);
});
