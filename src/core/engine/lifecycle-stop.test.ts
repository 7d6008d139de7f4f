import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal } from '../decimal.ts';
import { planRepair } from '../ledger/plan.ts';
import { HOUR_MS } from '../units.ts';
import { BTC, ETH, instrumentText, last, seconds, stopIdOf, trades, World, type Fate } from './world.test-helper.ts';

const REJECT: Fate = { kind: 'reject' };
const ACCEPT: Fate = { kind: 'accept' };

describe('the protective stop', () => {
  test('rejected is placed again after 1 s and 2 s; after three failures the position is closed', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? REJECT : ACCEPT);
    world.enter();
    expect(world.placed('stop')).toHaveLength(1);
    world.timer();
    expect(world.placed('stop')).toHaveLength(1);
    world.timer(seconds(1));
    expect(world.placed('stop')).toHaveLength(2);
    world.timer(seconds(1));
    expect(world.placed('stop')).toHaveLength(2);
    world.timer(seconds(1));
    expect(world.placed('stop')).toHaveLength(3);
    expect(world.placed('exit')).toHaveLength(1);
    expect(world.held()).toBe('0');
    expect(last(trades(world)).exitReason).toBe('unprotected');
  });

  test('that the exchange ends again and again is replaced with pauses, then the position is closed', () => {
    const world = new World().ready().enter();
    for (let round = 0; round < 3; round += 1) {
      const stop = stopIdOf(world);
      world.exchange.end(stop, 'expired');
      world.report(stop);
      world.timer(seconds(4));
    }
    expect(world.placed('stop')).toHaveLength(3);
    expect(last(trades(world)).exitReason).toBe('unprotected');
  });

  test('cancelled by the exchange is replaced at once', () => {
    const world = new World().ready().enter();
    world.timer(seconds(5));
    const first = stopIdOf(world);
    world.exchange.end(first, 'cancelled');
    world.report(first);
    expect(world.managed()).toMatchObject({ phase: 'protected' });
    expect(stopIdOf(world)).not.toBe(first);
    expect(world.exchange.openOrders()).toHaveLength(1);
  });

  test('filled in part and then cancelled is replaced for the rest', () => {
    const world = new World().ready().enter();
    world.timer(seconds(5));
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.exchange.fill(stop, decimal('0.05'), decimal('49250'), world.at);
    world.exchange.end(stop.draft.clientOrderId, 'cancelled');
    world.report(stop.draft.clientOrderId);
    const next = last(world.placed('stop'));
    expect(next.quantity).toBe((stop.draft.quantity - decimal('0.05')) as never);
    expect(formatDecimal(next.quantity)).toBe(world.held());
  });

  test('filled ends the trade as a stop-out, and the symbol rests for four hours', () => {
    const world = new World().ready().enter();
    world.quotes({ [BTC]: 49_250 });
    expect(last(trades(world)).exitReason).toBe('stop');
    expect(world.managed()).toBeNull();
    const until = world.state.symbols[BTC]?.restUntil ?? 0;
    expect(until).toBe(world.at + 4 * HOUR_MS);
    world.hours(3);
    world.predict(BTC);
    expect(world.decision().text).toContain('resting-after-stop');
    world.hours(1);
    world.predict(BTC);
    expect(world.decision().outcome).toBe('entered');
  });

  test('that the price has passed and that does not fill for 5 s is cancelled and sold at market', () => {
    const world = new World().ready().enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 49_200 });
    world.timer(seconds(4.999));
    expect(world.placed('exit')).toEqual([]);
    world.timer(1);
    expect(last(world.placed('exit')).reason).toBe('stop not filled');
    expect(world.held()).toBe('0');
    expect(world.state.symbols[BTC]?.restUntil).toBe(world.at + 4 * HOUR_MS);
  });

  test('that the price has passed is sold after 5 s also while a sale that failed waits for its next try', () => {
    const world = new World().ready().enter();
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    while ((world.managed()?.retryAt ?? 0) - world.wall < seconds(50)) world.timer(seconds(1));
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_000 });
    const tries = world.placed('exit').length;
    for (let second = 0; second < 20; second += 1) world.timer(seconds(1));
    // One at once, then with pauses as before.
    expect(world.placed('exit')).toHaveLength(tries + 1);
    world.fate = () => ACCEPT;
    for (let second = 0; second < 60; second += 1) world.timer(seconds(1));
    expect([world.held(), last(trades(world)).exitReason]).toEqual(['0', 'stop']);
  });

  test('that was filled in part before it hung is sold after 5 s as well', () => {
    const world = new World().ready().enter();
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    while ((world.managed()?.retryAt ?? 0) - world.wall < seconds(50)) world.timer(seconds(1));
    world.fate = () => ACCEPT;
    world.exchange.stopsFill = false;
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.exchange.fill(stop, decimal('0.01'), decimal('49250'), world.at);
    world.report(stop.draft.clientOrderId);
    world.quotes({ [BTC]: 47_000 });
    world.timer(seconds(5));
    expect(world.held()).toBe('0');
  });

  test('that the exchange ends when the price has passed it is sold at once, though a sale that failed waits for its next try', () => {
    const world = new World().ready().enter();
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    while ((world.managed()?.retryAt ?? 0) - world.wall < seconds(50)) world.timer(seconds(1));
    world.timer(seconds(5));
    world.fate = ({ purpose }) => (purpose === 'stop' ? REJECT : ACCEPT);
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_000 });
    world.exchange.end(stopIdOf(world), 'expired');
    world.report(stopIdOf(world));
    expect(world.held()).toBe('0');
  });

  test('is not sold after a restart on a price of the run before: the first one that this run sees starts the 5 s', () => {
    const world = new World().ready().enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 49_200 });
    world.pass(seconds(1)).restart();
    world.timer(seconds(30));
    expect(world.placed('exit')).toEqual([]);
    world.quotes({ [BTC]: 49_200 });
    world.timer(seconds(4.999));
    expect(world.placed('exit')).toEqual([]);
    world.timer(1);
    expect(last(world.placed('exit')).reason).toBe('stop not filled');
  });

  test('is given its 5 s again when the price comes back above it', () => {
    const world = new World().ready().enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 49_200 });
    world.pass(seconds(4)).quotes({ [BTC]: 49_300 });
    world.pass(seconds(4)).quotes({ [BTC]: 49_200 });
    world.timer(seconds(4));
    expect(world.placed('exit')).toEqual([]);
  });

  test('whose fate is not known for 15 s is withdrawn and the position closed', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? { kind: 'unknown', arrives: true } : ACCEPT);
    world.enter();
    world.timer(seconds(14.999));
    expect(world.effects.some((effect) => effect.type === 'cancel')).toBe(false);
    world.timer(1);
    expect(world.effects.filter((effect) => effect.type === 'cancel')).toHaveLength(1);
    expect(world.held()).toBe('0');
    expect(last(trades(world)).exitReason).toBe('unprotected');
  });

  test('measures its 15 s though the wall clock is set back', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? { kind: 'unknown', arrives: true } : ACCEPT);
    world.enter();
    world.timer(seconds(10));
    world.wall -= 3_600_000;
    world.timer();
    world.timer(seconds(5));
    expect(world.held()).toBe('0');
  });

  test('is never larger than what the exchange holds for us', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? { kind: 'silence' } : ACCEPT);
    world.exchange.feeCoin = 'base';
    world.enter();
    const { quantity } = last(world.placed('stop'));
    expect(quantity <= world.exchange.of('BTC')).toBe(true);
  });

  test('that no filter allows is not asked for: the position is closed at once', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept', part: 0.00095 } : ACCEPT);
    world.enter();
    // 0.0001 BTC = 5 USDT at 50,000: enough to sell, too little for a stop below the minimum notional.
    expect(world.placed('stop')).toEqual([]);
    expect(world.placed('exit')).toHaveLength(1);
    expect(world.held()).toBe('0');
  });

  test('of a kind with finer lots than a market order has is placed once, not again at every price', () => {
    const world = new World();
    world.exchange.feeCoin = 'base';
    world.instruments = [
      instrumentText(BTC, { orderTypes: ['limit', 'market', 'stop-loss-limit'], marketStepSize: '0.001' }),
      instrumentText(ETH),
    ];
    world.ready().enter();
    for (let count = 0; count < 5; count += 1) world.pass(seconds(5)).quotes();
    expect(world.placed('stop')).toHaveLength(1);
    // 0.110 bought less a fee of 0.00011: what is left of the last lot could not be sold at market.
    expect([world.held(), formatDecimal(last(world.placed('stop')).quantity)]).toEqual(['0.10989', '0.109']);
    expect(world.managed()?.phase).toBe('protected');
  });

  test('goes back in place, on the new tick above, where ticks have become coarser since the entry', () => {
    const world = new World().ready();
    world.quotes({ [BTC]: 50_003.33 });
    world.enter();
    expect(formatDecimal(last(world.placed('stop')).stopPrice ?? decimal('0'))).toBe('49253.29');
    world.instruments = [instrumentText(BTC, { tickSize: '0.5' }), instrumentText(ETH)];
    world.restart();
    world.timer(seconds(5));
    const stop = stopIdOf(world);
    world.exchange.end(stop, 'cancelled');
    world.report(stop);
    expect(world.placed('exit')).toEqual([]);
    expect(world.managed()?.phase).toBe('protected');
    expect(world.managed()?.stopPrice).toBe(decimal('49253.5'));
    expect(last(world.placed('stop')).stopPrice).toBe(decimal('49253.5'));
  });

  test('refused because the price has passed it is a stop-out: sold without waiting, and the symbol rests', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? REJECT : ACCEPT);
    world.enter();
    world.quotes({ [BTC]: 49_250.01 });
    expect(world.placed('exit')).toEqual([]);
    world.quotes({ [BTC]: 49_250 });
    expect(world.placed('stop')).toHaveLength(1);
    expect(world.held()).toBe('0');
    expect(last(trades(world)).exitReason).toBe('stop');
    expect(world.state.symbols[BTC]?.restUntil).toBe(world.at + 4 * HOUR_MS);
  });

  test('refused is not held against a price of the run before', () => {
    const world = new World().ready().enter();
    world.fate = (draft) => (draft.purpose === 'stop' ? REJECT : ACCEPT);
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 49_250 });
    world.pass(1).restart();
    world.pass(seconds(1));
    const stop = stopIdOf(world);
    world.exchange.end(stop, 'expired');
    world.report(stop);
    expect(world.placed('exit')).toEqual([]);
    expect(world.managed()).toMatchObject({ phase: 'protecting', exitReason: null });
  });
});

describe('a stop that is not among the open orders any more, and of which nobody can say what became', () => {
  const lost = (world: World, stop = stopIdOf(world)): unknown =>
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: stop,
      outcome: { kind: 'unknown', code: '503', message: 'no answer' },
    });

  test('counts as no protection, is told at once, and locks entries after 60 s by its name', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    const stop = stopIdOf(world);
    world.take();
    lost(world);
    expect(world.managed()?.phase).toBe('protecting');
    expect(world.take()).toContainEqual(
      expect.objectContaining({
        alert: expect.objectContaining({
          kind: 'reconciliation',
          key: `reconciliation:missing:${stop}:${world.at}`,
        }) as unknown,
      }),
    );
    world.timer(seconds(60));
    expect(world.locks()).toEqual([]);
    world.timer(1);
    expect(world.state.guardian.locks['execution']?.reason).toContain(stop);
  });

  test('is cancelled after 15 s, and nothing is sold before its outcome is known: filled, it is the stop-out and no second sale', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    const stop = stopIdOf(world);
    lost(world);
    world.timer(seconds(14.999));
    expect(world.effects.some((effect) => effect.type === 'cancel')).toBe(false);
    world.timer(1);
    expect(world.effects.find((effect) => effect.type === 'cancel')).toMatchObject({ clientOrderId: stop });
    for (let minute = 0; minute < 10; minute += 1) world.timer(seconds(60));
    expect([world.placed('exit'), world.placed('stop').length]).toEqual([[], 1]);
    world.moveExchange(BTC, 49_000);
    expect([world.held(), world.placed('exit'), last(trades(world)).exitReason]).toEqual(['0', [], 'stop']);
  });

  test('is cancelled after 15 s: cancelled, what it was for is sold', () => {
    const world = new World().ready().enter();
    lost(world);
    world.timer(seconds(15));
    expect([world.held(), world.placed('exit').length, last(trades(world)).exitReason]).toEqual([
      '0',
      1,
      'unprotected',
    ]);
    expect(world.exchange.openOrders()).toEqual([]);
  });

  test('and is found again is told, and so is the next time that it is missing', () => {
    const world = new World().ready().enter();
    const stop = stopIdOf(world);
    const titles = (): string[] =>
      world
        .take()
        .flatMap((effect) =>
          effect.type === 'alert' && effect.alert.kind === 'reconciliation' ? [effect.alert.title] : [],
        );
    world.take();
    lost(world);
    world.timer(seconds(5));
    expect(titles()).toEqual(['BTC/USDT: nobody can say what became of the stop order']);
    world.report(stop);
    expect(titles()).toEqual(['BTC/USDT: the stop order is found again, now working']);
    world.report(stop);
    expect(titles()).toEqual([]);
    world.timer(seconds(5));
    lost(world);
    world.restart();
    world.exchange.setPrice(BTC, 49_000, world.at);
    world.report(stop);
    expect(titles()).toEqual([
      'BTC/USDT: nobody can say what became of the stop order',
      'BTC/USDT: the stop order is found again, now filled',
    ]);
  });

  test('that turns out to rest is left alone; that turns out to have ended is put back', () => {
    const world = new World().ready().enter();
    const stop = stopIdOf(world);
    lost(world);
    world.timer(seconds(10));
    world.report(stop);
    expect(world.managed()).toMatchObject({ phase: 'protected', stopOrderId: stop, unprotectedSince: null });
    lost(world);
    world.exchange.end(stop, 'cancelled');
    world.report(stop);
    expect(world.managed()).toMatchObject({ phase: 'protected', stopFailures: 0 });
    expect(stopIdOf(world)).not.toBe(stop);
    expect(world.placed('exit')).toEqual([]);
  });

  test('does not hold up an exit that is due: it is cancelled at once, and the sale waits for its outcome', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    lost(world);
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.effects.filter((effect) => effect.type === 'cancel')).toHaveLength(1);
    expect(world.placed('exit')).toEqual([]);
  });
});

describe('a stop that rests and cannot be cancelled', () => {
  const stuck = (): { readonly world: World; readonly stop: string } => {
    const world = new World().ready().enter();
    world.timer(seconds(5));
    world.cancelWorks = false;
    world.take();
    world.command({ name: 'flatten', symbol: BTC });
    return { world, stop: stopIdOf(world) };
  };

  test('is told once, at the first cancellation that fails', () => {
    const { world, stop } = stuck();
    for (let minute = 0; minute < 5; minute += 1) world.timer(seconds(60));
    const told = world
      .take()
      .flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === 'order-failure' ? [effect.alert] : []));
    expect(told).toMatchObject([
      {
        title: 'BTC/USDT: the stop order could not be cancelled',
        lines: [expect.stringContaining(`${stop}: 503 no answer`), expect.any(String)],
      },
    ]);
  });

  test('locks entries by its name after 60 s, until it has ended and five minutes were quiet', () => {
    const { world, stop } = stuck();
    world.timer(seconds(60));
    expect(world.locks()).toEqual([]);
    world.timer(1);
    expect(world.state.guardian.locks['execution']?.reason).toBe(
      `the outcome of the cancellation of BTC/USDT stop ${stop} is unknown for 60 s (limit 60 s)`,
    );
    for (let minute = 0; minute < 10; minute += 1) world.timer(seconds(60));
    world.restart();
    world.timer(seconds(70));
    expect(world.locks()).toContain('execution');
    world.cancelWorks = true;
    world.timer(seconds(31));
    expect(world.managed()).toBeNull();
    world.timer(seconds(299));
    world.quotes();
    expect(world.locks()).toContain('execution');
    world.timer(seconds(2));
    expect(world.locks()).not.toContain('execution');
  });
});

test('a stop that was believed never to have existed and turns up open is cancelled, though its cancellation was asked for before', () => {
  const world = new World().ready();
  world.fate = ({ purpose }) => (purpose === 'stop' ? { kind: 'unknown', arrives: false } : ACCEPT);
  world.enter();
  const { draft } = world.state.orders[stopIdOf(world)] ?? {};
  if (draft === undefined) throw new Error('no stop');
  // The cancellation finds nothing, twice.
  world.after = (_, effects) => {
    if (effects.some(({ type }) => type === 'cancel'))
      world.step({
        type: 'order-report',
        at: world.at,
        wall: world.wall,
        symbol: BTC,
        clientOrderId: draft.clientOrderId,
        outcome: { kind: 'not-found' },
      });
  };
  world.command({ name: 'flatten', symbol: BTC });
  expect(world.state.orders[draft.clientOrderId]?.status).toBe('never-existed');
  world.exchange.accept(draft, world.at);
  const snapshot = world.exchange.snapshot(draft.clientOrderId);
  const books = {
    orders: world.state.orders,
    orderList: world.state.orderList,
    inUse: new Set<string>(),
    orderPrefix: 'gb',
    ownPrefix: 'gbtest01-',
    mayCancelOrphans: true,
    acceptedOrphans: new Set<string>(),
  };
  expect(planRepair(books, [{ symbol: BTC, open: snapshot === null ? [] : [snapshot] }])).toEqual([
    { kind: 'cancel', symbol: BTC, clientOrderId: draft.clientOrderId, cause: 'surplus' },
  ]);
});
