import { lookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createTransport, type Transport } from './transport.ts';

/** A way to the exchange that forgets, without a word, a connection over which nothing went for this long. */
const FORGOTTEN_AFTER = 300;
const IDLE = 100;

const pause = (span: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span));

let server: Server;
let transport: Transport;
let sockets: Set<Socket>;

beforeEach(async () => {
  const usedAt = new WeakMap<Socket, number>();
  sockets = new Set();
  server = createServer((request, response) => {
    const { socket } = request;
    sockets.add(socket);
    const forgotten = performance.now() - (usedAt.get(socket) ?? Number.POSITIVE_INFINITY) > FORGOTTEN_AFTER;
    usedAt.set(socket, performance.now());
    if (!forgotten) setTimeout(() => response.end('{}'), 20);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  transport = createTransport({ timeout: 1_000, largestAnswer: 1_000, idle: IDLE, lookUp: lookup });
});
afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (): ReturnType<Transport['request']> =>
  transport.request({
    method: 'POST',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    headers: {},
    body: '',
  });

test('a connection that has lain unused is not trusted with an order: its way may have forgotten it', async () => {
  await Promise.all([ask(), ask(), ask()]);
  await pause(FORGOTTEN_AFTER + 100);
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('a connection in steady use is kept and used again', async () => {
  for (let look = 0; look < 5; look += 1) {
    await ask();
    await pause(IDLE / 4);
  }
  expect(sockets.size).toBe(1);
});

test('an answer may take longer than a connection may lie unused', async () => {
  server.removeAllListeners('request');
  server.on('request', (_request, response) => void setTimeout(() => response.end('{}'), IDLE * 3));
  expect((await ask()).status).toBe(200);
});

test('where one connection has answered nothing, none that lay beside it is trusted with the next question', async () => {
  const known = new Set<Socket>();
  let lost = false;
  server.removeAllListeners('request');
  // The way to the exchange is lost: what goes over connections from before it ends nowhere.
  server.on('request', ({ socket }, response) => {
    if (!lost) known.add(socket);
    if (!known.has(socket) || !lost) setTimeout(() => response.end('{}'), 20);
  });
  const patient = createTransport({ timeout: 300, largestAnswer: 1_000, idle: 60_000, lookUp: lookup });
  const send = (): ReturnType<Transport['request']> =>
    patient.request({
      method: 'POST',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      headers: {},
      body: '',
    });
  await Promise.all([send(), send(), send()]);
  expect(known.size).toBe(3);
  lost = true;
  await expect(send()).rejects.toMatchObject({ phase: 'no-answer', code: 'TIMEOUT' });
  expect((await send()).status).toBe(200);
  patient.close();
});
