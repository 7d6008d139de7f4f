import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { loadAssets } from './assets.ts';
import { createFakeDashboard } from './fake-dashboard.test-helper.ts';
import { allowedHosts } from './guard.ts';
import { plainOptions } from './server-options.test-helper.ts';
import { startWebServer, WebServerError, type WebServer, type WebServerOptions } from './server.ts';

const TOKEN = 'a-token-of-some-length';

const servers: WebServer[] = [];
const others: Server[] = [];
const start = async (extra: Partial<WebServerOptions> = {}): Promise<WebServer> => {
  const server = await startWebServer({ ...plainOptions(), refresh: 10, ...extra });
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
  for (const server of others.splice(0)) server.close();
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

const READS = [
  '/api/board',
  '/api/status',
  '/api/equity',
  '/api/chart?symbol=BTC/USDT',
  '/api/decision?symbol=BTC/USDT&at=3600000',
  '/api/commands',
  '/healthz',
  '/metrics',
] as const;

describe('the page', () => {
  test('is served with a strict policy, and its files load nothing from elsewhere', async () => {
    const { url } = await start();
    const { paths } = loadAssets();
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) {
      const answer = await fetch(url + path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      if (path.startsWith('/vendor/')) continue;
      // The one address of another host is the attribution's link, which nothing follows by itself.
      expect(
        (await answer.text())
          .replaceAll('http://www.w3.org/2000/svg', '')
          .replaceAll('href="https://www.tradingview.com/"', ''),
        path,
      ).not.toMatch(/https?:\/\//);
    }
  });

  test('every answer says what a browser may do with it, refusals and mistakes too', async () => {
    const { url } = await start();
    for (const path of ['/', '/api/board', '/healthz', '/nothing']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy'), path).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect(headers.get('x-frame-options'), path).toBe('DENY');
      expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin');
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin');
      expect(headers.get('referrer-policy'), path).toBe('same-origin');
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
    }
  });

  test('a line that broke goes on after the last message, which the browser names in a header', async () => {
    const dashboard = createFakeDashboard('db1', 100);
    const { url } = await start({ dashboard });
    dashboard.decide();
    const { cursor } = (await (await fetch(`${url}/api/board`)).json()) as { cursor: string };
    for (let count = 0; count < 3; count += 1) dashboard.decide();
    // The address still names where the page began; the header is newer and rules.
    const answer = await fetch(`${url}/api/stream?after=nonsense`, { headers: { 'last-event-id': cursor } });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    while (!heard.includes('event: board')) heard += (await reader?.read())?.value ?? 'event: board';
    await reader?.cancel();
    expect(heard).not.toContain('event: reset');
    expect([...heard.matchAll(/"text":"decision (\d+)"/g)].map(([, id]) => Number(id))).toEqual([2, 3, 4]);
  });

  test('a browser that has a file is told so', async () => {
    const { url } = await start();
    const tag = (await fetch(`${url}/page.mjs`)).headers.get('etag') ?? '';
    expect(await statusWith(`${url}/page.mjs`, { host: new URL(url).host, 'if-none-match': tag })).toBe(304);
  });

  test('is read-only: nothing but GET is answered, whatever is asked', async () => {
    const { url } = await start();
    const { paths } = loadAssets();
    for (const path of [
      ...paths,
      ...READS,
      '/api/stream',
      '/api/market/pause',
      '/api/market/trouble',
      '/api/chat/send',
      '/login',
    ]) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect((await fetch(url + path, { method, body: '{}' })).status, `${method} ${path}`).toBe(404);
    }
    for (const path of [
      '/api/chat',
      '/api/market',
      '/api/market/presets',
      '/login',
      '/../server.ts',
      '/page/../../server.ts',
      '/api',
    ])
      expect((await fetch(url + path)).status, path).toBe(404);
  });

  test('turns away foreign names and origins, on loopback too', async () => {
    const { url } = await start({ names: ['bot.example.org'] });
    const { host } = new URL(url);
    for (const path of ['/', '/api/board', '/healthz', '/metrics', '/livez', '/page.mjs']) {
      expect(await statusWith(url + path, { host: 'attacker.example' }), path).toBe(403);
      expect(await statusWith(url + path, { host, origin: 'http://attacker.example' }), path).toBe(403);
    }
    expect(await statusWith(`${url}/api/board`, { host: 'localhost.attacker.example' })).toBe(403);
    expect(await statusWith(`${url}/api/board`, { host, origin: 'null' })).toBe(403);
    expect(
      await statusWith(`${url}/api/board`, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }),
    ).toBe(403);
    expect(await statusWith(`${url}/api/board`, { host, origin: `http://${host}` })).toBe(200);
    expect(await statusWith(`${url}/api/board`, { host: 'bot.example.org', origin: 'https://bot.example.org' })).toBe(
      200,
    );
  });

  test('names of this machine are answered where it listens on all of them', () => {
    const names = allowedHosts('0.0.0.0', 8787, ['bot.example.org']);
    expect(names.has('127.0.0.1:8787')).toBe(true);
    expect(names.has('bot.example.org')).toBe(true);
    expect(names.has('attacker.example:8787')).toBe(false);
    expect(allowedHosts('::1', 1, []).has('[::1]:1')).toBe(true);
  });

  test('answers to its own address as a browser writes it: without the standard port, IPv6 in its short form', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.0.0.1:80'])
      expect(allowedHosts('127.0.0.1', 80, []).has(host), host).toBe(true);
    expect(allowedHosts('127.0.0.1', 8787, []).has('127.0.0.1')).toBe(false);
    expect(allowedHosts('2001:DB8:0:0:0:0:0:1', 8787, []).has('[2001:db8::1]:8787')).toBe(true);
  });

  test('takes so many connections and no more: a stranger who opens thousands must not use up the files of the bot', async () => {
    const { url } = await start();
    const { port } = new URL(url);
    let turnedAway = 0;
    const sockets = Array.from({ length: 600 }, () =>
      connect(Number(port), '127.0.0.1')
        .on('error', () => undefined)
        .on('close', () => (turnedAway += 1)),
    );
    await expect.poll(() => turnedAway, { timeout: 5_000 }).toBe(600 - 512);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => (await fetch(`${url}/livez`).catch(() => null))?.status, { timeout: 5_000 })
      .toBe(200);
  });

  test('needs no token on any loopback address, as the configuration promises', async () => {
    const { url } = await start({ host: '127.0.0.2' });
    expect((await fetch(`${url}/api/board`)).status).toBe(200);
  });

  test('says how it is', async () => {
    const health = { ok: false, checks: [{ name: 'engine', ok: false, detail: 'no progress for 200 s' }] };
    const { url } = await start({ health: () => health });
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual(health);
    expect((await fetch(`${url}/livez`)).status).toBe(503);
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('guardian_up 1\n');
  });

  test('answers what the page asks for, and says what is wrong with what it does not', async () => {
    const { url } = await start();
    for (const path of READS) expect((await fetch(url + path)).status, path).toBe(200);
    expect((await fetch(`${url}/api/chart?symbol=DOGE/USDT`)).status).toBe(404);
    expect((await fetch(`${url}/api/decision?symbol=BTC/USDT&at=1`)).status).toBe(404);
    expect((await fetch(`${url}/api/decision?symbol=BTC/USDT&at=now`)).status).toBe(404);
    expect((await fetch(`${url}/api/equity?range=ever`)).status).toBe(400);
  });

  test('a port in use, and a host that is not loopback without a token, are one clear line', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(start({ port })).rejects.toThrow(
      new WebServerError(
        `DASHBOARD_PORT: port ${port} on 127.0.0.1 is in use; set DASHBOARD_PORT to a free one (0 = any)`,
      ),
    );
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(/DASHBOARD_HOST.*DASHBOARD_TOKEN/);
  });

  test('a HEAD opens no stream: nobody would see its end, and a hundred of them would keep every page out', async () => {
    const chat = createServer((_incoming, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    others.push(chat);
    await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', () => resolve()));
    const personUrl = `http://127.0.0.1:${(chat.address() as AddressInfo).port}`;
    const server = await start({ chat: { personUrl, chatId: 1, userId: 1 } });
    for (const path of ['/api/stream', '/api/chat/events'])
      expect((await fetch(server.url + path, { method: 'HEAD' })).status, path).toBe(405);
    expect(server.readers).toBe(0);
    expect((await fetch(`${server.url}/livez`, { method: 'HEAD' })).status).toBe(200);
  });

  test('a reader that takes nothing is let go: what waits for it is bounded, down to its socket', async () => {
    const dashboard = createFakeDashboard('db1', 10_000);
    // Far more a second than a socket's buffers hold.
    const long = Object.assign(Object.create(dashboard) as typeof dashboard, {
      between: dashboard.between.bind(dashboard),
      board: () => ({ ...dashboard.board(), filler: 'x'.repeat(1_000_000) }),
    });
    const server = await start({ dashboard: long, refresh: 1 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET /api/stream HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`);
    await expect.poll(() => server.readers).toBe(1);
    await expect.poll(() => (dashboard.decide(), server.readers), { interval: 5, timeout: 20_000 }).toBe(0);
    socket.destroy();
  });

  test('closes with streams open', async () => {
    const server = await start();
    const answer = await fetch(`${server.url}/api/stream`);
    const ended = answer.text().catch(() => 'ended');
    await server.close();
    expect(await ended).toMatch(/ended|board/);
  });
});

describe('the token', () => {
  const login = async (url: string, token: string, origin?: string): Promise<Response> =>
    fetch(`${url}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(origin === undefined ? {} : { origin }) },
      body: new URLSearchParams({ token }),
    });

  test('nothing is shown without it but the question itself', async () => {
    const { url } = await start({ token: TOKEN });
    const page = await fetch(`${url}/`);
    expect(page.status).toBe(401);
    expect(await page.text()).toContain('DASHBOARD_TOKEN');
    for (const path of [...READS, '/api/stream', '/page.mjs', '/index.html'])
      expect((await fetch(url + path)).status, path).toBe(401);
    expect((await fetch(`${url}/login.css`)).status).toBe(200);
    expect(await (await fetch(`${url}/livez`)).json()).toEqual({ ok: true });
  });

  test('typed once it opens a session that no script can read and no other site can send', async () => {
    let now = 1_700_000_000_000;
    const { url } = await start({ token: TOKEN, wallNow: () => now });
    const answer = await login(url, TOKEN);
    expect(answer.status).toBe(303);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^guardian_session_[0-9a-f]{8}=\d+\.[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(TOKEN);
    const session = cookie.split(';')[0] ?? '';
    expect((await fetch(`${url}/api/board`, { headers: { cookie: session } })).status).toBe(200);
    expect((await fetch(`${url}/api/board`, { headers: { cookie: session.replace(/=(\d)/, '=9') } })).status).toBe(401);
    expect(
      (await fetch(`${url}/api/board`, { headers: { cookie: `${session.split('=')[0]}=99999999999999.x` } })).status,
    ).toBe(401);
    now += 12 * 3_600_000 + 1;
    expect((await fetch(`${url}/api/board`, { headers: { cookie: session } })).status).toBe(401);
  });

  test("two bots on one host do not end each other's sessions: a browser keeps one cookie of a name for all its ports", async () => {
    const bots = [await start({ token: TOKEN }), await start({ token: `${TOKEN}-of-another` })];
    const jar = new Map<string, string>();
    for (const [index, { url }] of bots.entries()) {
      const [name = '', value = ''] = (
        (await login(url, index === 0 ? TOKEN : `${TOKEN}-of-another`)).headers.get('set-cookie')?.split(';')[0] ?? ''
      ).split('=');
      jar.set(name, value);
    }
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    for (const { url } of bots) expect((await fetch(`${url}/api/board`, { headers: { cookie } })).status).toBe(200);
  });

  test('a session ends with the token it was opened with', async () => {
    const before = await start({ token: TOKEN });
    const session = (await login(before.url, TOKEN)).headers.get('set-cookie')?.split(';')[0] ?? '';
    const after = await start({ token: `${TOKEN}-changed` });
    expect((await fetch(`${before.url}/api/board`, { headers: { cookie: session } })).status).toBe(200);
    expect((await fetch(`${after.url}/api/board`, { headers: { cookie: session } })).status).toBe(401);
  });

  test('the token and what is signed with it are compared in constant time, by nothing else', () => {
    // Time can't be measured in a test that has to hold on a loaded machine; that nothing else compares them can be
    // read.
    const source = readFileSync(new URL('access.ts', import.meta.url), 'utf8');
    expect(source).toContain('timingSafeEqual(digest(key, a), digest(key, b))');
    expect(source).not.toMatch(
      /\b(?:token|given|signed|a|signature\(expires\)) [!=]==? (?!undefined)|[!=]== (?:token|given|signed|b|signature)\b/,
    );
  });

  test('over TLS the cookie never travels in the clear', async () => {
    const { url } = await start({ token: TOKEN, names: ['bot.example.org'] });
    const answer = await login(url, TOKEN, 'https://bot.example.org');
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-guardian_session_[0-9a-f]{8}=.*; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  test('a machine sends it as a bearer token', async () => {
    const { url } = await start({ token: TOKEN });
    expect((await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}x` } })).status).toBe(401);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: TOKEN } })).status).toBe(401);
  });

  test('it is asked for on loopback, too, once it is set; an oversized answer is wrong', async () => {
    const { url } = await start({ token: TOKEN });
    expect((await login(url, 'x'.repeat(5_000))).headers.get('location')).toBe('/login?wrong');
  });
});

describe('what is sent to the page', () => {
  /** More than the sockets' buffers hold by far. */
  const MOST_SENT = 64 * 1024 * 1024;
  /** Sends without end until the other side has had enough; what it answered, and how much it let through. */
  const flood = async (url: string, path: string): Promise<{ readonly status: string; readonly sent: number }> => {
    const { host, port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const part = Buffer.alloc(16_384, 'x');
    let sent = 0;
    let answer = '';
    const over = Promise.withResolvers<undefined>();
    const more = (): void => {
      while (sent < MOST_SENT && !socket.destroyed) {
        sent += part.length;
        if (!socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])))
          return;
      }
      if (sent >= MOST_SENT) socket.end('0\r\n\r\n');
    };
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('drain', more);
    socket.on('error', () => over.resolve(undefined));
    socket.on('close', () => over.resolve(undefined));
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    more();
    await over.promise;
    socket.destroy();
    return { status: answer.split('\r\n')[0] ?? '', sent };
  };

  test('is never kept beyond a few kilobytes, whoever sends it and whether or not it says its length', async () => {
    const chat = { personUrl: 'http://127.0.0.1:9', chatId: 1, userId: 1 };
    const market = { controlUrl: 'http://127.0.0.1:9', stepsPerHour: 4, symbols: [] };
    const open = await start({ chat, market });
    const locked = await start({ token: TOKEN });
    const addresses = [
      [locked.url, '/login'],
      [open.url, '/api/chat/send'],
      [open.url, '/api/chat/press'],
      [open.url, '/api/market/trouble'],
      [open.url, '/api/board'],
    ] as const;
    for (const [url, path] of addresses) {
      const body = 'x'.repeat(20_000);
      expect(
        (
          await fetch(url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
            redirect: 'manual',
          })
        ).status,
        path,
      ).toBe(413);
      const { status, sent } = await flood(url, path);
      expect(status, path).toMatch(/^HTTP\/1.1 413 /);
      expect(sent, path).toBeLessThan(MOST_SENT);
    }
  });
});

describe('the simulated market', () => {
  const control = async (): Promise<{ readonly controlUrl: string; readonly calls: string[] }> => {
    const calls: string[] = [];
    const server = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (part: Buffer) => (body += part.toString()));
      incoming.on('end', () => {
        calls.push(`${incoming.method} ${incoming.url} ${body}`.trim());
        outgoing.setHeader('content-type', 'application/json');
        outgoing.end(
          JSON.stringify({
            marketTime: 5,
            ended: false,
            paused: false,
            stepMilliseconds: 500,
            prices: {},
            balances: { USDT: { free: '1' } },
            faults: [{ id: 1, name: 'maintenance', hits: 0, remaining: null, request: {} }],
          }),
        );
      });
    });
    others.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return { controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
  };
  const post = async (url: string, verb: string, body: unknown): Promise<Response> =>
    fetch(`${url}/api/market/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('speed, pause and trouble go through; what is shown of it is little', async () => {
    const { controlUrl, calls } = await control();
    const { url } = await start({ market: { controlUrl, stepsPerHour: 4, symbols: ['BTC/USDT', 'ETH/USDT'] } });
    expect(await (await fetch(`${url}/api/market`)).json()).toEqual({
      marketTime: 5,
      ended: false,
      paused: false,
      hourSeconds: 2,
      speeds: [0.1, 0.25, 0.5, 1, 2, 5],
      faults: [{ id: 1, title: 'Maintenance', hits: 0, remaining: null }],
    });
    calls.length = 0;
    expect((await post(url, 'speed', { hourSeconds: 1 })).status).toBe(200);
    expect((await post(url, 'pause', { paused: true })).status).toBe(200);
    expect((await post(url, 'trouble', { preset: 'lost-answer' })).status).toBe(200);
    expect((await post(url, 'trouble', { preset: 'crash' })).status).toBe(200);
    expect((await post(url, 'calm', {})).status).toBe(200);
    expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([
      'POST /control/pace {"stepMilliseconds":250}',
      'POST /control/pause {"paused":true}',
      'POST /control/fault {"name":"reset-after-acceptance"}',
      'POST /control/jump {"symbol":"BTC/USDT","fraction":-0.04}',
      'POST /control/jump {"symbol":"ETH/USDT","fraction":-0.04}',
      'DELETE /control/fault',
    ]);
    calls.length = 0;
    // At 500 ms a step the eight seconds are the sixteen steps; a faster market would get more of them.
    expect((await post(url, 'trouble', { preset: 'stale' })).status).toBe(200);
    expect(calls.filter((call) => call.startsWith('POST'))).toEqual([
      'POST /control/fault {"name":"stale-prices","steps":16}',
    ]);
  });

  test('nothing else of the control endpoint can be reached, and no value but ours', async () => {
    const { controlUrl, calls } = await control();
    const { url } = await start({ market: { controlUrl, stepsPerHour: 4, symbols: ['BTC/USDT'] } });
    const wishes: readonly (readonly [string, unknown])[] = [
      ['speed', { hourSeconds: 0 }],
      ['speed', { hourSeconds: '1' }],
      ['pause', { paused: 'yes' }],
      ['trouble', { preset: 'skew' }],
      ['trouble', { name: 'maintenance' }],
      ['trouble', null],
    ];
    for (const [verb, body] of wishes) expect((await post(url, verb, body)).status, JSON.stringify(body)).toBe(400);
    for (const verb of [
      'price',
      'deposit',
      'fault',
      'jump',
      'idle',
      'orders',
      '../control/deposit',
      'trouble/../../deposit',
    ])
      expect((await post(url, verb, { preset: 'crash' })).status, verb).toBe(404);
    expect((await fetch(`${url}/api/market/pause`, { method: 'POST', body: '{"paused":true}' })).status).toBe(400);
    expect(calls).toEqual([]);
  });

  test('a simulator that is gone is one clear answer', async () => {
    const { url } = await start({ market: { controlUrl: 'http://127.0.0.1:9', stepsPerHour: 4, symbols: [] } });
    const answer = await fetch(`${url}/api/market`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({ error: 'the simulated exchange cannot be reached' });
  });
});
