import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createHeartbeat, createWebhook } from './web-calls.ts';

let server: Server;
let origin = '';
let status = 200;
let received: { method: string | undefined; url: string | undefined; body: string }[] = [];

/** Names asked for. */
let asked: string[] = [];
const lookUp: LookupFunction = (name, { all }, callback) => {
  asked.push(name);
  const found = { address: '127.0.0.1', family: 4 };
  if (all === true) callback(null, [found]);
  else callback(null, found.address, found.family);
};

beforeEach(async () => {
  asked = [];
  status = 200;
  received = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, body });
      response.writeHead(status, { location: '/elsewhere' }).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('the webhook posts the text as JSON, the heartbeat just calls', async () => {
  await createWebhook(`${origin}/hook?key=planted`, lookUp).call('Telegram is silent');
  await createHeartbeat(`${origin}/beat`, lookUp).beat();
  expect(received).toEqual([
    { method: 'POST', url: '/hook?key=planted', body: '{"text":"Telegram is silent"}' },
    { method: 'GET', url: '/beat', body: '' },
  ]);
});

test('a refusal, a redirect and a silence are errors that do not name the address', async () => {
  const failures: string[] = [];
  const fail = (url: string): Promise<unknown> =>
    createWebhook(url, lookUp)
      .call('x')
      .catch((error: unknown) => failures.push(String(error)));
  for (const wrong of [404, 500, 302]) {
    status = wrong;
    await fail(`${origin}/hook?key=planted`);
  }
  await fail('http://127.0.0.1:1/hook?key=planted');
  expect(failures).toHaveLength(4);
  for (const failure of failures) expect(failure).not.toMatch(/planted|127\.0\.0\.1/);
  expect(received.every(({ url }) => url === '/hook?key=planted')).toBe(true);
});

test('names are looked up as they are told to: where nobody who trades waits for them', async () => {
  const named = origin.replace('127.0.0.1', 'hook.test');
  await createWebhook(`${named}/hook`, lookUp).call('x');
  await createHeartbeat(`${named}/beat`, lookUp).beat();
  expect(asked).toEqual(['hook.test', 'hook.test']);
  expect(received.map(({ url }) => url)).toEqual(['/hook', '/beat']);
});

test('a switch of protocols ends the call: whoever waits for it goes on', async () => {
  server.removeAllListeners('request');
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    });
  });
  await expect(createWebhook(`${origin}/hook?key=planted`, lookUp).call('x')).rejects.toThrow(
    'ALERT_WEBHOOK_URL did not answer (closed without an answer)',
  );
  await expect(createHeartbeat(`${origin}/beat`, lookUp).beat()).rejects.toThrow(
    'HEARTBEAT_URL did not answer (closed without an answer)',
  );
});
