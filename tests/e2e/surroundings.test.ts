import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { eventually, guardian, run, type Running } from '../integration/modes/process.ts';

/** What the surroundings of the process do to it, and what it leaves there. */
const GUARDIAN = new URL('../../src/cli/guardian.ts', import.meta.url).pathname;

let directory: string;
let bot: Running | null = null;
let child: ChildProcess | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-surroundings-'));
  writeConstantModel(join(directory, 'model'), { probability: 0.5 });
  mkdirSync(join(directory, 'home'));
});
afterEach(async () => {
  await bot?.end('SIGKILL');
  child?.kill('SIGKILL');
  bot = child = null;
  rmSync(directory, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  MODEL_DIR: 'model',
  DASHBOARD_PORT: '0',
  HOME: join(directory, 'home'),
});

const startBot = async (): Promise<Running> => {
  bot = guardian(['start'], environment(), directory);
  await bot.says('Telegram bot is up');
  return bot;
};

test('nothing is left but the databases: no number of the device, no record of use for the maker of the model runtime', async () => {
  const { code, output } = await run(['doctor'], environment(), directory);
  expect(output).toContain('nothing to fix');
  expect(code).toBe(0);
  expect(readdirSync(join(directory, 'home'))).toEqual([]);
  expect(readdirSync(directory).sort()).toEqual(['home', 'model']);
});

test('the bot outlives its log: the reader of its output is gone', async () => {
  const running = await startBot();
  running.child.stdout?.destroy();
  running.child.kill('SIGUSR1');
  running.child.kill('SIGTERM');
  expect(await running.ended).toMatchObject({ code: 0, lines: [] });
});

test('the bot outlives its log: the disk that takes it is full', async () => {
  const full = openSync('/dev/full', 'w');
  child = spawn(process.execPath, [GUARDIAN, 'start'], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...environment() },
    stdio: ['ignore', full, full],
  });
  closeSync(full);
  const ended = once(child, 'exit');
  const isOver = (): boolean => child === null || child.exitCode !== null;
  await eventually('an answer of the bot', async () => {
    if (isOver()) throw new Error('the bot has ended');
    return (await run(['ctl', 'status'], environment(), directory)).code === 0 ? true : null;
  });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test.each([
  ['| head', 'pipe'],
  ['a full disk', 'full'],
] as const)('a command whose answer cannot be written fails without a stack: %s', async (_name, to) => {
  const full = openSync('/dev/full', 'w');
  child = spawn(process.execPath, [GUARDIAN, 'doctor'], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...environment() },
    stdio: ['ignore', to === 'full' ? full : 'pipe', 'pipe'],
  });
  closeSync(full);
  const words: string[] = [];
  child.stderr?.on('data', (part: Buffer) => words.push(part.toString()));
  child.stdout?.destroy();
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(words.join('')).toBe(to === 'full' ? "the output can't be written (ENOSPC)\n" : '');
});

test('the end of its terminal is an orderly end', async () => {
  const running = await startBot();
  running.child.kill('SIGHUP');
  const { code, output } = await running.ended;
  expect(output).toContain('"reason":"SIGHUP"');
  expect(code).toBe(0);
});

test('a second signal does not break the orderly end off', async () => {
  const running = await startBot();
  running.child.kill('SIGTERM');
  await running.says('"stopping"');
  running.child.kill('SIGTERM');
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(0);
});

test('a process that may open too few files says so before it opens any', async () => {
  child = spawn('sh', ['-c', 'ulimit -n 40; exec "$0" "$@"', process.execPath, GUARDIAN, 'start'], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => words.push(part.toString()));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(words.join('')).toBe(
    'this process may open 40 files at once, and the bot needs 64: raise the limit (ulimit -n, or LimitNOFILE= of a service); 1024 is usual and plenty\n',
  );
  expect(readdirSync(directory).sort()).toEqual(['home', 'model']);
});

test('no signal opens a debugger', async () => {
  const running = await startBot();
  running.child.kill('SIGUSR1');
  await running.says('SIGUSR1 means nothing here');
  expect((await running.end('SIGTERM')).lines).toEqual([]);
});

test('a database that is deleted under the running bot halts it, and is saved', async () => {
  const running = await startBot();
  rmSync(join(directory, 'data', 'demo.db'));
  await running.says('stop the bot and restore that file');
  expect((await run(['ctl', 'locks'], environment(), directory)).output).toContain(
    'demo.db was deleted or replaced under the running bot',
  );
  expect((await running.end('SIGTERM')).code).toBe(0);
  // Nothing is begun anew in its place.
  const refused = await run(['start'], environment(), directory);
  expect([refused.code, refused.lines]).toEqual([3, [expect.stringContaining('data/demo.db is missing')]]);
  const saved = readdirSync(join(directory, 'data')).find((name) => name.includes('.rescued-')) ?? '';
  expect(await run(['restore', join('data', saved)], environment(), directory)).toMatchObject({ code: 0 });
  const again = await startBot();
  await again.says('"origin":"restored"');
  expect((await run(['ctl', 'locks'], environment(), directory)).output).toContain(
    'demo.db was deleted or replaced under the running bot',
  );
});

// A full disk as the simulator sees it, which alone has to write while the market waits for it: its file takes nothing
// any more.
test('a demo whose exchange cannot write ends, says so once, and goes on where it was when it can', async () => {
  const running = await startBot();
  const exchange = new Sqlite(join(directory, 'data', 'demo-exchange.db'));
  exchange.exec("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no room'); END");
  const { code, output } = await running.ended;
  expect(code).toBe(1);
  for (const said of ['the exchange simulator failed', 'the bot cannot go on; a new start recovers from the journal'])
    expect(output.split(said)).toHaveLength(2);
  exchange.exec('DROP TRIGGER full');
  exchange.close();
  const again = await startBot();
  await again.says('"origin":"existing"');
  expect((await again.end('SIGTERM')).code).toBe(0);
});
