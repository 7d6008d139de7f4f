import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../adapters/system/user-error.ts';
import { writeWhole } from './written.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-written-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a file of the name is replaced as a whole: who reads it meanwhile has the old one', () => {
  const path = join(directory, 'x.json');
  writeFileSync(path, 'old');
  const before = lstatSync(path).ino;
  writeWhole(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(lstatSync(path).ino).not.toBe(before);
  expect(readdirSync(directory)).toEqual(['x.json']);
});

test('a link, as /dev/stdout is one, is written through', () => {
  const [path, link] = [join(directory, 'x.json'), join(directory, 'link')];
  writeFileSync(path, 'old');
  symlinkSync(path, link);
  writeWhole(link, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test('a device that is full is a failure, a folder of the name a mistake: one line each, and nothing is left', () => {
  const line = (path: string): UserError => {
    try {
      writeWhole(path, 'x');
    } catch (error) {
      if (error instanceof UserError) return error;
    }
    throw new Error(`${path} was written`);
  };
  expect(line('/dev/full')).toMatchObject({
    message: "/dev/full can't be written (ENOSPC): the disk is full or fails; make room",
    exitCode: 1,
  });
  expect(line(directory)).toMatchObject({
    message: `${directory} can't be written (EISDIR); give a path in a folder that is there and may be written`,
    exitCode: 2,
  });
  expect(readdirSync(directory)).toEqual([]);
});
