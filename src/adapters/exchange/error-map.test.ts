import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { VenueErrorKind } from '../../ports/venue.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import { ERROR_ROWS, classify, parseRetryAfter, parseStatedWait } from './error-map.ts';
import {
  approved,
  connect,
  exitDraft,
  impatientClock,
  startLoopbackExchange,
  stopDraft,
  type LoopbackExchange,
} from './loopback-exchange.test-helper.ts';

/** The balances of an account that holds nothing. */
const NONE = [{ asset: 'USDT', free: '0.00000000', locked: '0.00000000' }];

let server: LoopbackExchange;
let exchange: ExchangeHandle;
beforeEach(async () => {
  server = await startLoopbackExchange();
  exchange = await connect(server.origin, { timeout: 400 });
});
afterEach(async () => {
  await exchange.close();
  await server.close();
});

interface Case {
  readonly row: string;
  readonly status: number;
  readonly body: unknown;
  readonly kind: VenueErrorKind;
  readonly code: string;
}

const answer = (row: string, status: number, code: number | null, kind: VenueErrorKind, msg = 'some words'): Case => ({
  row,
  status,
  body: code === null ? '<html>no json</html>' : { code, msg },
  kind,
  code: code === null ? String(status) : String(code),
});

const CASES: readonly Case[] = [
  answer('429 too many requests, 418 banned', 429, -1003, 'rate-limited'),
  answer('429 too many requests, 418 banned', 418, -1003, 'rate-limited'),
  answer('5xx, whatever code it carries', 500, null, 'unknown'),
  answer('5xx, whatever code it carries', 502, null, 'unknown'),
  answer('5xx, whatever code it carries', 503, -1, 'unknown'),
  answer('5xx, whatever code it carries', 503, -1008, 'unknown'),
  answer('5xx, whatever code it carries', 504, -1007, 'unknown'),
  answer('5xx, whatever code it carries', 503, -2010, 'unknown'),
  ...[-1000, -1001, -1006, -1007].map((code) =>
    answer(
      '-1000 unknown error, -1001 disconnected, -1006 unexpected response, -1007 time-out inside the exchange',
      400,
      code,
      'unknown',
    ),
  ),
  ...[-1003, -1015, -1034].map((code) =>
    answer('-1003 too many requests, -1015 too many orders, -1034 too many connections', 400, code, 'rate-limited'),
  ),
  ...[-1004, -1008, -1016].map((code) =>
    answer('-1004 busy, -1008 overloaded, -1016 shutting down', 400, code, 'unknown'),
  ),
  answer(
    '-1021 timestamp outside the receive window',
    400,
    -1021,
    'clock-skew',
    'Timestamp for this request is outside of the recvWindow.',
  ),
  ...[-1002, -1022, -1099, -2008, -2014, -2015].map((code) =>
    answer(
      '-1002 unauthorised, -1022 bad signature, -1099, -2008, -2014, -2015 key or permission',
      code === -2015 ? 401 : 400,
      code,
      'authentication',
    ),
  ),
  ...[-2010, -1010].map((code) =>
    answer('-2010 or -1010 duplicate order', 400, code, 'unknown', 'Duplicate order sent.'),
  ),
  answer(
    '-2010 new order rejected (funds, market closed)',
    400,
    -2010,
    'refused',
    'Account has insufficient balance for requested action.',
  ),
  ...[-2011, -2013, -2026].map((code) =>
    answer('-2011 cancel rejected, -2013 no such order, -2026 archived', 400, code, 'refused'),
  ),
  answer(
    '-1010 to -1099: message received but refused (filters, order composition)',
    400,
    -1013,
    'refused',
    'Filter failure: LOT_SIZE',
  ),
  answer(
    '-1010 to -1099: message received but refused (filters, order composition)',
    400,
    -1013,
    'refused',
    'Filter failure: NOTIONAL',
  ),
  answer('-1010 to -1099: message received but refused (filters, order composition)', 400, -1020, 'refused'),
  answer('-1100 to -1199: parameters', 400, -1102, 'refused'),
  answer('-1121 invalid symbol: a market that is not listed, or no longer', 400, -1121, 'unlisted', 'Invalid symbol.'),
  answer('-1100 to -1199: parameters', 400, -1102, 'refused', 'Mandatory parameter was not sent.'),
  answer('401 without a code', 401, null, 'authentication'),
  answer('403 firewall', 403, null, 'rate-limited'),
  answer('451 restricted location', 451, null, 'refused'),
  answer('an answer of success that is not one (redirect, or unreadable)', 302, null, 'malformed'),
];

describe('the table of errors, over HTTP', () => {
  test.each(CASES)('$status $code is $kind ($row)', async ({ status, body, kind, code }) => {
    server.handle = () => ({ status, body });
    expect(await exchange.venue.balances()).toMatchObject({ ok: false, error: { kind, code } });
  });

  test('every row has a case, and every case is decided by its own row', () => {
    const hit = new Set<string>();
    for (const { row, status, body, kind } of CASES) {
      const { code, msg } =
        typeof body === 'string' ? { code: null, msg: '' } : (body as { code: number; msg: string });
      const facts = {
        phase: 'answered',
        status,
        code: code === null ? null : String(code),
        message: msg,
        retryAfter: null,
        library: 'ExchangeError',
      } as const;
      const first = ERROR_ROWS.find((candidate) => candidate.when(facts));
      expect(first?.id).toBe(row);
      expect(classify(facts).kind).toBe(kind);
      hit.add(row);
    }
    expect([...hit].sort()).toEqual(ERROR_ROWS.map((row) => row.id).sort());
  });

  test('what no row knows is unknown, never a refusal', async () => {
    for (const [status, code] of [
      [400, null],
      [404, null],
      [409, null],
      [400, -9999],
      [400, 0],
    ] as const) {
      server.handle = () => ({ status, body: code === null ? 'plain words' : { code, msg: 'new' } });
      expect(await exchange.venue.balances(), `${status} ${code ?? ''}`).toMatchObject({
        ok: false,
        error: { kind: 'unknown' },
      });
    }
  });

  test('-2015 is authentication also after a good one, though the library takes it for a rate limit', async () => {
    server.handle = () => ({ body: { balances: NONE } });
    expect(await exchange.venue.balances()).toEqual({ ok: true, value: [] });
    server.handle = () => ({
      status: 401,
      body: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' },
    });
    expect(await exchange.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'authentication', code: '-2015' },
    });
  });

  test('success with a body that is not JSON, or not the right one, is malformed', async () => {
    for (const body of [
      '<html>',
      '',
      'null',
      '[]',
      '{"balances":[]}',
      '{"balances":[{"asset":"BTC","free":"abc","locked":"0"}]}',
      '{"balances":[{"asset":"BTC","free":"-1","locked":"0"}]}',
      '{"balances":[{"asset":"BTC","free":1,"locked":"0"}]}',
    ]) {
      server.handle = () => ({ body });
      expect(await exchange.venue.balances(), body).toMatchObject({ ok: false, error: { kind: 'malformed' } });
    }
  });
});

describe('without an answer', () => {
  test('a refused connection never reached the exchange', async () => {
    const origin = server.origin;
    await server.close();
    const lonely = await connect(origin);
    expect(await lonely.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'unreachable', code: 'ECONNREFUSED' },
    });
    expect(await lonely.venue.send(approved())).toMatchObject({ kind: 'not-sent', error: { kind: 'unreachable' } });
    await lonely.close();
  });

  test('a name that does not resolve never reached the exchange', async () => {
    const lonely = await connect('http://exchange.invalid');
    expect(await lonely.venue.send(approved())).toMatchObject({ kind: 'not-sent', error: { kind: 'unreachable' } });
    await lonely.close();
  });

  const silences: readonly (readonly [string, LoopbackExchange['handle']])[] = [
    ['a time-out before the headers', () => null],
    [
      'a body that stalls after the headers',
      (_request, response) => (
        response.writeHead(200, { 'content-type': 'application/json' }), response.write('{"balances":['), null
      ),
    ],
    ['a reset before the answer', (_request, response) => (response.destroy(), null)],
    [
      'a reset in the middle of the answer',
      (_request, response) => (
        response.writeHead(200, { 'content-length': '5000' }),
        response.write('{"bal'),
        setImmediate(() => response.destroy()),
        null
      ),
    ],
    ['a broken compressed answer', () => ({ headers: { 'content-encoding': 'gzip' }, body: 'not gzip' })],
  ];
  test.each(silences)('%s is unknown for an order, and a failed read for a balance', async (_name, handle) => {
    server.handle = handle;
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'unknown', error: { kind: 'unknown' } });
    expect(await exchange.venue.balances()).toMatchObject({ ok: false, error: { kind: 'unknown' } });
    expect(server.received.filter(({ path }) => path === 'order')).toHaveLength(1);
  });

  test('without credentials nothing leaves and a person is needed', async () => {
    const open = await connect(server.origin, { credentials: null });
    const before = server.received.length;
    expect(await open.venue.balances()).toMatchObject({ ok: false, error: { kind: 'authentication' } });
    expect(server.received).toHaveLength(before);
    await open.close();
  });
});

describe('slowing down', () => {
  test('Retry-After holds the whole client, and nothing is sent meanwhile', async () => {
    server.handle = () => ({
      status: 429,
      headers: { 'retry-after': '7' },
      body: { code: -1003, msg: 'Too much request weight used.' },
    });
    expect(await exchange.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'rate-limited', retryAfter: 7_000 },
    });
    const before = server.received.length;
    const outcome = await exchange.venue.send(approved());
    expect(outcome).toMatchObject({ kind: 'not-sent', error: { kind: 'rate-limited' } });
    expect(
      outcome.kind === 'not-sent' &&
        outcome.error.retryAfter !== null &&
        outcome.error.retryAfter > 6_000 &&
        outcome.error.retryAfter <= 7_000,
    ).toBe(true);
    expect(server.received).toHaveLength(before);
  });

  test('a 403 of the firewall slows reads and entries, and no exit: going on would end in a ban', async () => {
    let now = 0;
    const firewalled = await connect(server.origin, { clock: impatientClock({ monotonicNow: () => now }) });
    server.handle = () => ({ status: 403, body: '<html>Forbidden</html>' });
    expect(await firewalled.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'rate-limited', code: '403' },
    });
    const before = server.received.length;
    expect(await firewalled.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'rate-limited', code: 'local-budget', retryAfter: 60_000 },
    });
    expect(server.received).toHaveLength(before);
    expect(await firewalled.venue.send(approved())).toMatchObject({
      kind: 'not-sent',
      error: { code: 'local-budget', urgentMayGo: true },
    });
    expect(server.received).toHaveLength(before);
    // That it is refused as well is no reason for others to wait.
    expect(await firewalled.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'a' })).toMatchObject({
      kind: 'not-sent',
      error: { code: '403', urgentMayGo: true },
    });
    expect(server.received.length).toBe(before + 1);
    now = 60_000;
    server.handle = () => ({
      status: 403,
      body: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' },
    });
    expect(await firewalled.venue.balances()).toMatchObject({ ok: false, error: { kind: 'authentication' } });
    // The exchange's own word on something else slows nothing.
    expect(await firewalled.venue.balances()).toMatchObject({ ok: false, error: { kind: 'authentication' } });
    await firewalled.close();
  });

  test('Retry-After in both of its forms', () => {
    expect(parseRetryAfter('30', 0)).toBe(30_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT', Date.UTC(2015, 9, 21, 7, 27, 0))).toBe(60_000);
    expect(parseRetryAfter('soon', 0)).toBeNull();
    // A fraction of seconds, and what JavaScript takes for a date of 2001: that would be no wait, and the next request
    // the way into a ban.
    expect(parseRetryAfter('1.5', Date.now())).toBe(1_500);
    for (const nonsense of ['-5', '+3', '7,5', '']) expect(parseRetryAfter(nonsense, Date.now()), nonsense).toBeNull();
    // The exchange's longest ban: a nonsense number would hold stops and exits back for years.
    expect(parseRetryAfter('999999999', 0)).toBe(3 * 24 * 3_600_000);
    expect(parseRetryAfter('Wed, 21 Oct 2099 07:28:00 GMT', 0)).toBe(3 * 24 * 3_600_000);
    expect(parseRetryAfter(undefined, 0)).toBeNull();
    // A refusal without a wait comes to the pause that is ours: the next request would go into a ban.
    expect([
      parseRetryAfter('0', 0),
      parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT', Date.UTC(2015, 9, 21, 7, 28, 0)),
    ]).toEqual([null, null]);
  });

  test('a ban without Retry-After lasts as long as its words say, and a restart under it asks once', async () => {
    const msg = `Way too much request weight used; IP banned until ${Date.now() + 3_600_000}. Please use WebSocket Streams for live updates to avoid bans.`;
    server.handle = () => ({ status: 418, body: { code: -1003, msg } });
    const banned = await exchange.venue.balances();
    expect(!banned.ok && Math.abs((banned.error.retryAfter ?? 0) - 3_600_000) < 60_000).toBe(true);
    const held = await exchange.venue.balances();
    expect(!held.ok && held.error.code === 'local-budget' && (held.error.retryAfter ?? 0) > 3_500_000).toBe(true);
    server.timeAnswer = { status: 418, body: { code: -1003, msg } };
    const before = server.received.length;
    const restarted = await connect(server.origin);
    expect(await restarted.venue.balances()).toMatchObject({ ok: false, error: { code: 'local-budget' } });
    expect(await restarted.venue.send(approved())).toMatchObject({ kind: 'not-sent' });
    expect(server.received.length - before).toBe(1);
    await restarted.close();
  });

  test('too many orders, which comes without Retry-After, holds back for its window and no longer', async () => {
    server.handle = () => ({
      status: 429,
      body: { code: -1015, msg: 'Too many new orders; current limit is 50 orders per 10 SECOND.' },
    });
    expect(await exchange.venue.send(approved())).toMatchObject({
      kind: 'not-sent',
      error: { kind: 'rate-limited', code: '-1015', retryAfter: 10_000 },
    });
    const held = await exchange.venue.send(approved());
    expect(held.kind === 'not-sent' && (held.error.retryAfter ?? 0) > 9_000).toBe(true);
    expect(server.received.filter(({ path }) => path === 'order')).toHaveLength(1);
  });

  test('too many orders hold back orders, stops and exits as well, and nothing else: a bot that may not sell has to see its prices and what its stops do all the more', async () => {
    let now = 0;
    const full = await connect(server.origin, { clock: impatientClock({ monotonicNow: () => now }) });
    const reference = { symbol: 'BTC/USDT', clientOrderId: 'a' };
    const counts = {
      status: 429,
      headers: { 'retry-after': '36000' },
      body: { code: -1015, msg: 'Too many new orders; current limit is 200000 orders per 1 DAY.' },
    };
    server.handle = ({ method, path }) => {
      if (method === 'POST') return counts;
      if (method === 'DELETE') return { status: 400, body: { code: -2011, msg: 'Unknown order sent.' } };
      return path === 'order'
        ? { status: 400, body: { code: -2013, msg: 'Order does not exist.' } }
        : { body: { balances: NONE } };
    };
    // A whole day's count is tried again each minute, whatever Retry-After says: what is filled is taken off it.
    expect(await full.venue.send(approved(stopDraft()))).toMatchObject({
      kind: 'not-sent',
      error: { code: '-1015', retryAfter: 60_000, ordersOnly: true },
    });
    for (const draft of [stopDraft(), exitDraft(), {}])
      expect(await full.venue.send(approved(draft))).toMatchObject({
        kind: 'not-sent',
        error: { code: 'local-budget', retryAfter: 60_000, ordersOnly: true },
      });
    expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(await full.venue.balances()).toMatchObject({ ok: true });
    expect(await full.venue.lookUp(reference)).toEqual({ kind: 'not-found' });
    expect(await full.venue.cancel(reference)).toMatchObject({ kind: 'not-open' });
    now = 60_000;
    await full.venue.send(approved(stopDraft()));
    expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(2);
    await full.close();
  });

  test('an entry that waits for more than the count of orders tells of no longer wait for stops than they have', async () => {
    let now = 0;
    const both = await connect(server.origin, { clock: impatientClock({ monotonicNow: () => now }) });
    server.handle = ({ method }) =>
      method === 'POST'
        ? { status: 429, body: { code: -1015, msg: 'Too many new orders; current limit is 50 orders per 10 SECOND.' } }
        : { status: 403, body: 'no' };
    await both.venue.balances();
    await both.venue.send(approved(stopDraft()));
    expect(await both.venue.send(approved())).toMatchObject({
      error: { code: 'local-budget', retryAfter: 10_000, ordersOnly: true },
    });
    now = 10_000;
    expect(await both.venue.send(approved())).toMatchObject({
      error: { code: 'local-budget', retryAfter: 50_000, urgentMayGo: true },
    });
    server.handle = () => ({ status: 429, body: { code: -1003, msg: 'Too many requests.' } });
    await both.venue.send(approved(stopDraft()));
    expect(await both.venue.send(approved())).toMatchObject({
      error: {
        code: 'local-budget',
        message: expect.stringContaining('waiting 50000 ms') as string,
        retryAfter: 5_000,
      },
    });
    await both.close();
  });

  test('a ban is for everything, even one that is told in the words of too many orders', async () => {
    const ban = {
      status: 418,
      body: { code: -1015, msg: 'Too many new orders; current limit is 50 orders per 10 SECOND.' },
    };
    server.handle = () => ({ ...ban, headers: { 'retry-after': '180' } });
    const banned = await exchange.venue.send(approved());
    expect(banned).toMatchObject({ kind: 'not-sent', error: { code: '-1015', retryAfter: 180_000 } });
    expect(banned.kind === 'not-sent' && banned.error.ordersOnly).toBe(undefined);
    const before = server.received.length;
    expect(await exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'a' })).toMatchObject({
      kind: 'not-sent',
      error: { code: 'local-budget' },
    });
    expect(server.received).toHaveLength(before);
    const another = await connect(server.origin);
    server.handle = () => ban;
    expect(await another.venue.send(approved())).toMatchObject({
      kind: 'not-sent',
      error: { code: '-1015', retryAfter: 120_000 },
    });
    await another.close();
  });

  test.each([
    ['429 too many requests', 429, { code: -1003, msg: 'Too many requests.' }, 5_000],
    ['429 of something before the exchange', 429, 'slow down', 5_000],
    [
      '429 too many orders of a whole day',
      429,
      { code: -1015, msg: 'Too many new orders; current limit is 160000 orders per 1 DAY.' },
      60_000,
    ],
    ['418', 418, { code: -1003, msg: 'Way too many requests; IP banned.' }, 120_000],
    ['403 of the firewall', 403, 'no', 60_000],
  ])(
    '%s that does not say how long: whoever asked is told of the pause that the client keeps',
    async (_what, status, body, pause) => {
      let now = 0;
      const slow = await connect(server.origin, { clock: impatientClock({ monotonicNow: () => now }) });
      server.handle = () => ({ status, body });
      expect(await slow.venue.send(approved())).toMatchObject({
        kind: 'not-sent',
        error: { kind: 'rate-limited', retryAfter: pause },
      });
      expect(await slow.venue.send(approved())).toMatchObject({ error: { code: 'local-budget', retryAfter: pause } });
      now = pause;
      expect(await slow.venue.send(approved())).toMatchObject({
        error: { code: expect.not.stringMatching('local-budget') as string },
      });
      await slow.close();
    },
  );

  test("the date in a Retry-After is one of the exchange's clock: ours may be ahead of it, which would be no wait at all", async () => {
    const exchangeNow = Date.now() - 120_000;
    const ahead = {
      date: new Date(exchangeNow).toUTCString(),
      'retry-after': new Date(exchangeNow + 60_000).toUTCString(),
    };
    server.handle = () => ({ status: 429, headers: ahead, body: { code: -1003, msg: 'Too many requests.' } });
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'not-sent', error: { retryAfter: 60_000 } });
  });

  test("the wait in the exchange's words", () => {
    const at = 1_722_816_000_000;
    expect(
      parseStatedWait('-1003', 'Way too much request weight used; IP banned until 1722816060000. Please', at),
    ).toBe(60_000);
    expect(parseStatedWait('-1003', 'IP banned until 1722816000000.', at + 60_000)).toBeNull();
    expect(parseStatedWait('-1003', 'IP banned until 9999999999999.', 0)).toBe(3 * 24 * 3_600_000);
    expect(parseStatedWait('-1003', 'IP banned until further notice.', 0)).toBeNull();
    expect(parseStatedWait('-1015', 'Too many new orders; current limit is 50 orders per 10 SECOND.', at)).toBe(10_000);
    expect(parseStatedWait('-1015', 'Too many new orders.', at)).toBe(10_000);
    // A day's worth is no wait for stops and exits; the client's own pause and another try are.
    expect(parseStatedWait('-1015', 'Too many new orders; current limit is 160000 orders per 1 DAY.', at)).toBeNull();
    expect(parseStatedWait(null, '', at)).toBeNull();
  });
});

test('no message holds a key, a signature or a signed address', async () => {
  const messages: string[] = [];
  const bodies = [
    'planted-api-key',
    { code: -1, msg: `GET https://x/api/v3/account?timestamp=1&signature=abcdef0123456789 planted-api-secret` },
  ];
  // 429 comes last: after it the client is silent for a while.
  for (const status of [400, 500, 401, 429]) {
    for (const body of bodies) {
      server.handle = () => ({ status, body });
      messages.push(JSON.stringify(await exchange.venue.balances()));
    }
  }
  server.handle = (_request, response) => (response.destroy(), null);
  messages.push(JSON.stringify(await exchange.venue.balances()), JSON.stringify(await exchange.venue.send(approved())));
  for (const message of messages) expect(message).not.toMatch(/planted|abcdef0123|timestamp=/);
});
