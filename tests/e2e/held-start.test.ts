import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { guardian, run, type Running } from '../integration/modes/process.ts';
import { eventually, startGuardian, type RunningBot } from './running-bot.ts';

let directory: string;
let first: RunningBot | null = null;
let second: Running | null = null;
let stranger: Server;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-held-'));
  stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
});
afterEach(async () => {
  await first?.end('SIGKILL');
  await second?.end('SIGKILL');
  first = second = null;
  stranger.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a page that cannot be opened does not keep a position from being guarded: the start goes on without it, says so, and opens it when it can', {
  timeout: 120_000,
}, async () => {
  writeConstantModel(join(directory, 'model'), { probability: 0.9 });
  const environment = { MODEL_DIR: 'model', DASHBOARD_PORT: '0', DEMO_HOUR_SECONDS: '0.2' };
  const taken = { ...environment, DASHBOARD_PORT: String((stranger.address() as AddressInfo).port) };
  const bot = await startGuardian(environment, directory);
  first = bot;
  await eventually('a position with its stop', async () => {
    const { openOrders } = (await bot.control('GET', '/control/state')) as {
      readonly openOrders: readonly { readonly type: string }[];
    };
    return openOrders.some(({ type }) => type === 'STOP_LOSS_LIMIT') ? true : null;
  });
  await bot.control('POST', '/control/pause', { paused: true });
  await bot.end('SIGKILL');
  first = null;

  second = guardian(['start'], taken, directory);
  await second.says('the page is not up');
  await second.says('Telegram bot is up');
  await second.says('DASHBOARD_PORT: port ');
  const status = await run(['ctl', 'positions'], taken, directory);
  expect(status.output).toMatch(/Stop/);
  expect(status.code).toBe(0);

  stranger.close();
  await second.says('the page is up after all');
  expect((await fetch(`http://127.0.0.1:${taken.DASHBOARD_PORT}/livez`)).status).toBe(200);
  expect((await second.end('SIGTERM')).code).toBe(0);
  second = null;
});
