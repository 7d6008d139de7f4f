import { createHmac } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { decimal } from '../../core/decimal.ts';
import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import {
  approved,
  connect,
  draft,
  exitDraft,
  startLoopbackExchange,
  stopDraft,
  type LoopbackExchange,
  type Received,
} from './loopback-exchange.test-helper.ts';

let server: LoopbackExchange;
let exchange: ExchangeHandle;
beforeEach(async () => {
  server = await startLoopbackExchange();
  exchange = await connect(server.origin);
});
afterEach(async () => {
  await exchange.close();
  await server.close();
});

const order = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  symbol: 'BTCUSDT',
  orderId: 42,
  clientOrderId: 'gb-test-1',
  transactTime: 1_722_816_000_000,
  side: 'BUY',
  status: 'FILLED',
  origQty: '0.00100000',
  executedQty: '0.00100000',
  fills: [
    { price: '59990.10000000', qty: '0.00060000', commission: '0.00000060', commissionAsset: 'BTC', tradeId: 7 },
    { price: '59995.50000000', qty: '0.00040000', commission: '0.00000040', commissionAsset: 'BTC', tradeId: 8 },
  ],
  ...overrides,
});

const trade = (id: number | string, overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  orderId: 42,
  price: '60000.00000000',
  qty: '0.00050000',
  quoteQty: '30.00000000',
  commission: '0.00000050',
  commissionAsset: 'BTC',
  time: 1_722_816_000_000 + Number(id),
  isBuyer: true,
  ...overrides,
});

const sentOrders = (): readonly Received[] =>
  server.received.filter(({ path, method }) => path === 'order' && method === 'POST');
const plain = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...query].filter(([name]) => !['timestamp', 'signature'].includes(name)));

describe('sending', () => {
  test('an entry goes out as exact text, signed by wall time within the receive window', async () => {
    server.handle = () => ({ body: order() });
    const outcome = await exchange.venue.send(
      approved({ quantity: decimal('0.001'), limitPrice: decimal('60000.01') }),
    );
    expect(outcome).toMatchObject({
      kind: 'accepted',
      order: { status: 'filled', exchangeOrderId: '42', side: 'buy', symbol: 'BTC/USDT', executedQuantity: '0.001' },
    });
    const request = sentOrders()[0];
    if (request === undefined) throw new Error('nothing was sent');
    expect(plain(request.query)).toEqual({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'IOC',
      newClientOrderId: 'gb-test-1',
      newOrderRespType: 'FULL',
      quantity: '0.001',
      price: '60000.01',
      recvWindow: '5000',
    });
    expect(Math.abs(Number(request.query.get('timestamp')) - Date.now())).toBeLessThan(2_000);
    const unsigned = new URLSearchParams([...request.query].filter(([name]) => name !== 'signature')).toString();
    expect(request.query.get('signature')).toBe(
      createHmac('sha256', 'planted-api-secret').update(unsigned).digest('hex'),
    );
    expect(request.headers['x-mbx-apikey']).toBe('planted-api-key');
  });

  test('fills of the answer are exact: quantity, quote amount, fee and its coin', async () => {
    server.handle = () => ({ body: order() });
    const outcome = await exchange.venue.send(approved());
    expect(outcome.kind === 'accepted' && outcome.order.fills).toEqual([
      {
        tradeId: '7',
        price: '59990.1',
        quantity: '0.0006',
        quoteQuantity: '35.99406',
        fee: '0.0000006',
        feeAsset: 'BTC',
        at: 1_722_816_000_000,
      },
      {
        tradeId: '8',
        price: '59995.5',
        quantity: '0.0004',
        quoteQuantity: '23.9982',
        fee: '0.0000004',
        feeAsset: 'BTC',
        at: 1_722_816_000_000,
      },
    ]);
  });

  test("what was paid or got is the exchange's own amount: where price x quantity is finer than a balance can be, the trades are read", async () => {
    const fills = [{ price: '0.00008123', qty: '123.45', commission: '0', commissionAsset: 'BNB', tradeId: 7 }];
    const cheap = order({ origQty: '123.45', executedQty: '123.45', cummulativeQuoteQty: '0.01002784', fills });
    const exact = trade(7, { price: '0.00008123', qty: '123.45', quoteQty: '0.01002784' });
    server.handle = ({ path }) => ({ body: path === 'order' ? cheap : [exact] });
    const outcome = await exchange.venue.send(approved());
    expect(outcome).toMatchObject({
      kind: 'accepted',
      order: { fills: [{ tradeId: '7', quoteQuantity: '0.01002784' }] },
    });
    server.handle = ({ path }) => (path === 'order' ? { body: cheap } : { status: 500, body: '' });
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'unknown' });
    const before = server.received.length;
    server.handle = () => ({ body: order({ cummulativeQuoteQty: '59.99226000' }) });
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'accepted' });
    expect(server.received.length - before).toBe(1);
  });

  const shapes: readonly (readonly [string, Partial<OrderDraft>, Record<string, string>])[] = [
    ['a market exit', exitDraft(), { side: 'SELL', type: 'MARKET' }],
    [
      'a limit exit',
      exitDraft({ type: 'limit', limitPrice: decimal('59000'), timeInForce: 'IOC' }),
      { side: 'SELL', type: 'LIMIT', price: '59000', timeInForce: 'IOC' },
    ],
    [
      'a stop-loss-limit',
      stopDraft(),
      { side: 'SELL', type: 'STOP_LOSS_LIMIT', price: '57000', stopPrice: '58000', timeInForce: 'GTC' },
    ],
    [
      'a stop-loss',
      stopDraft({ type: 'stop-loss', limitPrice: null, timeInForce: null }),
      { side: 'SELL', type: 'STOP_LOSS', stopPrice: '58000' },
    ],
  ];
  test.each(shapes)('%s has exactly the parameters of its type', async (_name, overrides, expected) => {
    server.handle = () => ({ body: order({ side: 'SELL', status: 'NEW', executedQty: '0.00000000', fills: [] }) });
    expect(await exchange.venue.send(approved(overrides))).toMatchObject({
      kind: 'accepted',
      order: { status: 'new', fills: [] },
    });
    expect(plain(sentOrders()[0]?.query ?? new URLSearchParams())).toEqual({
      symbol: 'BTCUSDT',
      newClientOrderId: 'gb-test-1',
      newOrderRespType: 'FULL',
      quantity: '0.001',
      recvWindow: '5000',
      ...expected,
    });
  });

  test('an answer without its fills is completed from the trades', async () => {
    server.handle = ({ path }) => ({
      body: path === 'order' ? order({ fills: undefined }) : [trade(8), trade(7), trade(9, { orderId: 43 })],
    });
    const outcome = await exchange.venue.send(approved());
    expect(outcome.kind === 'accepted' && outcome.order.fills.map(({ tradeId }) => tradeId)).toEqual(['7', '8']);
  });

  test('fills that cannot be had make the outcome unknown, never a part of the truth', async () => {
    const partial = order({ fills: [(order()['fills'] as unknown[])[0]] });
    server.handle = ({ path }) => (path === 'order' ? { body: partial } : { status: 500, body: '' });
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'unknown' });
    server.handle = ({ path }) => ({ body: path === 'order' ? partial : [trade(7)] });
    expect(await exchange.venue.send(approved())).toMatchObject({
      kind: 'unknown',
      error: { kind: 'malformed', message: expect.stringContaining('executed 0.001') },
    });
  });

  test('an answer about another order, of another shape or that contradicts itself is unknown', async () => {
    for (const body of [
      order({ clientOrderId: 'other' }),
      order({ symbol: 'ETHUSDT' }),
      order({ executedQty: '0.002' }),
      order({ executedQty: '0.0005' }),
      order({ status: 'DONE' }),
      order({ orderId: 1.5 }),
      {},
      'OK',
    ]) {
      server.handle = ({ path }) => ({ body: path === 'order' ? body : [] });
      expect(await exchange.venue.send(approved()), JSON.stringify(body)).toMatchObject({ kind: 'unknown' });
    }
  });

  test('a refusal is final, and a wrong clock is nothing sent', async () => {
    server.handle = () => ({
      status: 400,
      body: { code: -2010, msg: 'Account has insufficient balance for requested action.' },
    });
    expect(await exchange.venue.send(approved())).toMatchObject({
      kind: 'rejected',
      error: { code: '-2010', message: expect.stringContaining('insufficient balance') },
    });
    server.handle = () => ({
      status: 400,
      body: { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' },
    });
    expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'not-sent', error: { kind: 'clock-skew' } });
  });

  test('that the id is in the book already is no refusal, under whichever code the exchange says so', async () => {
    for (const code of [-2010, -1010]) {
      server.handle = () => ({ status: 400, body: { code, msg: 'Duplicate order sent.' } });
      expect(await exchange.venue.send(approved()), String(code)).toMatchObject({
        kind: 'unknown',
        error: { code: String(code) },
      });
    }
  });

  test('an id beyond what a double holds stays exact', async () => {
    server.handle = () => ({
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order()).replace('"orderId":42', '"orderId":90071992547409931'),
    });
    const outcome = await exchange.venue.send(approved());
    expect(outcome.kind === 'accepted' && outcome.order.exchangeOrderId).toBe('90071992547409931');
  });
});

describe('the last look before the network', () => {
  const refused: readonly (readonly [string, Partial<OrderDraft>, RegExp])[] = [
    ['an entry that sells', { side: 'sell' }, /has to be a buy/],
    ['an entry at market', { type: 'market', limitPrice: null }, /limit order, immediate or cancel/],
    ['an entry that would rest', { timeInForce: 'GTC' }, /immediate or cancel/],
    ['an entry above the ceiling', { quantity: decimal('0.017') }, /notional 1020 is above the ceiling 1000/],
    ['an entry whose signal expired', { expiresAtWall: Date.now() - 1 }, /expired/],
    ['an entry without an expiry', { expiresAtWall: null }, /expiry/],
    ['a stop that buys', stopDraft({ side: 'buy' }), /has to be a sell/],
    ['a stop without a trigger', stopDraft({ stopPrice: null }), /trigger/],
    ['a stop whose limit is above its trigger', stopDraft({ limitPrice: decimal('58001') }), /above its trigger/],
    ['a stop that would not rest', stopDraft({ timeInForce: 'IOC' }), /has to rest/],
    ['a stop that is a market order', stopDraft({ type: 'market' }), /stop-loss order/],
    ['an exit that buys', exitDraft({ side: 'buy' }), /has to be a sell/],
    ['an exit with a trigger', exitDraft({ stopPrice: decimal('1') }), /trigger/],
    ['nothing', { quantity: decimal('0') }, /not positive/],
    ['a client id that is too long', { clientOrderId: 'x'.repeat(37) }, /client order id/],
    ['a client id with odd letters', { clientOrderId: 'a b' }, /client order id/],
  ];
  test.each(refused)('%s never leaves', async (_name, overrides, why) => {
    const before = server.received.length;
    const outcome = await exchange.venue.send(approved(overrides));
    expect(outcome).toMatchObject({
      kind: 'rejected',
      error: { kind: 'refused', code: 'adapter-guard', message: expect.stringMatching(why) },
    });
    expect(server.received).toHaveLength(before);
  });

  test('a look-alike of an approved order never leaves', async () => {
    const before = server.received.length;
    for (const fake of [
      { draft: draft() },
      Object.create(Object.getPrototypeOf(approved()) as object) as object,
      null,
      'order',
    ]) {
      expect(await exchange.venue.send(fake as ApprovedOrder)).toMatchObject({
        kind: 'rejected',
        error: { message: expect.stringContaining('not approved') },
      });
    }
    expect(server.received).toHaveLength(before);
  });

  test('unknown equity stops entries, and neither stops nor exits', async () => {
    const blind = await connect(server.origin, { entryCeiling: () => null });
    server.handle = () => ({ body: order({ side: 'SELL', status: 'NEW', executedQty: '0', fills: [] }) });
    expect(await blind.venue.send(approved())).toMatchObject({
      kind: 'rejected',
      error: { message: expect.stringContaining('equity is not known') },
    });
    expect(await blind.venue.send(approved(stopDraft()))).toMatchObject({ kind: 'accepted' });
    expect(await blind.venue.send(approved(exitDraft()))).toMatchObject({ kind: 'accepted' });
    await blind.close();
  });

  test("the ceiling is asked for the order's own symbol, at the moment of sending", async () => {
    const asked: string[] = [];
    const watched = await connect(server.origin, { entryCeiling: (symbol) => (asked.push(symbol), decimal('60')) });
    server.handle = () => ({ body: order() });
    expect(await watched.venue.send(approved())).toMatchObject({ kind: 'accepted' });
    expect(asked).toEqual(['BTC/USDT']);
    await watched.close();
  });
});

describe('cancelling', () => {
  const reference = { symbol: 'BTC/USDT', clientOrderId: 'gb-test-1' };

  test('holds the fills that came before', async () => {
    server.handle = ({ path }) => ({
      body:
        path === 'order'
          ? order({
              clientOrderId: 'cancel-id',
              origClientOrderId: 'gb-test-1',
              status: 'CANCELED',
              executedQty: '0.0005',
              fills: undefined,
            })
          : [trade(7)],
    });
    expect(await exchange.venue.cancel(reference)).toMatchObject({
      kind: 'cancelled',
      order: { clientOrderId: 'gb-test-1', status: 'cancelled', executedQuantity: '0.0005', fills: [{ tradeId: '7' }] },
    });
    expect(
      plain(server.received.find(({ method }) => method === 'DELETE')?.query ?? new URLSearchParams()),
    ).toMatchObject({ symbol: 'BTCUSDT', origClientOrderId: 'gb-test-1' });
  });

  test('an order that is not open is told apart from a cancellation that may have happened', async () => {
    server.handle = () => ({ status: 400, body: { code: -2011, msg: 'Unknown order sent.' } });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'not-open', error: { code: '-2011' } });
    server.handle = () => ({ status: 400, body: { code: -1010, msg: 'Unknown order sent.' } });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'not-open', error: { code: '-1010' } });
    server.handle = () => ({ status: 400, body: { code: -1010, msg: 'This account may not place or cancel orders.' } });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'not-sent' });
    server.handle = () => ({ status: 502, body: '' });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'unknown' });
    server.handle = () => ({ status: 400, body: { code: -1021, msg: 'late' } });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'not-sent' });
  });

  test('what the order itself says afterwards decides, not the answer to the cancellation', async () => {
    const answers =
      (after: Record<string, unknown>) =>
      ({ path, method }: Received): { body: unknown } => {
        if (path !== 'order') return { body: [trade(7), trade(8)] };
        return {
          body: order({
            fills: undefined,
            ...(method === 'DELETE' ? { status: 'CANCELED', executedQty: '0' } : after),
          }),
        };
      };
    server.handle = answers({ status: 'CANCELED', executedQty: '0.001' });
    expect(await exchange.venue.cancel(reference)).toMatchObject({
      kind: 'cancelled',
      order: { executedQuantity: '0.001', fills: [{}, {}] },
    });
    server.handle = answers({ status: 'FILLED' });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'not-open' });
    server.handle = answers({ status: 'NEW', executedQty: '0' });
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'unknown' });
  });

  test('without the fills behind it, a cancellation is unknown', async () => {
    server.handle = ({ path }) =>
      path === 'order'
        ? { body: order({ status: 'CANCELED', executedQty: '0.0005', fills: undefined }) }
        : { status: 500, body: '' };
    expect(await exchange.venue.cancel(reference)).toMatchObject({ kind: 'unknown' });
  });
});

describe('looking up', () => {
  const reference = { symbol: 'BTC/USDT', clientOrderId: 'gb-test-1' };

  test('by client id, all fills included', async () => {
    server.handle = ({ path }) => ({
      body: path === 'order' ? order({ fills: undefined, transactTime: undefined }) : [trade(7), trade(8)],
    });
    expect(await exchange.venue.lookUp(reference)).toMatchObject({
      kind: 'found',
      order: { status: 'filled', fills: [{ tradeId: '7' }, { tradeId: '8' }] },
    });
    expect(server.received.find(({ path }) => path === 'order')?.query.get('origClientOrderId')).toBe('gb-test-1');
  });

  test('not found is the exchange saying so, and nothing else', async () => {
    const archived = 'Order was canceled or expired with no executed qty over 90 days ago and has been archived.';
    for (const [body, found] of [
      [{ code: -2013, msg: 'Order does not exist.' }, { kind: 'not-found' }],
      [
        { code: -2026, msg: archived },
        { kind: 'not-found', archived: true },
      ],
    ] as const) {
      server.handle = () => ({ status: 400, body });
      expect(await exchange.venue.lookUp(reference)).toEqual(found);
    }
    for (const [status, body] of [
      [404, ''],
      [500, ''],
      [200, {}],
      [400, { code: -2015, msg: 'key' }],
      [400, { code: -1121, msg: 'symbol' }],
    ] as const) {
      server.handle = () => ({ status, body });
      expect(await exchange.venue.lookUp(reference), String(status)).toMatchObject({ kind: 'unknown' });
    }
  });

  test.each([
    [{}, { stated: '0.001' }],
    [
      { status: 'EXPIRED', executedQty: '0.0004', cummulativeQuoteQty: '24.00000000' },
      { stated: '0.0004', statedQuote: '24' },
    ],
    [{ cummulativeQuoteQty: '-1' }, { stated: '0.001' }],
    [{ status: 'PARTIALLY_FILLED', executedQty: '0.0004' }, {}],
    [{ symbol: 'ETHUSDT' }, {}],
  ])(
    'of one whose trades cannot be read, and that says %o, it is known that %o: never of one that goes on or contradicts itself',
    async (says, stated) => {
      server.handle = ({ path }) =>
        path === 'order' ? { body: order({ fills: undefined, ...says }) } : { status: 500, body: '' };
      const found = await exchange.venue.lookUp(reference);
      expect(found).toEqual({ kind: 'unknown', error: expect.anything() as unknown, ...stated });
    },
  );

  test.each([
    ['EXPIRED', 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED', 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED'],
    ['EXPIRED_IN_MATCH', undefined, 'it met another order of the account (self-trade prevention)'],
    ['EXPIRED_IN_MATCH', 'NONE', 'it met another order of the account (self-trade prevention)'],
    ['EXPIRED', 'NONE', undefined],
    ['EXPIRED', { odd: 1 }, undefined],
    ['CANCELED', 'EXCHANGE_CANCELED', undefined],
  ])('of one that ended as %s with %s the reason is known as %s', async (status, expiryReason, known) => {
    server.handle = () => ({ body: order({ status, expiryReason, executedQty: '0', fills: undefined }) });
    const found = await exchange.venue.lookUp(reference);
    expect(found.kind === 'found' && found.order.expiryReason).toBe(known);
  });

  test('trades that trail the order are waited for', async () => {
    let reads = 0;
    server.handle = ({ path }) => ({
      body: path === 'order' ? order({ fills: undefined }) : [trade(7), ...((reads += 1) > 2 ? [trade(8)] : [])],
    });
    expect(await exchange.venue.lookUp(reference)).toMatchObject({ kind: 'found', order: { fills: [{}, {}] } });
    server.handle = ({ path }) => ({ body: path === 'order' ? order({ fills: undefined }) : [trade(7)] });
    expect(await exchange.venue.lookUp(reference)).toMatchObject({ kind: 'unknown', error: { kind: 'malformed' } });
  });

  test('every status of the exchange has its meaning', async () => {
    const cases = [
      ['NEW', '0', 'new'],
      ['PENDING_NEW', '0', 'new'],
      ['PARTIALLY_FILLED', '0.0005', 'partially-filled'],
      ['PENDING_CANCEL', '0.0005', 'partially-filled'],
      ['FILLED', '0.001', 'filled'],
      ['CANCELED', '0', 'cancelled'],
      ['REJECTED', '0', 'rejected'],
      ['EXPIRED', '0.0005', 'expired'],
      ['EXPIRED_IN_MATCH', '0', 'expired'],
    ] as const;
    for (const [status, executedQty, meaning] of cases) {
      const trades = executedQty === '0.001' ? [trade(7), trade(8)] : [trade(7)];
      server.handle = ({ path }) => ({
        body: path === 'order' ? order({ status, executedQty, fills: undefined }) : trades,
      });
      expect(await exchange.venue.lookUp(reference), status).toMatchObject({
        kind: 'found',
        order: { status: meaning },
      });
    }
  });
});

describe('reading the account', () => {
  test('open orders hold their fills, or the read fails', async () => {
    server.handle = ({ path }) => ({
      body:
        path === 'openOrders'
          ? [
              order({ status: 'PARTIALLY_FILLED', executedQty: '0.0005', fills: undefined }),
              order({ orderId: 44, clientOrderId: 'foreign', status: 'NEW', executedQty: '0', fills: undefined }),
            ]
          : [trade(7)],
    });
    expect(await exchange.venue.openOrders('BTC/USDT')).toMatchObject({
      ok: true,
      value: [
        { clientOrderId: 'gb-test-1', fills: [{ tradeId: '7' }] },
        { clientOrderId: 'foreign', fills: [] },
      ],
    });
    server.handle = ({ path }) =>
      path === 'openOrders'
        ? { body: [order({ status: 'PARTIALLY_FILLED', executedQty: '0.0005', fills: undefined })] }
        : { status: 500, body: '' };
    expect(await exchange.venue.openOrders('BTC/USDT')).toMatchObject({ ok: false });
  });

  test('balances are exact and leave out what is empty', async () => {
    server.handle = () => ({
      body: {
        balances: [
          { asset: 'USDT', free: '412.10000000', locked: '0.00000000' },
          { asset: 'BTC', free: '0.00000000', locked: '0.00100000' },
          { asset: 'BNB', free: '0.00000000', locked: '0.00000000' },
        ],
      },
    });
    expect(await exchange.venue.balances()).toEqual({
      ok: true,
      value: [
        { asset: 'USDT', free: '412.1', locked: '0' },
        { asset: 'BTC', free: '0', locked: '0.001' },
      ],
    });
  });

  const many = (from: number, count: number): Record<string, unknown>[] =>
    Array.from({ length: count }, (_, index) => trade(from + index * 3));
  const paged =
    (all: readonly Record<string, unknown>[]) =>
    ({ query }: Received): { body: unknown } => {
      const fromId = query.get('fromId');
      const limit = Number(query.get('limit'));
      return {
        body:
          fromId === null ? all.slice(-limit) : all.filter(({ id }) => Number(id) >= Number(fromId)).slice(0, limit),
      };
    };

  test('own trades after an id are complete over several pages, oldest first', async () => {
    const all = many(1_000, 2_500);
    server.handle = paged(all);
    const read = await exchange.venue.tradesAfter('BTC/USDT', '1000', 0);
    expect(read.ok && read.value.map(({ tradeId }) => tradeId)).toEqual(all.slice(1).map(({ id }) => String(id)));
    expect(read.ok && read.value[0]).toMatchObject({
      symbol: 'BTC/USDT',
      exchangeOrderId: '42',
      side: 'buy',
      quoteQuantity: '30',
      fee: '0.0000005',
      feeAsset: 'BTC',
    });
  });

  test('own trades since a time are complete, also when there are more than one page', async () => {
    const all = many(0, 1_800);
    server.handle = paged(all);
    const since = 1_722_816_000_000 + 300;
    const read = await exchange.venue.tradesAfter('BTC/USDT', null, since);
    expect(read.ok && read.value.length).toBe(1_700);
    expect(read.ok && read.value.every(({ at }) => at >= since)).toBe(true);
    server.handle = paged(many(0, 3));
    expect(await exchange.venue.tradesAfter('BTC/USDT', null, 0)).toMatchObject({
      ok: true,
      value: [{ tradeId: '0' }, { tradeId: '3' }, { tradeId: '6' }],
    });
  });

  test('a history longer than one read may take is read on from where the last read came to, and from there on the next time', async () => {
    const all = many(0, 60_000);
    server.handle = paged(all);
    const since = 1_722_816_000_000 + 3 * 58_000;
    expect(await exchange.venue.tradesAfter('BTC/USDT', null, since)).toMatchObject({
      ok: false,
      error: { kind: 'malformed', message: expect.stringContaining('more than 50000') },
    });
    const read = await exchange.venue.tradesAfter('BTC/USDT', null, since);
    expect(read.ok && [read.value.length, read.value[0]?.tradeId]).toEqual([2_000, String(3 * 58_000)]);
    const before = server.received.length;
    expect(await exchange.venue.tradesAfter('BTC/USDT', null, since)).toEqual(read);
    expect(server.received.length - before).toBe(4);
    // An earlier time needs what lies before it.
    const earlier = await exchange.venue.tradesAfter('BTC/USDT', null, since - 3 * 500);
    expect(earlier.ok ? earlier.value.length : earlier.error.message).toContain('more than 50000');
  });

  test('a page that fails fails the whole read', async () => {
    const all = many(1_000, 1_500);
    let calls = 0;
    server.handle = (request) => ((calls += 1) === 2 ? { status: 500, body: '' } : paged(all)(request));
    expect(await exchange.venue.tradesAfter('BTC/USDT', '1', 0)).toMatchObject({ ok: false });
  });
});

test('every address of the library is turned to the configured root, the sandbox too', async () => {
  const sandbox = await connect(server.origin, { sandbox: true });
  server.handle = () => ({ body: { balances: [{ asset: 'USDT', free: '0', locked: '0' }] } });
  expect(await sandbox.venue.balances()).toEqual({ ok: true, value: [] });
  await sandbox.close();
});

test('closed, it sends nothing more', async () => {
  await exchange.close();
  expect(await exchange.venue.send(approved())).toMatchObject({ kind: 'not-sent', error: { code: 'CLOSED' } });
});

describe('repeated and reordered trades', () => {
  const reference = { symbol: 'BTC/USDT', clientOrderId: 'gb-test-1' };

  test('count once, oldest first', async () => {
    server.handle = ({ path }) => ({
      body: path === 'order' ? order({ fills: undefined }) : [trade(8), trade(7), trade(8)],
    });
    const found = await exchange.venue.lookUp(reference);
    expect(found.kind === 'found' && found.order.fills.map(({ tradeId }) => tradeId)).toEqual(['7', '8']);
    const read = await exchange.venue.tradesAfter('BTC/USDT', null, 0);
    expect(read.ok && read.value.map(({ tradeId }) => tradeId)).toEqual(['7', '8']);
  });

  test('that contradict each other are unknown', async () => {
    server.handle = ({ path }) => ({
      body: path === 'order' ? order({ fills: undefined }) : [trade(7), trade(7, { price: '1.0' })],
    });
    expect(await exchange.venue.lookUp(reference)).toMatchObject({
      kind: 'unknown',
      error: { message: expect.stringContaining('came twice') },
    });
    expect(await exchange.venue.tradesAfter('BTC/USDT', '1', 0)).toMatchObject({ ok: false });
  });
});
