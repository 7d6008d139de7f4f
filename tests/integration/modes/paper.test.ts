import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openReadOnly } from '../../../src/adapters/sqlite/database.ts';
import { recover } from '../../../src/app/replay.ts';
import { encodeState } from '../../../src/core/engine/codec.ts';
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

const environment = (): Readonly<Record<string, string>> => ({
  MODE: 'paper',
  EXCHANGE_API_ROOT: exchange.url,
  DASHBOARD_PORT: '0',
  MODEL_DIR: join(directory, 'model'),
});
const cli = (...args: readonly string[]): Promise<Ended> => run(args, environment(), directory);
const start = async (): Promise<Running> => {
  bot = guardian(['start'], environment(), directory);
  await bot.says('control socket is open');
  await eventually('the start-up', async () => ((await cli('ctl', 'status')).output.includes('Equity') ? true : null));
  return bot;
};

describe('paper', () => {
  test('trades the smallest size through the broker, keeps its secrets to itself, resumes after a kill, stops in good order', {
    timeout: 120_000,
  }, async () => {
    const first = await start();
    const drill = await cli('drill', 'round-trip');
    expect(drill.lines.at(-1)).toBe('drill round-trip: passed');
    expect(drill.code).toBe(0);
    for (const name of ['paper.db', 'paper.sock', 'paper-broker.db'])
      expect(statSync(join(directory, 'data', name)).mode & 0o077, name).toBe(0);

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
    const commands = database.audit
      .audits(50)
      .map(({ command, arguments: words, outcome, caller }) => `${caller.via} ${command} ${words}: ${outcome}`);
    database.close();
    expect(commands.some((line) => line.startsWith('control-socket drill round-trip: passed'))).toBe(true);
    expect(
      commands.some((line) => line.startsWith('control-socket drill round-trip: failed: the entry was refused')),
    ).toBe(true);
    expect(commands).toContain('control-socket resume : done');
    expect((await cli('ctl', 'status')).output).toContain('no bot runs on this database');
  });

  test('the audit of a fresh dry run fails for the right reasons, each named; the doctor says what to fix', {
    timeout: 60_000,
  }, async () => {
    await start();
    const audit = await cli('audit', '--json');
    expect(audit.code).toBe(3);
    const report = JSON.parse(audit.output.slice(audit.output.indexOf('{\n'))) as {
      readonly score: number;
      readonly checks: readonly {
        readonly domain: string;
        readonly name: string;
        readonly verdict: string;
        readonly evidence: string;
      }[];
    };
    const failed = report.checks.filter(({ verdict }) => verdict === 'FAIL').map(({ name }) => name);
    expect(failed).toEqual(
      expect.arrayContaining([
        'predictions',
        'round-trip-drill',
        'stale-data-drill',
        'operators',
        'limits-as-tested',
        'dry-run',
        'testnet',
        'closed-trades',
        'kill-switch-drill',
        'restart-drill',
        'demonstrated-edge',
        'key-rights',
        'balance',
      ]),
    );
    for (const fine of [
      'exchange-reachable',
      'clock-skew',
      'candle-gaps',
      'outcomes-known',
      'locks-hold',
      'limits-within-ceilings',
      'model-loads',
      'journal-replays',
      'database-files',
    ])
      expect(failed).not.toContain(fine);
    expect(new Set(report.checks.map(({ domain }) => domain)).size).toBe(8);
    expect(report.checks.find(({ name }) => name === 'dry-run')?.evidence).toMatch(/0\.0 h of 24\.0 h/);
    // The chat shows the newest report.
    expect((await cli('ctl', 'audit')).output).toContain(String(report.score));
    expect(statSync(join(directory, 'data', 'readiness-paper.md')).mode & 0o077).toBe(0);

    const doctor = await cli('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.output).toMatch(/FIX\s+telegram\s+TELEGRAM_BOT_TOKEN is not set/);
    expect(doctor.output).toMatch(/ok\s+exchange\s+answers/);
    expect(doctor.lines.at(-1)).toBe('1 to fix');
  });

  test('a backup taken while it works restores to the same books; what is no sound backup is refused and changes nothing', {
    timeout: 120_000,
  }, async () => {
    const running = await start();
    const trading = cli('drill', 'kill-switch');
    const backups: string[] = [];
    while (backups.length < 3) {
      const path = join(directory, `backup-${backups.length}.db`);
      expect((await cli('backup', '--to', path)).code).toBe(0);
      backups.push(path);
    }
    expect((await trading).lines.at(-1)).toBe('drill kill-switch: passed');
    const last = join(directory, 'last.db');
    expect((await cli('backup', '--to', last)).code).toBe(0);
    for (const path of [...backups, last]) {
      const copy = openReadOnly(path, 'full');
      expect(recover(copy.journal).difference).toBeNull();
      copy.close();
    }
    const refused = await cli('restore', last);
    expect(refused.code).toBe(3);
    expect(refused.lines[0]).toContain('in use by another process');
    expect((await cli('backup', '--to', last)).lines[0]).toContain('never overwrites');
    await running.end('SIGTERM');

    const live = openReadOnly(join(directory, 'data', 'paper.db'));
    const before = encodeState(recover(live.journal).state);
    const sequence = live.journal.lastSequence();
    live.close();
    const whole = readFileSync(last);
    const newer = join(directory, 'newer.db');
    copyFileSync(last, newer);
    const database = new Sqlite(newer);
    database.pragma('user_version = 9999');
    database.close();
    const foreign = join(directory, 'foreign.db');
    new Sqlite(foreign).exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)').close();
    writeFileSync(join(directory, 'truncated.db'), whole.subarray(0, Math.floor(whole.length / 2)));
    writeFileSync(
      join(directory, 'corrupt.db'),
      Buffer.concat([whole.subarray(0, 20_000), Buffer.alloc(40_000, 0x5a), whole.subarray(60_000)]),
    );
    for (const [name, words] of [
      ['newer', 'schema version 9999'],
      ['foreign', 'another program'],
      ['truncated', ''],
      ['corrupt', ''],
      ['missing', 'does not exist'],
    ] as const) {
      const answer = await cli('restore', join(directory, `${name}.db`));
      expect(answer.code, `${name}: ${answer.output}`).toBe(name === 'missing' ? 2 : 3);
      expect(answer.lines).toHaveLength(1);
      expect(answer.lines[0]).toContain(words);
    }
    const untouched = openReadOnly(join(directory, 'data', 'paper.db'));
    expect(untouched.journal.lastSequence()).toBe(sequence);
    untouched.close();

    expect((await cli('restore', last)).output).toContain('the one that was there is now');
    const restored = openReadOnly(join(directory, 'data', 'paper.db'));
    const copied = openReadOnly(last);
    expect(encodeState(recover(restored.journal).state)).toBe(encodeState(recover(copied.journal).state));
    expect(before.length).toBeGreaterThan(0);
    restored.close();
    copied.close();

    // Yesterday's copy erases no lock: the kill-switch was set after the first backup, and the restored start is
    // halted.
    expect((await cli('restore', backups[0] ?? '')).code).toBe(0);
    await start();
    expect((await cli('ctl', 'locks')).output).toContain('the database is a restored copy');
    expect((await cli('drill', 'round-trip')).output).toContain('state-halted');
  });

  test('a second one on the database is refused with the first one named', { timeout: 60_000 }, async () => {
    await start();
    const second = await cli('start');
    expect(second.code).toBe(3);
    expect(second.lines).toHaveLength(1);
    expect(second.lines[0]).toContain(`in use by another process (pid ${bot?.child.pid}`);
  });

  test('a deleted database erases no lock: beside an account that has traded the new one starts halted and says what to do', {
    timeout: 90_000,
  }, async () => {
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
