import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { startControlServer } from '../adapters/control/server.ts';
import { ctl, question, typist, wordsFor } from './ctl.ts';

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

test.each([
  ['staus', 'there is no command staus; did you mean status?'],
  ['/pause', 'there is no command /pause; did you mean pause?'],
  ['HALT', 'there is no command HALT; did you mean halt?'],
  ['x', expect.stringMatching(/^there is no command x; there are status, pnl, /)],
])(
  'an unknown command is a usage error that names the nearest, whether or not a bot runs: %s',
  async (name, message) => {
    await expect(ctl(name, [], {})).rejects.toMatchObject({ exitCode: 2, message });
  },
);

test('a reason of any length pauses and halts; other words that are too long are a usage error', () => {
  expect(wordsFor('pause', ['news', 'at', '14:30'])).toBe('news at 14:30');
  expect(wordsFor('halt', ['😱'.repeat(1_000)])).toHaveLength(400);
  expect(wordsFor('pause', [`x${'😱'.repeat(1_000)}`]).isWellFormed()).toBe(true);
  expect(() => wordsFor('unlock', ['x'.repeat(401)])).toThrow(
    'the words after unlock have 401 characters, at most 400 fit',
  );
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('what was written in the chat gives the terminal of the server no orders', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-ctl-'));
  vi.stubEnv('MODE', 'demo');
  vi.stubEnv('DATABASE_PATH', join(directory, 'x.db'));
  const silent = (): void => undefined;
  const server = await startControlServer({
    path: join(directory, 'x.sock'),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    handle: (_request, say) => {
      say('said\u009b2J');
      return Promise.resolve({
        kind: 'end',
        ok: true,
        lines: ['Paused: \u001b]0;owned\u0007 by €\u202etxt', 'two\nlines\tof it'],
        question: null,
      });
    },
  });
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  try {
    expect(await ctl('locks', [], {})).toBe(0);
  } finally {
    await server.close();
    rmSync(directory, { recursive: true });
  }
  expect(printed).toEqual(['said\ufffd2J\n', 'Paused: \ufffd]0;owned\ufffd by €\ufffdtxt\n', 'two\nlines\tof it\n']);
});

test('the audit names who typed: by sudo, by name, or by number where the system has no name', () => {
  expect(typist({ SUDO_USER: 'ada' }, () => 'root', 0)).toBe('ada');
  expect(typist({}, () => 'ada', 1000)).toBe('ada');
  const nameless = (): string => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  };
  expect(typist({}, nameless, 12345)).toBe('user 12345');
});
