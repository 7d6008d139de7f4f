import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { putFiles } from './put-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-put-files-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('files take the place of those before, with the permissions that were asked for', () => {
  writeFileSync(join(directory, 'a'), 'old');
  putFiles(directory, { a: 'new', b: Uint8Array.of(98) }, 0o600);
  expect(readdirSync(directory)).toEqual(['a', 'b']);
  expect([readFileSync(join(directory, 'a'), 'utf8'), readFileSync(join(directory, 'b'), 'utf8')]).toEqual([
    'new',
    'b',
  ]);
  expect(statSync(join(directory, 'b')).mode & 0o777).toBe(0o600);
});

test('one that cannot be written leaves all of them as they were, and nothing beside them', () => {
  writeFileSync(join(directory, 'a'), 'old');
  expect(() => putFiles(directory, { a: 'new', [join('missing', 'b')]: 'new' })).toThrow(/ENOENT/);
  expect(readdirSync(directory)).toEqual(['a']);
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('old');
});
