import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal } from '../decimal.ts';
import { HOUR_MS } from '../units.ts';
import type { Effect } from './effect.ts';
import { BTC, ETH, instrumentText, seconds, World, type Fate } from './world.test-helper.ts';

const REJECT: Fate = { kind: 'reject' };
const ACCEPT: Fate = { kind: 'accept' };

const trades = (world: World): Extract<Effect, { type: 'trade' }>[] => world.effects.filter((effect) => effect.type === 'trade');
const last = <T>(items: readonly T[]): T => {
  const found = items.at(-1);
  if (found === undefined) throw new Error('nothing there');
  return found;
};
const stopIdOf = (world: World, symbol = BTC): string => world.managed(symbol)?.stopOrderId ?? 'none';

describe('an entry', () => {
  test('is followed at once by a stop on its average fill, rounded up to the tick', () => {
    const world = new World().ready();
    world.exchange.prices[BTC] = 50_123.45;
    world.quotes();
    world.enter();
    const stop = last(world.placed('stop'));
    expect(world.managed()?.phase).toBe('protected');
    // 50123.45 x 0.985 = 49371.59825
    expect(stop).toMatchObject({ type: 'stop-loss', side: 'sell', stopPrice: decimal('49371.6'), limitPrice: null, expiresAtWall: null });
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
    world.instruments = [instrumentText(BTC, { orderTypes: ['limit', 'market', 'stop-loss-limit'] }), instrumentText(ETH)];
    world.ready().enter();
    expect(last(world.placed('stop'))).toMatchObject({ type: 'stop-loss-limit', stopPrice: decimal('49250'), limitPrice: decimal('48265'), timeInForce: 'GTC' });
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
    world.apply({ type: 'order-report', symbol: BTC, clientOrderId: 'gbtest01-1', outcome: { kind: 'known', order: { ...snapshot, fills: [...snapshot.fills, ...snapshot.fills] } } });
    world.report('gbtest01-1');
    expect(world.held()).toBe(held);
  });

  test('an answer that states more than it shows leaves the order unknown until its fills are there', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : ACCEPT);
    world.enter();
    const snapshot = world.exchange.snapshot('gbtest01-1');
    if (snapshot === null) throw new Error('no snapshot');
    world.apply({ type: 'order-report', symbol: BTC, clientOrderId: 'gbtest01-1', outcome: { kind: 'known', order: { ...snapshot, fills: [] } } });
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
      outcome: { kind: 'known', order: { clientOrderId: entry.clientOrderId, exchangeOrderId: '1', symbol: BTC, side: 'buy', status: 'new', quantity: formatDecimal(entry.quantity), executedQuantity: '0', fills: [] } },
    });
    world.take();
    world.timer(seconds(4));
    expect(world.take().some((effect) => effect.type === 'cancel')).toBe(false);
    world.timer(seconds(1));
    expect(world.take().some((effect) => effect.type === 'cancel')).toBe(true);
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
});

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
});

describe('an exit', () => {
  test('at the target counts the bid', () => {
    const world = new World().ready().enter();
    world.spread = 0.002;
    world.quotes({ [BTC]: 51_500 });
    expect(world.managed()?.phase).toBe('protected');
    world.quotes({ [BTC]: 51_560 });
    expect(last(trades(world)).exitReason).toBe('take-profit');
    expect(world.exchange.openOrders()).toEqual([]);
  });

  test('comes at the horizon', () => {
    const world = new World().ready().enter();
    world.hours(23);
    expect(world.managed()?.phase).toBe('protected');
    world.hours(1);
    expect(last(trades(world)).exitReason).toBe('horizon');
  });

  test('comes when the model turns round', () => {
    const world = new World().ready().enter();
    world.hour();
    world.predict(BTC, 0.3);
    expect(world.managed()?.phase).toBe('protected');
    world.hour();
    world.predict(BTC, 0.1);
    expect(last(trades(world)).exitReason).toBe('model reversal');
  });

  test('cancels the stop first and sells only when its end is known', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.managed()?.phase).toBe('unstopping');
    expect(world.placed('exit')).toEqual([]);
    world.cancelWorks = true;
    world.timer(seconds(1));
    expect(world.placed('exit')).toHaveLength(1);
    expect(world.held()).toBe('0');
  });

  test('asks for a cancellation that fails again with growing pauses, not in a loop', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    for (let second = 0; second < 120; second += 1) world.timer(seconds(1));
    const asked = world.effects.filter((effect) => effect.type === 'cancel').length;
    // At 0, 1, 3, 7, 15, 31 s and then every 30 s.
    expect(asked).toBe(8);
  });

  test('sells nothing when the stop has filled while it was being cancelled', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    world.moveExchange(BTC, 49_250);
    expect(world.placed('exit')).toEqual([]);
    expect(last(trades(world)).exitReason).toBe('stop');
    expect(world.managed()).toBeNull();
  });

  test('sells what a stop filled in part has left', () => {
    const world = new World().ready().enter();
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.exchange.fill(stop, decimal('0.05'), decimal('49250'), world.at);
    world.command({ name: 'flatten', symbol: BTC });
    expect(last(world.placed('exit')).quantity).toBe((stop.draft.quantity - decimal('0.05')) as never);
    expect(world.held()).toBe('0');
  });

  test('that fails puts the stop back and tries again after 5 s', () => {
    const world = new World().ready().enter();
    world.fate = (draft) => (draft.purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.managed()?.phase).toBe('protected');
    expect(world.exchange.openOrders()).toHaveLength(1);
    world.timer(seconds(4.999));
    expect(world.placed('exit')).toHaveLength(1);
    world.fate = () => ACCEPT;
    world.timer(1);
    expect(world.placed('exit')).toHaveLength(2);
    expect(world.held()).toBe('0');
  });

  test('and stop that are refused again and again are tried with growing pauses and alerted', () => {
    const world = new World().ready().enter();
    world.fate = (draft) => (draft.purpose === 'entry' ? ACCEPT : REJECT);
    const stop = stopIdOf(world);
    world.exchange.end(stop, 'cancelled');
    world.report(stop);
    for (let second = 0; second < 600; second += 1) world.timer(seconds(1));
    const tries = world.placed().length - 2;
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(120);
    expect(world.locks()).toContain('execution');
    world.fate = () => ACCEPT;
    for (let second = 0; second < 61; second += 1) world.timer(seconds(1));
    expect(world.held()).toBe('0');
  });

  test('sold in part is followed by the rest at once', () => {
    const world = new World().ready().enter();
    let first = true;
    world.fate = (draft) => {
      if (draft.purpose !== 'exit' || !first) return ACCEPT;
      first = false;
      return { kind: 'accept', part: 0.6 };
    };
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.placed('exit')).toHaveLength(2);
    expect(world.held()).toBe('0');
    expect(trades(world)).toHaveLength(1);
  });

  test('of a symbol that is not traded any more still happens after a restart with other symbols', () => {
    const world = new World().ready().enter();
    world.config = { ...world.config, symbols: [ETH] };
    world.instruments = [instrumentText(ETH)];
    world.restart();
    world.hours(1);
    world.command({ name: 'flatten', symbol: null });
    expect(world.held()).toBe('0');
  });

  test('is not stopped by any lock', () => {
    const world = new World().ready().enter();
    world.command({ name: 'halt', reason: '' });
    world.command({ name: 'pause', reason: '' });
    world.apply({ type: 'clock-skew', skew: 5_000 });
    world.apply({ type: 'model-status', valid: false, detail: 'gone' });
    world.timer(seconds(301));
    expect(world.locks()).toEqual(['clock-skew', 'model', 'operator-halt', 'operator-pause', `stale-data:${BTC}`, `stale-data:${ETH}`]);
    world.command({ name: 'flatten', symbol: null });
    expect(world.held()).toBe('0');
  });
});

describe('a restart', () => {
  test('finds out what became of a stop that was being sent', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'stop' ? { kind: 'silence' } : ACCEPT);
    world.enter();
    world.fate = () => ACCEPT;
    world.restart();
    expect(world.state.orders[stopIdOf(world)]?.status).toBe('unknown');
    world.resolve();
    world.timer(seconds(1));
    expect(world.managed()?.phase).toBe('protected');
    expect(world.exchange.openOrders()).toHaveLength(1);
  });

  test('asks again for a cancellation that was under way', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    world.cancelWorks = true;
    world.restart();
    expect(world.held()).toBe('0');
  });
});
