import { expect, test } from 'vitest';

import { EXIT_CODES } from './exit-codes.ts';
import { UserError, describeFailure } from './user-error.ts';

test('a mistake of the user is one clear line and its exit code; the unexpected keeps its stack', () => {
  expect(describeFailure(new UserError('MODE=prod is not one of demo'))).toEqual({
    text: 'MODE=prod is not one of demo',
    exitCode: EXIT_CODES.usage,
  });
  expect(describeFailure(new UserError('GO_LIVE is not true', EXIT_CODES.refused)).exitCode).toBe(3);
  expect(describeFailure(new Error('bug'))).toEqual({ text: expect.stringContaining('user-error.test'), exitCode: 1 });
  expect(describeFailure('words')).toEqual({ text: 'words', exitCode: 1 });
});
