import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServiceNotifier } from '../../../src/adapters/system/notify.ts';
import { createWatchdog, STALL_LIMIT } from '../../../src/app/watchdog.ts';
import type { Log } from '../../../src/ports/log.ts';
import { eventually, guardian, run } from '../modes/process.ts';

/** The contract with systemd, at a receiver on a Unix datagram socket: what arrives there is what systemd would see. */
const RECEIVER = new URL('../deployment/notify-receiver.pl', import.meta.url).pathname;
let directory: string;
let receiver: ChildProcess;
const socket = (): string => join(directory, 'notify');
const messages = (): readonly string[] =>
  existsSync(join(directory, 'messages')) ? readFileSync(join(directory, 'messages'), 'utf8').split('\n') : [];
const count = (message: string): number => messages().filter((line) => line === message).length;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-watchdog-'));
  receiver = spawn('perl', [RECEIVER, socket(), join(directory, 'messages')], { stdio: 'ignore' });
  await eventually('the receiver', () => (messages().includes('LISTENING') ? true : null));
});
afterEach(() => {
  receiver.kill();
  rmSync(directory, { recursive: true, force: true });
});

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the watchdog', () => {
  test('pings go out while the loop and the engine both move, stop when either stalls though the event loop turns, and come back', async () => {
    const notifier = createServiceNotifier({
      environment: { ...process.env, NOTIFY_SOCKET: socket(), WATCHDOG_USEC: '180000000' },
      onFailure: (why) => {
        throw new Error(why);
      },
    });
    let now = 0;
    const moving = { rounds: true, inputs: true };
    const progress = { rounds: 0, inputs: 0 };
    const ended = new AbortController();
    let looks = 0;
    let heartbeats = 0;
    const sleeper: { wake: (() => void) | null } = { wake: null };
    const watchdog = createWatchdog({
      clock: {
        marketNow: () => now,
        wallNow: () => now,
        monotonicNow: () => now,
        sleep: () => new Promise((resolve) => (sleeper.wake = resolve)),
      },
      log: silent,
      progress: () => progress,
      feed: () => notifier.alive(),
      beat: () => Promise.resolve(void (heartbeats += 1)),
    });
    const running = watchdog.run(ended.signal);
    /** Lets a span of time pass in looks of 5 s; the event loop turns all the while. */
    const pass = async (span: number): Promise<number> => {
      const before = count('WATCHDOG=1');
      for (let at = 0; at < span; at += 5_000) {
        now += 5_000;
        looks += 1;
        if (moving.rounds) progress.rounds += 1;
        if (moving.inputs) progress.inputs += 1;
        const { wake } = sleeper;
        sleeper.wake = null;
        wake?.();
        await eventually('the next look', () => (sleeper.wake === null ? null : true));
      }
      await eventually('the last ping', () =>
        watchdog.healthy() ? (count('WATCHDOG=1') > before ? true : null) : true,
      );
      return count('WATCHDOG=1') - before;
    };
    expect(await pass(30_000)).toBeGreaterThanOrEqual(6);
    for (const what of ['rounds', 'inputs'] as const) {
      moving[what] = false;
      await pass(STALL_LIMIT + 10_000);
      const beats = heartbeats;
      expect(watchdog.healthy()).toBe(false);
      expect(await pass(300_000)).toBe(0);
      expect(heartbeats).toBe(beats);
      moving[what] = true;
      expect(await pass(30_000)).toBeGreaterThan(0);
      expect(heartbeats).toBeGreaterThan(beats);
    }
    expect(looks).toBeGreaterThan(100);
    ended.abort();
    sleeper.wake?.();
    await running;
  });

  test('a message is told only once the manager has read it: from a process that is gone it would belong to no unit', async () => {
    const notifier = createServiceNotifier({
      environment: { ...process.env, NOTIFY_SOCKET: socket() },
      onFailure: (why) => {
        throw new Error(why);
      },
    });
    receiver.kill('SIGSTOP');
    const told = notifier.ready('up').then(() => 'told');
    // A child that does not wait is gone within milliseconds.
    expect(await Promise.race([told, delay(500, 'waits')])).toBe('waits');
    receiver.kill('SIGCONT');
    expect(await told).toBe('told');
    await eventually('READY', () => (count('READY=1') > 0 ? true : null));
  });

  test('the service: READY after recovery, pings, STOPPING at once on SIGTERM, gone within 10 s', {
    timeout: 90_000,
  }, async () => {
    const environment = { DASHBOARD_PORT: '0', DEMO_HOUR_SECONDS: '0.4' };
    const bot = guardian(['start'], { ...environment, NOTIFY_SOCKET: socket(), WATCHDOG_USEC: '180000000' }, directory);
    try {
      await bot.says('control socket is open');
      const early = messages();
      await eventually('READY', () => (count('READY=1') > 0 ? true : null));
      expect(early).not.toContain('READY=1');
      // Recovered and reconciled: equity is known.
      expect((await run(['ctl', 'status'], environment, directory)).output).toMatch(/Equity\s+[\d,]+\.\d\d/);
      await eventually('a ping', () => (count('WATCHDOG=1') > 0 ? true : null));
      const asked = performance.now();
      const ended = bot.end('SIGTERM');
      await eventually('STOPPING', () => (count('STOPPING=1') > 0 ? true : null));
      expect(performance.now() - asked).toBeLessThan(3_000);
      expect((await ended).code).toBe(0);
      expect(performance.now() - asked).toBeLessThan(10_000);
    } finally {
      await bot.end('SIGKILL');
    }
  });
});
