import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { connectLockstep } from './lockstep.ts';

test('a simulator that does not answer is told of at once, then each minute, and when it answers again', async () => {
  const failures = 250;
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.method === 'POST') asked += 1;
    response.writeHead(request.method === 'POST' && asked <= failures ? 500 : 200);
    response.end(JSON.stringify({ marketTime: 7, ended: false }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: [string, unknown][] = [];
  const say = (fields: Readonly<Record<string, unknown>>, text: string): void =>
    void lines.push([text, fields['failures']]);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const wall: Clock = { marketNow: () => 0, wallNow: () => 0, monotonicNow: () => 0, sleep: () => Promise.resolve() };
  const lockstep = await connectLockstep({
    controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wall,
    log,
  });
  const { signal } = new AbortController();
  expect(await lockstep.pacer.next(signal)).toBe('wake');
  expect(await lockstep.pacer.next(signal)).toBe('wake');
  expect(lines).toEqual([
    ['the market simulator does not answer', 1],
    ['the market simulator does not answer', 121],
    ['the market simulator does not answer', 241],
    ['the market simulator answers again', 250],
  ]);
  lockstep.close();
  server.close();
});
