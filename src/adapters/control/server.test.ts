import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../../ports/log.ts';
import { askControl, ControlUnreachable } from './client.ts';
import type { ControlRequest } from './protocol.ts';
import { startControlServer, type ControlServer } from './server.ts';

let directory: string;
let server: ControlServer | null = null;
const errors: string[] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_fields, message) => void errors.push(message),
};
const path = (): string => join(directory, 'bot.sock');
const request: ControlRequest = { kind: 'command', name: 'status', arguments: '', user: 'ada' };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-control-'));
  errors.length = 0;
});
afterEach(async () => {
  await server?.close();
  server = null;
  rmSync(directory, { recursive: true, force: true });
});

const start = async (
  handle: Parameters<typeof startControlServer>[0]['handle'] = () =>
    Promise.resolve({ kind: 'end', ok: true, lines: ['fine'], question: null }),
): Promise<ControlServer> => (server = await startControlServer({ path: path(), log, handle }));

/** What the socket answers to raw bytes; '' when it just closes. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ path: path() });
    let answer = '';
    socket.on('data', (part) => (answer += part.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(text);
  });

describe('the control socket', () => {
  test('is for its owner alone, and what was left of a killed bot is replaced', async () => {
    writeFileSync(path(), 'left behind');
    await start();
    expect(statSync(path()).isSocket()).toBe(true);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(await askControl(path(), request, () => undefined)).toMatchObject({ ok: true, lines: ['fine'] });
  });

  test('says what happens while it happens, then how it ended', async () => {
    await start((_request, say) => {
      say('one');
      say('two');
      return Promise.resolve({
        kind: 'end',
        ok: false,
        lines: ['no'],
        question: { nonce: 'n', text: 'Sure?', confirms: true },
      });
    });
    const said: string[] = [];
    expect(await askControl(path(), request, (line) => said.push(line))).toEqual({
      kind: 'end',
      ok: false,
      lines: ['no'],
      question: { nonce: 'n', text: 'Sure?', confirms: true },
    });
    expect(said).toEqual(['one', 'two']);
  });

  test('anything that is no request gets one line, or nothing; the handler never sees it', async () => {
    let handled = 0;
    await start(() => Promise.resolve({ kind: 'end', ok: true, lines: [String((handled += 1))], question: null }));
    expect(await raw('hello\n')).toContain('the request is not JSON');
    expect(await raw('{"kind":"command"}\n')).toContain('the request is not understood');
    expect(await raw('{"kind":"drill","name":"rob-the-bank","arguments":"","user":""}\n')).toContain(
      'the request is not understood',
    );
    expect(await raw(`{"kind":"command","name":"x","arguments":"${'y'.repeat(20_000)}","user":""}\n`)).not.toContain(
      '"ok":true',
    );
    expect(handled).toBe(0);
  });

  test('a handler that fails is no answer of success, and the log has it', async () => {
    await start(() => Promise.reject(new Error('broken')));
    expect(await askControl(path(), request, () => undefined)).toMatchObject({
      ok: false,
      lines: ['the bot could not carry it out; its log says why'],
    });
    expect(errors).toEqual(['a request on the control socket failed']);
  });

  test('nobody there, or gone in the middle: one clear line', async () => {
    await expect(askControl(path(), request, () => undefined)).rejects.toThrow('no bot runs on this database');
    const running = await start(() => new Promise(() => undefined));
    const asked = askControl(path(), request, () => undefined);
    setTimeout(() => void running.close(), 20);
    await expect(asked).rejects.toThrow(ControlUnreachable);
    await expect(
      startControlServer({
        path: join(directory, 'x'.repeat(120)),
        log,
        handle: () => Promise.reject(new Error('never')),
      }),
    ).rejects.toThrow('longer than 107 bytes');
  });
});
