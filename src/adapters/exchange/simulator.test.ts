import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { add, decimal, formatDecimal, sub, type Decimal } from '../../core/decimal.ts';
import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import { ceilToTick, floorToTick, type Instrument } from '../../core/market/instrument.ts';
import type { Fill, OrderSnapshot } from '../../core/orders/order.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { SendOutcome } from '../../ports/venue.ts';
import type { ExchangeSimulator } from '../../sim/exchange/simulator.ts';
import { TEST_START, createRawClient, startTestSimulator } from '../../sim/exchange/testing.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import { approved, connect, exitDraft, impatientClock, stopDraft } from './loopback-exchange.test-helper.ts';

/** The adapter against the exchange simulator: real HTTP, real signatures, real filters. */
let simulator: ExchangeSimulator;
let exchange: ExchangeHandle;
let sequence = 0;

beforeEach(async () => {
  simulator = await startTestSimulator();
  exchange = await connect(simulator.url, {
    credentials: { apiKey: simulator.credentials.apiKey, secret: simulator.credentials.secret },
    entryCeiling: () => decimal('7000'),
    clock: impatientClock({ marketNow: () => simulator.control.state().marketTime }),
    timeout: 1_000,
  });
});
afterEach(async () => {
  await exchange.close();
  await simulator.close();
});

const btc = async (): Promise<Instrument> => {
  const read = await exchange.marketData.instruments(['BTC/USDT', 'ETH/USDT']);
  if (!read.ok || read.value[0] === undefined) throw new Error('no instrument');
  return read.value[0];
};

const price = async (): Promise<{ bid: Decimal; ask: Decimal; last: Decimal }> => {
  const read = await exchange.marketData.quotes(['BTC/USDT'], TEST_START);
  const quote = read.ok ? read.value[0] : undefined;
  if (quote === undefined) throw new Error('no quote');
  return { bid: decimal(String(quote.bid)), ask: decimal(String(quote.ask)), last: decimal(String(quote.last)) };
};

const nextId = (): string => `gb-test-${(sequence += 1)}`;

const enter = async (
  quantity = '0.01',
  clientOrderId = nextId(),
): Promise<{ outcome: SendOutcome; clientOrderId: string }> => {
  const limitPrice = ceilToTick(await btc(), add((await price()).ask, decimal('50')));
  const outcome = await exchange.venue.send(approved({ clientOrderId, quantity: decimal(quantity), limitPrice }));
  return { outcome, clientOrderId };
};

const bought = async (quantity = '0.01'): Promise<OrderSnapshot> => {
  const { outcome } = await enter(quantity);
  if (outcome.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  return outcome.order;
};

const total = (fills: readonly Fill[]): string =>
  formatDecimal(fills.reduce((sum, fill) => add(sum, decimal(fill.quantity)), decimal('0')));

const rest = async (quantity = '0.009', below = '500'): Promise<string> => {
  const instrument = await btc();
  const stopPrice = floorToTick(instrument, sub((await price()).last, decimal(below)));
  const clientOrderId = nextId();
  const outcome = await exchange.venue.send(
    approved({
      ...stopDraft({ stopPrice, limitPrice: sub(stopPrice, decimal('1000')) }),
      clientOrderId,
      quantity: decimal(quantity),
    }),
  );
  expect(outcome).toMatchObject({ kind: 'accepted', order: { status: 'new', fills: [] } });
  return clientOrderId;
};

describe('market data', () => {
  test("instruments, prices, closed candles and the exchange's time", async () => {
    const instrument = await btc();
    expect(instrument).toMatchObject({ symbol: 'BTC/USDT', id: 'BTCUSDT', trading: true });
    expect(instrument.orderTypes).toContain('stop-loss-limit');
    expect(instrument.minNotional > 0n && instrument.tickSize > 0n && instrument.stepSize > 0n).toBe(true);
    const { bid, ask } = await price();
    expect(ask > bid).toBe(true);
    const candles = await exchange.marketData.closedCandles('BTC/USDT', TEST_START - 24 * HOUR_MS, TEST_START);
    expect(candles.ok && candles.value.length).toBe(24);
    expect(candles.ok && candles.value.at(-1)?.openTime).toBe(TEST_START - HOUR_MS);
    const time = await exchange.venue.serverTime();
    expect(time.ok && Math.abs(time.value - Date.now()) < 1_000).toBe(true);
  });

  test('the hour that is forming is not among the candles', async () => {
    await simulator.control.idle();
    const { marketTime } = simulator.control.state();
    const candles = await exchange.marketData.closedCandles('BTC/USDT', TEST_START - 2 * HOUR_MS, marketTime);
    expect(candles.ok && candles.value.map(({ openTime }) => openTime)).toEqual([
      TEST_START - 2 * HOUR_MS,
      TEST_START - HOUR_MS,
    ]);
  });

  test('an unlisted symbol is refused by name', async () => {
    expect(await exchange.marketData.instruments(['BTC/USDT', 'NOPE/USDT'])).toMatchObject({
      ok: false,
      error: { kind: 'unlisted', message: expect.stringContaining('NOPE/USDT') },
    });
  });
});

describe("an order's life", () => {
  test("entry, protective stop, cancel, market exit: the fills equal the simulator's account to the last decimal", async () => {
    const entry = await bought('0.01');
    expect(entry).toMatchObject({ status: 'filled', side: 'buy', executedQuantity: '0.01' });
    expect(total(entry.fills)).toBe('0.01');
    const stop = await rest('0.009');
    expect(await exchange.venue.openOrders('BTC/USDT')).toMatchObject({
      ok: true,
      value: [{ clientOrderId: stop, status: 'new', algo: true }],
    });
    expect(await exchange.venue.balances()).toMatchObject({
      ok: true,
      value: expect.arrayContaining([expect.objectContaining({ asset: 'BTC', locked: '0.009' })]),
    });
    expect(await exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: stop })).toMatchObject({
      kind: 'cancelled',
      order: { clientOrderId: stop, status: 'cancelled', fills: [] },
    });
    expect(await exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: stop })).toMatchObject({
      kind: 'not-open',
      error: { code: '-2011' },
    });
    expect(await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: stop })).toMatchObject({
      kind: 'found',
      order: { status: 'cancelled' },
    });
    const exit = await exchange.venue.send(
      approved({ ...exitDraft(), clientOrderId: nextId(), quantity: decimal('0.009') }),
    );
    expect(exit).toMatchObject({ kind: 'accepted', order: { status: 'filled', side: 'sell' } });

    const read = await exchange.venue.tradesAfter('BTC/USDT', null, TEST_START);
    if (!read.ok) throw new Error('no trades');
    let cash = decimal('10000');
    let coins = decimal('0');
    for (const trade of read.value) {
      const sign = trade.side === 'buy' ? 1 : -1;
      cash = sign === 1 ? sub(cash, decimal(trade.quoteQuantity)) : add(cash, decimal(trade.quoteQuantity));
      coins = sign === 1 ? add(coins, decimal(trade.quantity)) : sub(coins, decimal(trade.quantity));
      if (trade.feeAsset === 'USDT') cash = sub(cash, decimal(trade.fee));
      else coins = sub(coins, decimal(trade.fee));
    }
    const balances = simulator.control.state().balances;
    const held = (asset: string): string =>
      formatDecimal(add(decimal(balances[asset]?.free ?? '0'), decimal(balances[asset]?.locked ?? '0')));
    expect({ USDT: formatDecimal(cash), BTC: formatDecimal(coins) }).toEqual({ USDT: held('USDT'), BTC: held('BTC') });
  });

  test('a fill is the same whether it came with the order or from the trades', async () => {
    const entry = await bought('0.02');
    const found = await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: entry.clientOrderId });
    expect(found).toEqual({ kind: 'found', order: entry });
    const trades = await exchange.venue.tradesAfter('BTC/USDT', null, TEST_START);
    expect(
      trades.ok && trades.value.map(({ symbol: _symbol, side: _side, exchangeOrderId: _id, ...fill }) => fill),
    ).toEqual(entry.fills);
    const last = entry.fills.at(-1)?.tradeId ?? '';
    expect(await exchange.venue.tradesAfter('BTC/USDT', last, 0)).toEqual({ ok: true, value: [] });
  });

  test('a stop that triggers is found with its fills', async () => {
    await bought('0.01');
    const stop = await rest('0.009');
    simulator.control.jump('BTC/USDT', -0.012);
    const found = await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: stop });
    expect(found).toMatchObject({
      kind: 'found',
      order: { status: 'filled', side: 'sell', executedQuantity: '0.009' },
    });
    expect(found.kind === 'found' && total(found.order.fills)).toBe('0.009');
  });

  test('an entry that cannot fill at once expires and leaves nothing behind', async () => {
    const limitPrice = floorToTick(await btc(), sub((await price()).bid, decimal('1000')));
    const outcome = await exchange.venue.send(
      approved({ clientOrderId: nextId(), quantity: decimal('0.01'), limitPrice }),
    );
    expect(outcome).toMatchObject({ kind: 'accepted', order: { status: 'expired', executedQuantity: '0', fills: [] } });
    expect(await exchange.venue.openOrders('BTC/USDT')).toEqual({ ok: true, value: [] });
  });

  test('an unknown client id is not found', async () => {
    expect(await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: 'gb-never-sent' })).toEqual({
      kind: 'not-found',
    });
  });

  test('filters, funds and a wrong key are refusals', async () => {
    expect((await enter('0.0000001')).outcome).toMatchObject({
      kind: 'rejected',
      error: { kind: 'refused', code: '-1013' },
    });
    const rich = await connect(simulator.url, {
      credentials: { ...simulator.credentials },
      entryCeiling: () => decimal('1000000'),
    });
    const limitPrice = ceilToTick(await btc(), (await price()).ask);
    expect(
      await rich.venue.send(approved({ clientOrderId: nextId(), quantity: decimal('5'), limitPrice })),
    ).toMatchObject({ kind: 'rejected', error: { kind: 'refused', code: '-2010' } });
    await rich.close();
    const stranger = await connect(simulator.url, { credentials: { apiKey: 'x'.repeat(64), secret: 'y'.repeat(64) } });
    expect(await stranger.venue.balances()).toMatchObject({
      ok: false,
      error: { kind: 'authentication', code: '-2015' },
    });
    await stranger.close();
  });
});

describe('the weight of the minute, kept by the exchange', () => {
  test("used up by others to 95 % and beyond, it stops the bot's reads and entries; a position is protected and sold up to the limit, and no request is refused for it", async () => {
    // One minute, so that the count does not start anew under the test.
    const wall = TEST_START;
    const strict = await startTestSimulator({ enforceRateLimits: true, wallNow: () => wall });
    const clock = impatientClock({
      wallNow: () => wall,
      monotonicNow: () => 0,
      marketNow: () => strict.control.state().marketTime,
    });
    const bot = await connect(strict.url, {
      credentials: { ...strict.credentials },
      entryCeiling: () => decimal('7000'),
      clock,
    });
    const others = createRawClient(strict);
    const use = async (weight: number): Promise<void> => {
      for (let left = weight - bot.weight().used; left > 0; left -= left >= 80 ? 80 : 1)
        expect((await others.open(left >= 80 ? 'ticker/24hr' : 'ping')).status).toBe(200);
    };
    const entry = approved({
      clientOrderId: 'entry',
      quantity: decimal('0.01'),
      limitPrice: decimal('60000'),
      expiresAtWall: wall + 60_000,
    });
    const stop = (clientOrderId: string): ApprovedOrder =>
      approved({
        ...stopDraft({ stopPrice: decimal('40000'), limitPrice: decimal('39000') }),
        clientOrderId,
        quantity: decimal('0.009'),
      });
    expect(await bot.venue.send(entry)).toMatchObject({ kind: 'accepted', order: { status: 'filled' } });
    await use(5_800);
    expect(await bot.venue.send(stop('stop'))).toMatchObject({ kind: 'accepted', order: { status: 'new' } });
    expect(bot.weight().used).toBeGreaterThan(5_700);
    expect(await bot.venue.balances()).toMatchObject({ ok: false, error: { code: 'local-budget', urgentMayGo: true } });
    expect(await bot.venue.send(approved({ clientOrderId: 'another', expiresAtWall: wall + 60_000 }))).toMatchObject({
      kind: 'not-sent',
      error: { code: 'local-budget', urgentMayGo: true },
    });
    expect(await bot.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'stop' })).toMatchObject({ kind: 'cancelled' });
    await use(5_999);
    expect(
      await bot.venue.send(approved({ ...exitDraft(), clientOrderId: 'exit', quantity: decimal('0.009') })),
    ).toMatchObject({ kind: 'accepted', order: { status: 'filled' } });
    expect(bot.weight()).toEqual({ used: 6_000, limit: 6_000 });
    expect(await bot.venue.send(stop('late'))).toMatchObject({
      kind: 'not-sent',
      error: { code: 'local-budget', retryAfter: 60_000 },
    });
    expect(strict.control.orders().received.map(({ clientOrderId, code }) => [clientOrderId, code])).toEqual([
      ['entry', null],
      ['stop', null],
      ['exit', null],
    ]);
    await bot.close();
    await strict.close();
  });

  test("when others on the account have placed too many orders for its count of orders, the bot's wait, and what its stop does is seen and it can be cancelled", async () => {
    const wall = TEST_START;
    const strict = await startTestSimulator({
      enforceRateLimits: true,
      wallNow: () => wall,
      balances: { USDT: '10000', BTC: '0.02' },
    });
    let now = 0;
    const bot = await connect(strict.url, {
      credentials: { ...strict.credentials },
      clock: impatientClock({ wallNow: () => wall, monotonicNow: () => now }),
    });
    const stop = (clientOrderId: string): ApprovedOrder =>
      approved({
        ...stopDraft({ stopPrice: decimal('40000'), limitPrice: decimal('39000') }),
        clientOrderId,
        quantity: decimal('0.01'),
      });
    const others = createRawClient(strict);
    expect(await bot.venue.send(stop('first'))).toMatchObject({ kind: 'accepted' });
    for (let order = 1; order < 50; order += 1) {
      const placed = await others.signed(
        'POST',
        'order',
        { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'IOC', quantity: '0.001', price: '40000' },
        { now: wall },
      );
      expect(placed.status).toBe(200);
    }
    expect(await bot.venue.send(stop('second'))).toMatchObject({
      kind: 'not-sent',
      error: { code: '-1015', retryAfter: 10_000, ordersOnly: true },
    });
    expect(await bot.venue.send(stop('second'))).toMatchObject({
      kind: 'not-sent',
      error: { code: 'local-budget', ordersOnly: true },
    });
    expect(await bot.venue.balances()).toMatchObject({ ok: true });
    expect(await bot.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: 'first' })).toMatchObject({
      kind: 'found',
      order: { status: 'new' },
    });
    expect(await bot.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'first' })).toMatchObject({ kind: 'cancelled' });
    now = 10_000;
    expect(await bot.venue.send(stop('second'))).toMatchObject({ kind: 'not-sent', error: { code: '-1015' } });
    await bot.close();
    await strict.close();
  });

  test('when the count of orders stays full beyond the pause, no stop is taken away to make room for a sale; whatever else is cancelled goes', async () => {
    let wall = TEST_START;
    const strict = await startTestSimulator({
      enforceRateLimits: true,
      wallNow: () => wall,
      balances: { USDT: '10000', BTC: '0.03' },
    });
    let now = 0;
    const bot = await connect(strict.url, {
      credentials: { ...strict.credentials },
      clock: impatientClock({ wallNow: () => wall, monotonicNow: () => now }),
    });
    const stop = (clientOrderId: string): ApprovedOrder =>
      approved({
        ...stopDraft({ stopPrice: decimal('40000'), limitPrice: decimal('39000') }),
        clientOrderId,
        quantity: decimal('0.01'),
      });
    const reference = (clientOrderId: string) => ({ symbol: 'BTC/USDT', clientOrderId, makesRoom: true }) as const;
    for (const id of ['first', 'second', 'other'])
      expect(await bot.venue.send(stop(id))).toMatchObject({ kind: 'accepted' });
    for (let order = 3; order < 50; order += 1)
      await createRawClient(strict).signed(
        'POST',
        'order',
        { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'IOC', quantity: '0.001', price: '40000' },
        { now: wall },
      );
    // Nobody has been refused yet, and nothing is asked.
    expect(await bot.venue.cancel(reference('first'))).toMatchObject({ kind: 'cancelled' });
    expect(await bot.venue.send(stop('third'))).toMatchObject({ kind: 'not-sent', error: { code: '-1015' } });
    now = 10_000;
    expect(await bot.venue.cancel(reference('second'))).toMatchObject({
      kind: 'not-sent',
      error: {
        kind: 'rate-limited',
        code: '-1015',
        ordersOnly: true,
        message:
          'the exchange counts 50 orders of the account, its limit is 50 per 10 SECOND, and would not take another',
      },
    });
    expect(await bot.venue.lookUp(reference('second'))).toMatchObject({ kind: 'found', order: { status: 'new' } });
    expect(await bot.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'other' })).toMatchObject({ kind: 'cancelled' });
    // A count that cannot be read says nothing, and the pause is over.
    strict.control.fault({ name: '5xx', endpoint: 'rateLimit/order', method: 'GET', count: 1 });
    expect(await bot.venue.cancel(reference('second'))).toMatchObject({ kind: 'cancelled' });
    wall += 10_000;
    expect(await bot.venue.send(stop('fourth'))).toMatchObject({ kind: 'accepted' });
    expect(await bot.venue.cancel(reference('fourth'))).toMatchObject({ kind: 'cancelled' });
    await bot.close();
    await strict.close();
  });
});

describe('hostile network', () => {
  const sent = (): number => simulator.control.orders().received.length;
  /** How often the faults in force have struck: a test in which none does proves nothing. */
  const hits = (): number => simulator.control.state().faults.reduce((sum, fault) => sum + fault.hits, 0);

  test.each(['accepted-but-time-out', 'reset-after-acceptance'])(
    '%s: unknown, and the look-up finds the order with its fills',
    async (name) => {
      simulator.control.fault({ name, count: 1, endpoint: 'order', method: 'POST' });
      const { outcome, clientOrderId } = await enter();
      expect(outcome).toMatchObject({ kind: 'unknown', error: { kind: 'unknown' } });
      const found = await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId });
      expect(found).toMatchObject({ kind: 'found', order: { status: 'filled' } });
      expect(sent()).toBe(1);
    },
  );

  test('reset-before-acceptance: unknown as well, and the look-up finds nothing', async () => {
    simulator.control.fault({ name: 'reset-before-acceptance', count: 1, endpoint: 'order', method: 'POST' });
    const { outcome, clientOrderId } = await enter();
    expect(outcome).toMatchObject({ kind: 'unknown' });
    expect(await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId })).toEqual({ kind: 'not-found' });
  });

  test('5xx on an order is unknown, whether it was accepted or not', async () => {
    simulator.control.fault({ name: '5xx', count: 1, endpoint: 'order', method: 'POST' });
    expect((await enter()).outcome).toMatchObject({ kind: 'unknown' });
  });

  test("429 is not sent, with the exchange's own pause", async () => {
    simulator.control.fault({ name: '429', count: 1, endpoint: 'order', method: 'POST' });
    expect((await enter()).outcome).toMatchObject({
      kind: 'not-sent',
      error: { kind: 'rate-limited', retryAfter: expect.any(Number) },
    });
  });

  test('maintenance is unknown for everything', async () => {
    simulator.control.fault({ name: 'maintenance' });
    expect(await exchange.venue.balances()).toMatchObject({ ok: false, error: { kind: 'unknown' } });
    expect(await exchange.venue.openOrders('BTC/USDT')).toMatchObject({ ok: false });
  });

  test.each(['duplicate-fills', 'reordered-fills'])("%s do not change what an order's fills are", async (name) => {
    simulator.control.fault({ name });
    const { outcome, clientOrderId } = await enter('0.02');
    const found = await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId });
    expect(found.kind === 'found' && total(found.order.fills)).toBe('0.02');
    expect(outcome.kind === 'accepted' && total(outcome.order.fills)).toBe('0.02');
    expect(hits()).toBeGreaterThan(0);
  });

  test.each(['truth', 'cancelled'])('fill-after-cancel, answered with %s: the fill is not lost', async (answer) => {
    await bought('0.02');
    const stop = await rest('0.01');
    simulator.control.fault({ name: 'fill-after-cancel', fraction: 0.5, answer });
    const outcome = await exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: stop });
    expect(outcome).toMatchObject({ kind: 'cancelled', order: { executedQuantity: '0.005' } });
    expect(outcome.kind === 'cancelled' && total(outcome.order.fills)).toBe('0.005');
  });

  test('late-fills: an order that has ended says itself what it has executed, one that cannot be asked for says nothing', async () => {
    simulator.control.fault({ name: 'late-fills', reads: 1_000 });
    const { clientOrderId } = await enter('0.02');
    const lookUp = (id: string) => exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId: id });
    expect(await lookUp(clientOrderId)).toMatchObject({
      kind: 'unknown',
      error: { kind: 'malformed' },
      stated: '0.02',
      statedQuote: expect.stringMatching(/^\d+/) as unknown,
    });
    simulator.control.clearFaults();
    simulator.control.fault({ name: '5xx', endpoint: 'order', method: 'GET' });
    expect(await lookUp(clientOrderId)).toEqual({
      kind: 'unknown',
      error: expect.objectContaining({ kind: 'unknown' }),
    });
  });

  test('late-fills: never a part of the truth', async () => {
    simulator.control.fault({ name: 'late-fills' });
    const { outcome, clientOrderId } = await enter('0.02');
    const answers = [outcome.kind === 'accepted' ? outcome.order : null];
    const found = await exchange.venue.lookUp({ symbol: 'BTC/USDT', clientOrderId });
    answers.push(found.kind === 'found' ? found.order : null);
    for (const answer of answers) if (answer !== null) expect(total(answer.fills)).toBe(answer.executedQuantity);
    expect(hits()).toBeGreaterThan(0);
  });
});
