import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { senderAt } from './access.ts';
import { plainOptions } from './server-options.test-helper.ts';
import { startWebServer, type WebServer } from './server.ts';

const TOKEN = 'a-token-of-some-length';

let now: number;
let server: WebServer;
beforeEach(async () => {
  now = 1_700_000_000_000;
  server = await startWebServer({ ...plainOptions(), token: TOKEN, wallNow: () => now });
});
afterEach(async () => server.close());

/** What a person who types it is answered: 303 to the page or back to the question, or 429. */
const types = async (token: string): Promise<{ readonly status: number; readonly location: string | null }> => {
  const { status, headers } = await fetch(`${server.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }),
  });
  return { status, location: headers.get('location') };
};

/** What a machine at this address that sends it is answered. */
const sends = async (localAddress: string, token: string): Promise<number> =>
  new Promise((resolve, reject) => {
    request(
      `${server.url}/metrics`,
      { localAddress, agent: false, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end();
  });

test('a wrong token is called that where it is asked for again, and nothing else is', async () => {
  const form = async (path: string): Promise<string> => (await fetch(`${server.url}${path}`)).text();
  const { location } = await types('a-token-of-no-worth');
  expect(await form(location ?? expect.unreachable())).toContain('That is not the token.');
  for (const path of ['/', '/login']) expect(await form(path)).not.toContain('not the token');
});

describe('guesses of the token', () => {
  test('run out: after ten wrong ones even the right one waits a minute', async () => {
    for (let guess = 0; guess < 10; guess += 1) expect((await types(`guess ${guess}`)).location).toBe('/login?wrong');
    expect((await types(TOKEN)).status).toBe(429);
    expect(await sends('127.0.0.1', TOKEN)).toBe(401);
    now += 60_001;
    expect((await types(TOKEN)).location).toBe('/');
  });

  test('a clock that is set back does not make that minute last until it has caught up', async () => {
    for (let guess = 0; guess < 10; guess += 1) await types(`guess ${guess}`);
    expect((await types(TOKEN)).status).toBe(429);
    now -= 3_600_000;
    expect((await types(TOKEN)).location).toBe('/');
  });

  test('keep nobody out but whoever makes them', async () => {
    for (let guess = 0; guess < 30; guess += 1) expect(await sends('127.0.0.2', `guess-${guess}`)).toBe(401);
    expect(await sends('127.0.0.2', TOKEN)).toBe(401);
    expect(await sends('127.0.0.3', TOKEN)).toBe(200);
    expect((await types(TOKEN)).location).toBe('/');
  });

  test('are what is new: a machine that still sends the token of yesterday keeps nobody at its own address out', async () => {
    for (let time = 0; time < 30; time += 1) expect(await sends('127.0.0.1', `${TOKEN}-of-yesterday`)).toBe(401);
    expect((await types(TOKEN)).location).toBe('/');
    expect(await sends('127.0.0.1', TOKEN)).toBe(200);
  });

  test('run out for many senders together, too', async () => {
    for (let sender = 1; sender <= 100; sender += 1)
      await Promise.all(Array.from({ length: 10 }, (_, guess) => sends(`127.0.1.${sender}`, `guess-${guess}`)));
    expect(await sends('127.0.0.3', TOKEN)).toBe(401);
    now += 60_001;
    expect(await sends('127.0.0.3', TOKEN)).toBe(200);
  });

  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1:2:3:4:5:6', '0:0:1:2'],
    ['::1', '0:0:0:0'],
  ])('made from %s count for %s', (address, sender) => {
    expect(senderAt(address)).toBe(sender);
  });
});
