import { expect, test } from 'vitest';
import { CandleFileError } from '../adapters/candles/parse-candles.ts';
import { DatabaseRefused, StoreWriteError, type RefusalCode } from '../adapters/sqlite/errors.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { describeEnd } from './describe-end.ts';

/** Every code there is; one more does not compile until somebody has said how it ends a command. */
const ENDS: Readonly<Record<RefusalCode, 1 | 2 | 3>> = {
  missing: 2,
  exists: 2,
  'not-writable': 1,
  busy: 1,
  'in-use': 3,
  'directory-not-writable': 3,
  'missing-main-file': 3,
  'not-a-database': 3,
  foreign: 3,
  corrupt: 3,
  'newer-schema': 3,
  'older-schema': 3,
  'other-mode': 3,
  'other-account': 3,
};

test.each(Object.entries(ENDS))('a database refused as %s ends a command with %i and one line', (code, exitCode) => {
  expect(describeEnd(new DatabaseRefused(code as RefusalCode, 'words'))).toEqual({ text: 'words', exitCode });
});

test('only the unexpected gets a stack', () => {
  expect(describeEnd(new StoreWriteError('disk-full', 'the disk is full'))).toEqual({
    text: 'the disk is full',
    exitCode: 1,
  });
  expect(describeEnd(new CandleFileError('line 3'))).toEqual({ text: 'line 3', exitCode: 2 });
  expect(describeEnd(new UserError('unready', 3))).toEqual({ text: 'unready', exitCode: 3 });
  expect(describeEnd(Object.assign(new Error('EMFILE: too many open files, open x'), { code: 'EMFILE' }))).toEqual({
    text: expect.stringContaining('too many files are open (EMFILE): raise the limit') as string,
    exitCode: 1,
  });
  expect(describeEnd(new TypeError('a fault'))).toMatchObject({
    text: expect.stringContaining('    at ') as string,
    exitCode: 1,
  });
});
