import type { LookupAddress } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createExchange, type ExchangeHandle } from '../../src/adapters/exchange/create-exchange.ts';
import { createNameLookUp } from '../../src/adapters/system/name-look-up.ts';
import { createAnnouncer } from '../../src/adapters/telegram/announcer.ts';
import { silent } from '../../src/app/executor.test-helper.ts';
import { decimal } from '../../src/core/decimal.ts';
import { impatientClock } from '../../src/adapters/exchange/loopback-exchange.test-helper.ts';
import type { ExchangeSimulator } from '../../src/sim/exchange/simulator.ts';
import { startTestSimulator } from '../../src/sim/exchange/testing.ts';

/**
 * Names as the network gives them, under connections that are real. The resolver is Node's in two respects: it answers
 * two questions at a time, and one that nobody answers keeps its place.
 */
const HERE: LookupAddress = { address: '127.0.0.1', family: 4 };
const PLACES = 2;

let simulator: ExchangeSimulator;
let exchange: ExchangeHandle;
let lookUp: ReturnType<typeof createNameLookUp>;
let answers: Record<string, readonly LookupAddress[] | Error | 'silence'>;
let asked: string[];
let underWay: number;
let waiting: (() => void)[];

const resolve = async (name: string): Promise<readonly LookupAddress[]> => {
  if (underWay >= PLACES) await new Promise<void>((go) => void waiting.push(go));
  underWay += 1;
  asked.push(name);
  const answer = answers[name] ?? new Error('ENOTFOUND');
  if (answer === 'silence') return new Promise(() => undefined);
  underWay -= 1;
  waiting.shift()?.();
  if (answer instanceof Error) throw answer;
  return answer;
};

beforeEach(async () => {
  answers = { 'exchange.test': [HERE] };
  asked = [];
  underWay = 0;
  waiting = [];
  lookUp = createNameLookUp({ clock: impatientClock(), resolve });
  simulator = await startTestSimulator();
  const apiRoot = simulator.url.replace('127.0.0.1', 'exchange.test');
  exchange = await createExchange({
    credentials: simulator.credentials,
    apiRoot,
    sandbox: false,
    clock: impatientClock(),
    log: silent,
    lookUp,
    entryCeiling: () => decimal('1000'),
    timeout: 1_000,
    requestInterval: 0,
  });
});
afterEach(async () => {
  await exchange.close();
  await simulator.close();
});

/** More questions at once than connections lie ready. */
const askAtOnce = async (): Promise<boolean[]> =>
  (await Promise.all(Array.from({ length: 6 }, () => exchange.venue.balances()))).map(({ ok }) => ok);

test('an exchange that has been reached is reached on while its name cannot be looked up, whether nothing answers or it is not found', async () => {
  answers['exchange.test'] = new Error('ENOTFOUND');
  expect(await askAtOnce()).toEqual(Array.from({ length: 6 }, () => true));
  expect(asked.length).toBeGreaterThan(1);
  await exchange.close();
  exchange = await createExchange({
    credentials: simulator.credentials,
    apiRoot: simulator.url.replace('127.0.0.1', 'exchange.test'),
    sandbox: false,
    clock: impatientClock(),
    log: silent,
    lookUp,
    entryCeiling: () => decimal('1000'),
    timeout: 1_000,
    requestInterval: 0,
  });
  answers['exchange.test'] = 'silence';
  expect(await askAtOnce()).toEqual(Array.from({ length: 6 }, () => true));
});

test('a Telegram whose name is not answered for takes one place of the two, however many messages wait for it: the exchange, never looked up before, is found', async () => {
  answers['telegram.test'] = 'silence';
  const many = Array.from({ length: 6 }, (_, index) => index + 1);
  const announcer = createAnnouncer({
    token: '1:AAnames-test-token-0123456789abcdefg',
    apiRoot: 'http://telegram.test',
    lookUp,
    operators: many,
    chats: [],
    secrets: [],
    timeZone: 'UTC',
  });
  void announcer.announce({ kind: 'lifecycle', key: 'a', title: 'a', lines: [], commands: [], symbol: null, at: 0 });
  await expect.poll(() => asked).toContain('telegram.test');
  const server = createServer((_request, response) => response.end('{"serverTime":1}'));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  answers['other.test'] = [HERE];
  const other = await createExchange({
    credentials: null,
    apiRoot: `http://other.test:${(server.address() as AddressInfo).port}`,
    sandbox: false,
    clock: impatientClock(),
    log: silent,
    lookUp,
    entryCeiling: () => null,
    timeout: 1_000,
    requestInterval: 0,
  });
  expect(await other.venue.serverTime()).toEqual({ ok: true, value: 1 });
  expect(asked.filter((name) => name === 'telegram.test')).toHaveLength(1);
  await other.close();
  server.close();
});
