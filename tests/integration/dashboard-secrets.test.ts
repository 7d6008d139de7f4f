import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, startGuardian, type RunningBot } from '../e2e/running-bot.ts';

const TOKEN = 'planted-dashboard-token-123';
const SECRETS = {
  DASHBOARD_TOKEN: TOKEN,
  UNLOCK_TOTP_SECRET: 'PLANTEDTOTPSECRETPLANTED',
  ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/planted-webhook',
  HEARTBEAT_URL: 'http://127.0.0.1:9/planted-heartbeat',
};
const bearer = { authorization: `Bearer ${TOKEN}` };

let directory: string;
let bot: RunningBot;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-secrets-'));
  bot = await startGuardian(
    { ...SECRETS, DASHBOARD_PORT: '0', DEMO_HOUR_SECONDS: '0.2', DATABASE_PATH: join(directory, 'demo.db') },
    directory,
  );
}, 60_000);
afterAll(async () => {
  await bot.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const read = async (path: string): Promise<string> =>
  (await fetch(`${bot.pageUrl}${path}`, { headers: bearer })).text();

test('no planted secret is in anything that the real page answers, nor in the log', { timeout: 90_000 }, async () => {
  await eventually('a decision', async () => ((await read('/api/board')).includes('"probability"') ? true : null));
  const page = join(import.meta.dirname, '../../src/adapters/web/page');
  const files = readdirSync(page).map((name) => readFileSync(join(page, name), 'utf8'));
  const stream = await fetch(`${bot.pageUrl}/api/stream`, { headers: bearer });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let streamed = '';
  while (!streamed.includes('event: board')) streamed += (await reader?.read())?.value ?? '';
  await reader?.cancel();
  const { rows } = JSON.parse(await read('/api/board')) as {
    rows: { decisions: { symbol: string; openTime: number }[] };
  };
  const [decision] = rows.decisions;
  const answers = await Promise.all(
    [
      '/',
      '/api/board',
      '/api/status',
      '/api/commands',
      '/api/equity?range=all',
      '/api/chart?symbol=BTC/USDT&hours=48',
      `/api/decision?symbol=${decision?.symbol}&at=${decision?.openTime}`,
      '/api/market',
      '/api/market/presets',
      '/api/chat',
      '/healthz',
      '/metrics',
      '/livez',
    ].map(read),
  );
  expect(answers.every((text) => text.length > 1)).toBe(true);
  const everything = [...answers, ...files, streamed, ...bot.output].join('\n');
  for (const secret of [TOKEN, SECRETS.UNLOCK_TOTP_SECRET, 'planted-webhook', 'planted-heartbeat'])
    expect(everything.includes(secret), secret).toBe(false);
});

test('without the token nothing is answered but that it is needed', async () => {
  for (const path of ['/api/board', '/api/stream', '/metrics', '/healthz', '/api/chat/messages', '/api/market'])
    expect((await fetch(`${bot.pageUrl}${path}`)).status, path).toBe(401);
  expect(
    (
      await fetch(`${bot.pageUrl}/api/market/pause`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"paused":true}',
      })
    ).status,
  ).toBe(401);
  expect((await fetch(`${bot.pageUrl}/livez`)).status).toBeLessThan(504);
});
