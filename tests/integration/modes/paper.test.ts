import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openReadOnly } from '../../../src/adapters/sqlite/database.ts';
import { writeConstantModel } from '../../../src/research/onnx/constant-model.ts';
import type { ExchangeSimulator } from '../../../src/sim/exchange/simulator.ts';
import { startExchangeNow } from './exchange-now.ts';
import { eventually, guardian, run, type Ended, type Running } from './process.ts';

/** MODE=paper as a process on the real clock; the simulator stands in for the real exchange's public data. */
let exchange: ExchangeSimulator;
let directory: string;
let bot: Running | null = null;

beforeAll(async () => {
  exchange = await startExchangeNow();
});
afterAll(() => exchange.close());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-paper-'));
  writeConstantModel(join(directory, 'model'), { probability: 0.5, purpose: 'trading' });
});
afterEach(async () => {
  await bot?.end('SIGKILL');
  bot = null;
  rmSync(directory, { recursive: true, force: true });
});

const environment = (): Readonly<Record<string, string>> => ({ MODE: 'paper', EXCHANGE_API_ROOT: exchange.url, DASHBOARD_PORT: '0', MODEL_DIR: join(directory, 'model') });
const cli = (...args: readonly string[]): Promise<Ended> => run(args, environment(), directory);
const start = async (): Promise<Running> => {
  bot = guardian(['start'], environment(), directory);
  await bot.says('control socket is open');
  await eventually('the start-up', async () => ((await cli('ctl', 'status')).output.includes('Equity') ? true : null));
  return bot;
};

describe('paper', () => {
  test('trades the smallest size through the broker, keeps its secrets to itself, resumes after a kill, stops in good order', { timeout: 120_000 }, async () => {
    const first = await start();
    const drill = await cli('drill', 'round-trip');
    expect(drill.lines.at(-1)).toBe('drill round-trip: passed');
    expect(drill.code).toBe(0);
    for (const name of ['paper.db', 'paper.sock', 'paper-broker.db']) expect(statSync(join(directory, 'data', name)).mode & 0o077, name).toBe(0);

    expect((await cli('ctl', 'pause', 'before', 'the', 'crash')).code).toBe(0);
    await first.end('SIGKILL');
    await start();
    const status = await cli('ctl', 'status');
    expect(status.output).toContain('Paused');
    expect((await cli('drill', 'round-trip')).output).toContain('refused');

    // Without a terminal nothing that loosens is confirmed by itself.
    const silent = await cli('ctl', 'resume');
    expect(silent.output).toContain('--yes');
    expect(silent.code).toBe(2);
    expect((await cli('ctl', 'status')).output).toContain('Paused');
    expect((await cli('ctl', 'resume', '--yes')).code).toBe(0);
    expect((await cli('ctl', 'trades')).output).toMatch(/BTC\s+-0\.0\d/);

    const ended = await bot?.end('SIGTERM');
    expect(ended?.code).toBe(0);
    const database = openReadOnly(join(directory, 'data', 'paper.db'));
    const commands = database.audit.audits(50).map(({ command, arguments: words, outcome, caller }) => `${caller.via} ${command} ${words}: ${outcome}`);
    database.close();
    expect(commands.some((line) => line.startsWith('control-socket drill round-trip: passed'))).toBe(true);
    expect(commands.some((line) => line.startsWith('control-socket drill round-trip: failed: the entry was refused'))).toBe(true);
    expect(commands).toContain('control-socket resume : done');
    expect((await cli('ctl', 'status')).output).toContain('no bot runs on this database');
  });

  test('a second one on the database is refused with the first one named', { timeout: 60_000 }, async () => {
    await start();
    const second = await cli('start');
    expect(second.code).toBe(3);
    expect(second.lines).toHaveLength(1);
    expect(second.lines[0]).toContain(`in use by another process (pid ${bot?.child.pid}`);
  });

  test('a deleted database erases no lock: beside an account that has traded the new one starts halted and says what to do', { timeout: 90_000 }, async () => {
    const first = await start();
    expect((await cli('drill', 'round-trip')).code).toBe(0);
    await first.end('SIGTERM');
    renameSync(join(directory, 'data', 'paper.db'), join(directory, 'gone.db'));
    await start();
    const locks = await cli('ctl', 'locks');
    expect(locks.output).toContain('the database is new and the account has orders of this bot');
    expect((await cli('drill', 'round-trip')).output).toContain('state-halted');
    expect((await cli('ctl', 'unlock', '--yes')).output).toContain('/reconcile');
    await cli('ctl', 'reconcile');
    const unlocked = await cli('ctl', 'unlock', 'looked', 'at', 'it', '--yes');
    expect(unlocked.output).toContain('Unlocked');
    expect((await cli('drill', 'round-trip')).code).toBe(0);
  });
});
