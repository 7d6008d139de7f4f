import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../decimal.ts';
import { HOUR_MS } from '../units.ts';
import { price } from '../words.ts';
import { measureExposure } from './marking.ts';
import { symbolOf } from './state.ts';
import { BTC, ETH, instrumentText, last, seconds, stopIdOf, trades, World, type Fate } from './world.test-helper.ts';

const ACCEPT: Fate = { kind: 'accept' };

test('a price for people has plain digits, however small it is, and never one more than tells it apart', () => {
  expect(
    ['64230.1', '1000', '999.5', '0.25', '0.000000123456789', '0.00001234', '0'].map((text) => price(decimal(text))),
  ).toEqual(['64,230.10', '1,000.00', '999.500', '0.250000', '0.000000123457', '0.0000123400', '0.00000']);
});

describe('an entry', () => {
  test('is followed at once by a stop on its average fill, rounded up to the tick', () => {
    const world = new World().ready();
    world.exchange.prices[BTC] = 50_123.45;
    world.quotes();
    world.enter();
    const stop = last(world.placed('stop'));
    expect(world.managed()?.phase).toBe('protected');
    // 50123.45 x 0.985 = 49371.59825
    expect(stop).toMatchObject({
      type: 'stop-loss',
      side: 'sell',
      stopPrice: decimal('49371.6'),
      limitPrice: null,
      expiresAtWall: null,
    });
    expect(formatDecimal(stop.quantity)).toBe(world.held());
  });

  test('has a stop for what is left after a fee in base, floored to the lot', () => {
    const world = new World().ready();
    world.exchange.feeCoin = 'base';
    world.enter();
    const bought = last(world.placed('entry')).quantity;
    const stop = last(world.placed('stop'));
    expect(stop.quantity < bought).toBe(true);
    expect(stop.quantity <= decimal(world.held())).toBe(true);
    expect(stop.quantity % decimal('0.00001')).toBe(0n);
  });

  test('uses a stop-limit two percent under its trigger where plain stops are not offered', () => {
    const world = new World();
    world.instruments = [
      instrumentText(BTC, { orderTypes: ['limit', 'market', 'stop-loss-limit'] }),
      instrumentText(ETH),
    ];
    world.ready().enter();
    expect(last(world.placed('stop'))).toMatchObject({
      type: 'stop-loss-limit',
      stopPrice: decimal('49250'),
      limitPrice: decimal('48265'),
      timeInForce: 'GTC',
    });
  });

  test('that fills nothing leaves no position and no trade', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'accept', part: 0 });
    world.enter();
    expect(world.managed()).toBeNull();
    expect(trades(world)).toEqual([]);
    expect(world.held()).toBe('0');
  });

  test('that fills less than can be sold leaves dust: no position, no trade, no loss in the streak, no bar to the next entry', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'accept', part: 0.0005 });
    world.enter();
    expect(world.held()).not.toBe('0');
    expect(world.managed()).toBeNull();
    expect(trades(world)).toEqual([]);
    expect(world.state.guardian.lossStreak).toEqual([]);
    world.fate = () => ACCEPT;
    world.hour();
    world.enter();
    expect(world.managed()?.phase).toBe('protected');
    // The scrap is covered by the new stop.
    expect(formatDecimal(last(world.placed('stop')).quantity)).toBe(world.held());
  });

  test('filled in part is protected for that part', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept', part: 0.4 } : ACCEPT);
    world.enter();
    expect(formatDecimal(last(world.placed('stop')).quantity)).toBe(world.held());
  });

  test('whose outcome is unknown counts as in flight, and is protected when it turns out to have filled', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : ACCEPT);
    world.enter();
    expect(world.managed()?.phase).toBe('entering');
    world.hour();
    world.predict(BTC);
    expect(world.decision().outcome).toBe('holding');
    world.resolve();
    expect(world.managed()?.phase).toBe('protected');
  });

  test('that never existed frees the symbol', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: false } : ACCEPT);
    world.enter();
    world.resolve();
    expect(world.managed()).toBeNull();
    expect(world.state.orders['gbtest01-1']?.status).toBe('never-existed');
  });
});

describe('late and missing fills', () => {
  /** An entry that the exchange ends with a part of it and fills further later. */
  const endedEarly = (): World => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept', part: 0.5 } : ACCEPT);
    return world.enter();
  };
  const fillMore = (world: World, quantity: string): void => {
    const order = world.exchange.orders.get('gbtest01-1');
    if (order === undefined) throw new Error('no entry');
    world.exchange.fill(order, decimal(quantity), decimal('50000'), world.at);
    world.report('gbtest01-1');
  };

  test('a fill after the entry has ended is booked and the stop is resized to cover it', () => {
    const world = endedEarly();
    const before = last(world.placed('stop'));
    fillMore(world, '0.02');
    const after = last(world.placed('stop'));
    expect(after.quantity).toBe((before.quantity + decimal('0.02')) as never);
    expect(world.state.orders[before.clientOrderId]?.status).toBe('cancelled');
    expect(world.managed()?.phase).toBe('protected');
    expect(world.exchange.openOrders()).toHaveLength(1);
  });

  test('in a halted market the smaller stop stays: one that is taken off is not taken back', () => {
    const world = endedEarly();
    const [resting] = world.exchange.openOrders();
    world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { trading: false })] });
    fillMore(world, '0.02');
    expect([world.exchange.openOrders(), world.placed('stop').length]).toEqual([[resting], 1]);
    world.apply({ type: 'instruments', instruments: [instrumentText(BTC)] });
    expect(formatDecimal(last(world.placed('stop')).quantity)).toBe(world.held());
  });

  test('a fill after the position is gone is looked after like a new one', () => {
    const world = endedEarly();
    world.command({ name: 'flatten', symbol: null });
    expect(world.managed()).toBeNull();
    fillMore(world, '0.02');
    expect(world.managed()?.phase).toBe('protected');
    expect(formatDecimal(last(world.placed('stop')).quantity)).toBe('0.02');
  });

  test('the same fill twice, in one answer or two, is booked once', () => {
    const world = endedEarly();
    const held = world.held();
    const snapshot = world.exchange.snapshot('gbtest01-1');
    if (snapshot === null) throw new Error('no snapshot');
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: 'gbtest01-1',
      outcome: { kind: 'known', order: { ...snapshot, fills: [...snapshot.fills, ...snapshot.fills] } },
    });
    world.report('gbtest01-1');
    expect(world.held()).toBe(held);
  });

  test('a fill of nothing books nothing and ends nothing', () => {
    const world = new World().ready().enter();
    const before = world.held();
    for (const purpose of ['entry', 'stop'] as const) {
      const order = world.exchange.orders.get(last(world.placed(purpose)).clientOrderId);
      if (order === undefined) throw new Error('no order');
      world.exchange.fill(order, ZERO, decimal('50000'), world.at);
      world.report(order.draft.clientOrderId);
    }
    expect([world.held(), world.managed()?.phase, world.locks()]).toEqual([before, 'protected', []]);
  });

  test('an answer that states more than it shows leaves the order unknown until its fills are there', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : ACCEPT);
    world.enter();
    const snapshot = world.exchange.snapshot('gbtest01-1');
    if (snapshot === null) throw new Error('no snapshot');
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: 'gbtest01-1',
      outcome: { kind: 'known', order: { ...snapshot, fills: [] } },
    });
    expect(world.state.orders['gbtest01-1']?.status).toBe('unknown');
    expect(world.managed()?.phase).toBe('entering');
    world.resolve();
    expect(world.managed()?.phase).toBe('protected');
  });

  test('an accepted entry that does not end is cancelled after 5 s', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'silence' } : ACCEPT);
    world.enter();
    const entry = last(world.placed('entry'));
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: entry.clientOrderId,
      outcome: {
        kind: 'known',
        order: {
          clientOrderId: entry.clientOrderId,
          exchangeOrderId: '1',
          symbol: BTC,
          side: 'buy',
          status: 'new',
          quantity: formatDecimal(entry.quantity),
          executedQuantity: '0',
          fills: [],
        },
      },
    });
    world.take();
    world.timer(seconds(4));
    expect(world.take().some((effect) => effect.type === 'cancel')).toBe(false);
    world.timer(seconds(1));
    expect(world.take().some((effect) => effect.type === 'cancel')).toBe(true);
  });

  test('what an entry has bought so far counts in the loss budget with the stop that it will have, not with one that a higher price would allow', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'silence' });
    world.enter(ETH);
    const { clientOrderId, quantity } = last(world.placed('entry'));
    const fills = [
      { tradeId: '1', price: '2500', quantity: '1', quoteQuantity: '2500', fee: '2.5', feeAsset: 'USDT', at: world.at },
    ];
    world.apply({
      type: 'order-report',
      symbol: ETH,
      clientOrderId,
      outcome: {
        kind: 'known',
        order: {
          clientOrderId,
          exchangeOrderId: 'x',
          symbol: ETH,
          side: 'buy',
          status: 'partially-filled',
          quantity: formatDecimal(quantity),
          executedQuantity: '1',
          fills,
        },
      },
    });
    const worst = () => measureExposure(world.state, symbolOf(world.state, BTC), world.at, world.wall)?.worstEquity;
    const before = worst();
    world.quotes({ [ETH]: 2_600 });
    expect(world.managed(ETH)).toMatchObject({ phase: 'entering', stopPrice: null });
    expect(worst()).toBe(before);
  });

  test('what an entry that never ends has bought is sold after 15 s without a stop', () => {
    const world = new World().ready();
    world.cancelWorks = false;
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'silence' } : ACCEPT);
    world.enter();
    const entry = last(world.placed('entry'));
    const order = world.exchange.accept(entry, world.at, 0.5);
    if (order === null) throw new Error('no order');
    order.status = 'partially-filled';
    world.report(entry.clientOrderId);
    world.timer(seconds(14));
    expect(world.placed('exit')).toEqual([]);
    world.timer(seconds(1));
    expect(world.placed('exit')).toHaveLength(1);
    expect(world.held()).toBe('0');
  });

  test('more sold than held locks, keeps the books balanced and never goes below zero', () => {
    const world = new World({ balances: { USDT: '10000', BTC: '1' } }).ready();
    world.enter();
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.exchange.fill(stop, stop.draft.quantity, decimal('49250'), world.at);
    world.exchange.fill(stop, decimal('0.01'), decimal('49250'), world.at);
    world.report(stop.draft.clientOrderId);
    expect(world.held()).toBe('0');
    expect(world.locks()).toContain('reconciliation');
  });

  test('what more than was held has fetched is money from outside: the marks move by it, and the record has it as a deposit', () => {
    const world = new World({ balances: { USDT: '10000', BTC: '1' } }).ready().enter();
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.command({ name: 'flatten', symbol: BTC });
    const before = world.state.guardian.lastEquity?.value ?? Number.NaN;
    world.take();
    // The exchange had said that it was cancelled, with nothing executed.
    world.exchange.fill(stop, decimal('0.05'), decimal('49250'), world.at);
    world.report(stop.draft.clientOrderId);
    expect(world.state.symbols[BTC]?.restUntil).toBe(world.at + 4 * HOUR_MS);
    // 2,462.50 less the fee of 2.4625.
    const outside = 2_460.0375;
    const { lastEquity, dayBaseline, highWaterMark } = world.state.guardian;
    expect(lastEquity?.value).toBeCloseTo(before + outside, 6);
    expect([dayBaseline, highWaterMark]).toEqual([10_000 + outside, 10_000 + outside]);
    expect(world.take().flatMap((effect) => (effect.type === 'deposit' ? [formatDecimal(effect.amount)] : []))).toEqual(
      [String(outside)],
    );
  });
});
