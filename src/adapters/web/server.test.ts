import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { StatusView } from '../../ports/operator.ts';
import type { Log } from '../../ports/log.ts';
import { startWebServer, WebServerError, type WebServer, type WebServerOptions } from './server.ts';

const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const view: StatusView = {
  mode: 'demo',
  state: 'active',
  why: null,
  equity: 1_000,
  equityUnknown: null,
  dayBaseline: 1_000,
  dayPnl: 0,
  dayPnlFraction: 0,
  maxDailyDrawdown: 0.02,
  drawdownFraction: 0,
  maxTotalDrawdown: 0.1,
  lossStreak: 0,
  maxConsecutiveLosses: 3,
  positions: [],
  locks: [],
  symbols: [],
  marketNow: 0,
  nextDecisionAt: 3_600_000,
  wallNow: 0,
  startedAt: 0,
};

const servers: WebServer[] = [];
const start = async (extra: Partial<WebServerOptions> = {}): Promise<WebServer> => {
  const server = await startWebServer({ host: '127.0.0.1', port: 0, status: () => view, health: () => ({ ok: true, checks: {} }), chat: null, log: silentLog, refresh: 10, ...extra });
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
});

/** fetch() would set Host itself. */
const statusWith = async (url: string, headers: Readonly<Record<string, string>>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('the page', () => {
  test('is served with a strict policy, and asks no other host for anything', async () => {
    const { url } = await start();
    for (const path of ['/', '/page.css', '/chat.css', '/page.mjs', '/chat.mjs', '/status.mjs', '/icon.svg']) {
      const answer = await fetch(url + path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect((await answer.text()).replaceAll('http://www.w3.org/2000/svg', ''), path).not.toMatch(/https?:\/\//);
    }
    expect((await fetch(`${url}/../server.ts`)).status).toBe(404);
    expect((await fetch(`${url}/api/chat`)).status).toBe(404);
  });

  test('turns away foreign names and origins', async () => {
    const { url } = await start();
    const { host } = new URL(url);
    expect(await statusWith(`${url}/api/status`, { host: 'attacker.example' })).toBe(403);
    expect(await statusWith(`${url}/api/status`, { host, origin: 'http://attacker.example' })).toBe(403);
    expect(await statusWith(`${url}/api/status`, { host, origin: 'null' })).toBe(403);
    expect(await statusWith(`${url}/api/status`, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await statusWith(`${url}/api/status`, { host, origin: `http://${host}` })).toBe(200);
  });

  test('streams the status, and again when it changes', async () => {
    let equity = 1_000;
    const { url } = await start({ status: () => ({ ...view, equity }) });
    const leave = new AbortController();
    const answer = await fetch(`${url}/api/status/stream`, { signal: leave.signal });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const readUntil = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += (await reader?.read())?.value ?? '';
    };
    await readUntil('"equity":1000');
    equity = 1_234;
    await readUntil('"equity":1234');
    leave.abort();
    expect(text).toContain('event: status');
  });

  test('says how it is', async () => {
    const { url } = await start({ health: () => ({ ok: false, checks: { engine: 'stalled' } }) });
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ok: false, checks: { engine: 'stalled' } });
  });

  test('a port in use and a host that is not loopback are one clear line', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(start({ port })).rejects.toThrow(new WebServerError(`DASHBOARD_PORT: port ${port} on 127.0.0.1 is in use; set DASHBOARD_PORT to a free one (0 = any)`));
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(/DASHBOARD_HOST/);
  });

  test('closes with streams open', async () => {
    const server = await start();
    const answer = await fetch(`${server.url}/api/status/stream`);
    const ended = answer.text().catch(() => 'ended');
    await server.close();
    expect(await ended).toMatch(/ended|status/);
  });
});
