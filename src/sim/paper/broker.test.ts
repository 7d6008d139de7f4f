import { describe, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import type { Input, InstrumentText } from '../../core/engine/input.ts';
import { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import { HOUR_MS } from '../../core/units.ts';
import { createMemoryStore, type SimStore } from '../exchange/store.ts';
import { createPaperBroker, type PaperBroker } from './broker.ts';

const T0 = Date.UTC(2025, 0, 1);
const SYMBOL = 'BTC/USDT';

const instrument: InstrumentText = {
  symbol: SYMBOL,
  id: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  trading: true,
  orderTypes: ['limit', 'market', 'stop-loss-limit'],
  maxOrders: 200,
  maxAlgoOrders: 5,
  tickSize: '0.01',
  minPrice: '0.01',
  maxPrice: '1000000',
  stepSize: '0.00001',
  minQuantity: '0.00001',
  maxQuantity: '9000',
  marketStepSize: '0',
  marketMinQuantity: '0',
  marketMaxQuantity: '129.84957276',
  minNotional: '5',
  maxNotional: '9000000',
};

const started = (at: number): Input =>
  ({ type: 'started', at, wall: at, instruments: [instrument], halts: [], engineVersion: 'x' }) as unknown as Input;
const quote = (last: number, at: number): Input => ({
  type: 'quotes',
  at,
  wall: at,
  quotes: [{ symbol: SYMBOL, last, bid: last - 0.01, ask: last + 0.01, at }],
});
const candle = (openTime: number, low: number): Input => ({
  type: 'candle',
  at: openTime + HOUR_MS,
  wall: openTime + HOUR_MS,
  symbol: SYMBOL,
  candle: {
    openTime,
    open: 50_000,
    high: 50_500,
    low,
    close: 50_000,
    volume: 1,
    quoteVolume: 1,
    trades: 1,
    takerBuyBase: 1,
    takerBuyQuote: 1,
  },
});

let ids = 0;
const order = (overrides: Partial<OrderDraft>): ApprovedOrder =>
  ApprovedOrder.approve({
    clientOrderId: `gbtest${(ids += 1)}`,
    symbol: SYMBOL,
    side: 'buy',
    type: 'limit',
    purpose: 'entry',
    quantity: decimal('0.005'),
    limitPrice: decimal('50100'),
    stopPrice: null,
    timeInForce: 'IOC',
    expiresAtWall: null,
    reason: 'test',
    ...overrides,
  });
const stop = (trigger: string): ApprovedOrder =>
  order({
    side: 'sell',
    type: 'stop-loss-limit',
    purpose: 'stop',
    quantity: decimal('0.004'),
    stopPrice: decimal(trigger),
    limitPrice: decimal('48000'),
    timeInForce: 'GTC',
  });

const open = (store: SimStore = createMemoryStore(), wallNow = () => T0): PaperBroker =>
  createPaperBroker({ store, opening: { USDT: '1000' }, wallNow });

/** Bought at 50,000, with a stop that rests at 49,250. */
const holding = async () => {
  const broker = open();
  broker.observe(started(T0));
  broker.observe(quote(50_000, T0));
  await broker.venue.send(order({}));
  const resting = stop('49250');
  await broker.venue.send(resting);
  return { broker, resting };
};

describe('the paper broker', () => {
  test('nothing executes before a price of this run has come; an approved order then fills with a fee', async () => {
    const broker = open();
    broker.observe(started(T0));
    expect(await broker.venue.send(order({}))).toMatchObject({ kind: 'not-sent' });
    broker.observe(quote(50_000, T0 + 1000));
    const sent = await broker.venue.send(order({}));
    expect(sent).toMatchObject({ kind: 'accepted', order: { status: 'filled', executedQuantity: '0.005' } });
    const balances = await broker.venue.balances();
    // 0.005 BTC less 0.1 %, as the exchange takes it.
    expect(balances.ok && balances.value.find(({ asset }) => asset === 'BTC')).toEqual({
      asset: 'BTC',
      free: '0.004995',
      locked: '0',
    });
  });

  test('what is not approved, expired, too small, unpaid for or sent twice is refused as the exchange would', async () => {
    const broker = open();
    broker.observe(started(T0));
    broker.observe(quote(50_000, T0));
    const forged = { draft: order({}).draft } as unknown as ApprovedOrder;
    expect(await broker.venue.send(forged)).toMatchObject({ kind: 'rejected', error: { code: 'adapter-guard' } });
    expect(await broker.venue.send(order({ expiresAtWall: T0 }))).toMatchObject({
      kind: 'rejected',
      error: { code: 'adapter-guard' },
    });
    expect(await broker.venue.send(order({ quantity: decimal('0.00005') }))).toMatchObject({
      kind: 'rejected',
      error: { code: '-1013', message: 'Filter failure: NOTIONAL' },
    });
    expect(await broker.venue.send(order({ quantity: decimal('0.5') }))).toMatchObject({
      kind: 'rejected',
      error: { code: '-2010' },
    });
    const once = order({});
    await broker.venue.send(once);
    expect(await broker.venue.send(once)).toMatchObject({ kind: 'unknown' });
    expect(await broker.venue.lookUp({ symbol: SYMBOL, clientOrderId: 'gbnever' })).toEqual({ kind: 'not-found' });
  });

  test('a price below the trigger fills the stop at that price, not at the trigger', async () => {
    const { broker, resting } = await holding();
    broker.observe(quote(48_900, T0 + 5000));
    const found = await broker.venue.lookUp({ symbol: SYMBOL, clientOrderId: resting.draft.clientOrderId });
    expect(found).toMatchObject({ kind: 'found', order: { status: 'filled' } });
    if (found.kind === 'found') for (const fill of found.order.fills) expect(Number(fill.price)).toBeLessThan(48_900);
  });

  test('filters that the exchange changes meanwhile are those of the next order; what rests goes on resting', async () => {
    const { broker, resting } = await holding();
    broker.observe({
      type: 'instruments',
      at: T0,
      wall: T0,
      instruments: [{ ...instrument, stepSize: '0.01', minQuantity: '0.01' }],
    });
    expect(await broker.venue.send(order({ quantity: decimal('0.005') }))).toMatchObject({
      kind: 'rejected',
      error: { code: '-1013' },
    });
    expect(await broker.venue.send(order({ quantity: decimal('0.01') }))).toMatchObject({
      kind: 'accepted',
      order: { status: 'filled' },
    });
    broker.observe(quote(49_000, T0 + 5000));
    expect(await broker.venue.lookUp({ symbol: SYMBOL, clientOrderId: resting.draft.clientOrderId })).toMatchObject({
      order: { status: 'filled' },
    });
  });

  test('a candle whose low reached the trigger between the looks fills a stop that rested all hour, and no younger one', async () => {
    const { broker, resting } = await holding();
    broker.observe(quote(50_000, T0 + 90 * 60_000));
    // Placed within this hour: whether before or after its low is not known.
    broker.observe(candle(T0 - HOUR_MS, 49_000));
    expect(await broker.venue.lookUp({ symbol: SYMBOL, clientOrderId: resting.draft.clientOrderId })).toMatchObject({
      order: { status: 'new' },
    });
    broker.observe(candle(T0, 49_000));
    expect(await broker.venue.lookUp({ symbol: SYMBOL, clientOrderId: resting.draft.clientOrderId })).toMatchObject({
      order: { status: 'filled' },
    });
  });

  test('the account survives the loss of its process: balances, the resting stop, its trigger, the numbering', async () => {
    const store = createMemoryStore();
    const before = open(store);
    before.observe(started(T0));
    before.observe(quote(50_000, T0));
    await before.venue.send(order({}));
    const resting = stop('49250');
    await before.venue.send(resting);
    const books = await before.venue.balances();

    const after = open(store);
    expect(after.orderIds('gb')).toHaveLength(2);
    expect(after.orderIds('zz')).toEqual([]);
    after.observe(started(T0 + HOUR_MS));
    expect(await after.venue.balances()).toEqual(books);
    after.observe(quote(49_000, T0 + HOUR_MS));
    expect(await after.venue.lookUp({ symbol: SYMBOL, clientOrderId: resting.draft.clientOrderId })).toMatchObject({
      order: { status: 'filled' },
    });
    const trades = await after.venue.tradesAfter(SYMBOL, null, 0);
    expect(trades.ok && new Set(trades.value.map((trade) => trade.tradeId)).size).toBe(
      trades.ok ? trades.value.length : 0,
    );
  });

  test('a store that fails ends it: nothing is answered from books that are not kept', async () => {
    const memory = createMemoryStore();
    let broken = false;
    const broker = open({
      load: () => memory.load(),
      write: (entries) => {
        if (broken) throw new Error('disk full');
        memory.write(entries);
      },
    });
    broker.observe(started(T0));
    broker.observe(quote(50_000, T0));
    broken = true;
    await expect(broker.venue.send(order({}))).rejects.toThrow('disk full');
    await expect(broker.venue.balances()).rejects.toThrow('disk full');
  });

  test('the same inputs give the same fills, bit for bit', async () => {
    const run = async (): Promise<unknown> => {
      ids = 1000;
      const broker = open();
      broker.observe(started(T0));
      for (let step = 0; step < 50; step += 1) {
        broker.observe(quote(50_000 + ((step * 7919) % 997) - 500, T0 + step * 5000));
        if (step % 5 === 0) await broker.venue.send(order({ quantity: decimal('0.002') }));
      }
      return broker.venue.tradesAfter(SYMBOL, null, 0);
    };
    expect(await run()).toEqual(await run());
  });
});
