import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { question } from './ctl.ts';

const asked = (text: string, ended: boolean): Promise<string | null> => {
  const input = new PassThrough();
  input.write(text);
  if (ended) input.end();
  return question('Release? [y/N] ', input, new PassThrough());
};

test('a question is answered by a line, and by the end of the input with nothing', async () => {
  expect(await asked(' yes \n', false)).toBe('yes');
  expect(await asked('\n', false)).toBe('');
  // Ctrl-D: no answer will ever come.
  expect(await asked('', true)).toBeNull();
});
