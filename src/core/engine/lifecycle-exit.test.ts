import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, sub, ZERO } from '../decimal.ts';
import { HOUR_MS } from '../units.ts';
import type { InstrumentText } from './input.ts';
import { BTC, ETH, instrumentText, last, seconds, stopIdOf, trades, World, type Fate } from './world.test-helper.ts';

const REJECT: Fate = { kind: 'reject' };
const ACCEPT: Fate = { kind: 'accept' };

describe('an exit', () => {
  test('at the target comes when the bid reaches it, not the last price', () => {
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

  test('that finishes what a stop had begun is a stop-out: the symbol rests', () => {
    const world = new World().ready().enter();
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.exchange.fill(stop, decimal('0.05'), decimal('49250'), world.at);
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.managed()).toBeNull();
    expect(world.state.symbols[BTC]?.restUntil).toBe(world.at + 4 * HOUR_MS);
  });

  test('refused because its stop had filled after all, though it was said to be cancelled, is a stop-out: the symbol rests', () => {
    const world = new World().ready().enter();
    const stop = world.exchange.orders.get(stopIdOf(world));
    if (stop === undefined) throw new Error('no stop');
    world.fate = ({ purpose }) => (purpose === 'exit' ? { kind: 'silence' } : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    world.exchange.fill(stop, stop.draft.quantity, decimal('49250'), world.at);
    world.report(stop.draft.clientOrderId);
    const { clientOrderId } = last(world.placed('exit'));
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId,
      outcome: { kind: 'rejected', code: '-2010', message: 'insufficient balance' },
    });
    expect([last(trades(world)).exitReason, world.managed(), world.state.symbols[BTC]?.restUntil]).toEqual([
      'stop',
      null,
      world.at + 4 * HOUR_MS,
    ]);
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

  test.each([0, 0.4])(
    'that the exchange takes and ends with %d of it sold is a failure that is told each time, with the stop back in between',
    (part) => {
      const world = new World().ready().enter();
      world.take();
      world.fate = ({ purpose }) =>
        purpose === 'exit' && world.placed('exit').length === 1 ? { kind: 'accept', part } : ACCEPT;
      world.command({ name: 'flatten', symbol: BTC });
      const [failure, ...others] = world
        .take()
        .flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === 'order-failure' ? [effect.alert] : []));
      const sold = world.exchange.snapshot(world.placed('exit')[0]?.clientOrderId ?? '')?.executedQuantity;
      expect([failure?.title, failure?.lines, others]).toEqual([
        'BTC/USDT: exit expired',
        [
          `ended by the exchange with ${sold ?? ''} of ${formatDecimal(world.placed('exit')[0]?.quantity ?? ZERO)} sold`,
        ],
        [],
      ]);
      expect(world.managed()?.phase).toBe('protected');
      const { orderFailures, lastTroubleWall } = world.state.guardian;
      world.timer(seconds(1));
      world.report(world.placed('exit')[0]?.clientOrderId ?? '');
      expect([world.state.guardian.orderFailures, world.state.guardian.lastTroubleWall]).toEqual([
        orderFailures,
        lastTroubleWall,
      ]);
      world.timer(seconds(5));
      expect(world.held()).toBe('0');
    },
  );

  test('sold in part is followed by the rest at once', () => {
    const world = new World().ready().enter();
    let first = true;
    world.fate = (draft) => {
      if (draft.purpose !== 'exit' || !first) return ACCEPT;
      first = false;
      return { kind: 'accept', part: 0.6 };
    };
    world.take();
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.placed('exit')).toHaveLength(2);
    expect(world.held()).toBe('0');
    expect(trades(world)).toHaveLength(1);
    expect(world.take().filter((effect) => effect.type === 'alert' && effect.alert.kind === 'order-failure')).toEqual(
      [],
    );
  });

  test('that the exchange did not know and that sells a part after all leaves no stop for more than is held: it would sell what is not ours', () => {
    const world = new World({ balances: { USDT: '10000', BTC: '1' } }).ready().enter();
    const own = (): string => formatDecimal(sub(world.exchange.of('BTC'), decimal(world.held())));
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    for (let second = 0; second < 40; second += 1) world.timer(seconds(1));
    world.fate = ({ purpose }) => (purpose === 'exit' ? { kind: 'silence' } : ACCEPT);
    const refused = world.placed('exit').length;
    while (world.placed('exit').length === refused) world.timer(seconds(1));
    const sale = last(world.placed('exit'));
    world.report(sale.clientOrderId);
    const whole = last(world.placed('stop')).quantity;
    expect([world.managed()?.phase, whole]).toEqual(['protected', sale.quantity]);

    // It was under way for all that, and the exchange ends it with half of it sold.
    world.exchange.accept(sale, world.at, 0.5);
    world.report(sale.clientOrderId);
    expect(decimal(world.held())).toBeLessThan(whole);
    world.timer(seconds(1));
    expect(world.exchange.openOrders().map(({ draft }) => formatDecimal(draft.quantity))).toEqual([world.held()]);
    world.quotes({ [BTC]: 49_200 });
    expect([world.managed(), world.held(), own(), world.locks()]).toEqual([null, '0', '1', []]);
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
    expect(world.locks()).toEqual([
      'clock-skew',
      'model',
      'operator-halt',
      'operator-pause',
      `stale-data:${BTC}`,
      `stale-data:${ETH}`,
    ]);
    world.command({ name: 'flatten', symbol: null });
    expect(world.held()).toBe('0');
  });
});

describe.each([
  ['that could not cancel its stop', (): void => undefined],
  ['that a restart has interrupted', (world: World): void => world.restart()],
  [
    'whose stop nobody can answer for',
    (world: World): void =>
      void world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId: stopIdOf(world),
        outcome: { kind: 'unknown', code: '503', message: 'no answer' },
      }),
  ],
])('an exit %s before its market was halted', (_, meanwhile) => {
  const halted = (trading: boolean): readonly InstrumentText[] => [
    instrumentText(BTC, { trading }),
    instrumentText(ETH),
  ];

  test('leaves the stop where it is: neither the sale nor the stop would be taken back. It goes on when the market is traded again', () => {
    const world = new World().ready().enter();
    const stop = stopIdOf(world);
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    world.instruments = [...halted(false)];
    world.apply({ type: 'instruments', instruments: halted(false) });
    world.cancelWorks = true;
    meanwhile(world);
    for (let look = 0; look < 12; look += 1) world.timer(seconds(5));
    expect([
      world.exchange.openOrders().map(({ draft }) => draft.clientOrderId),
      world.placed('exit'),
      world.state.orders[stop]?.cancelSince,
    ]).toEqual([[stop], [], null]);
    world.resolve();
    expect(world.managed()?.phase).toBe('protected');
    world.apply({ type: 'instruments', instruments: halted(true) });
    world.timer(seconds(1));
    expect([world.held(), world.exchange.openOrders()]).toEqual(['0', []]);
  });
});

describe('a gate', () => {
  test('never abandons a position: halted, it is guarded and sold all the same', () => {
    const world = new World().ready().enter();
    const stop = stopIdOf(world);
    world.start({ halts: [{ code: 'live-gate', text: 'GO_LIVE is not true', clears: 'restart' }] });
    expect(world.locks()).toEqual(['start-gate']);
    world.timer(seconds(6));
    world.exchange.end(stop, 'expired');
    world.report(stop);
    expect(world.managed()?.phase).toBe('protected');
    expect(stopIdOf(world)).not.toBe(stop);
    world.quotes({ [BTC]: 51_600 });
    expect(last(trades(world)).exitReason).toBe('take-profit');
    expect(world.locks()).toEqual(['start-gate']);
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

describe('one wild price, far below every other', () => {
  test('does not make dust of a position: the stop goes back, and the sale follows when the price is one again', () => {
    const world = new World({ balances: { USDT: '500' } }).ready().enter();
    const held = world.held();
    world.exchange.stopsFill = false;
    // 0.00554 BTC would fetch 2.77 USDT here, less than the exchange lets anybody sell.
    world.quotes({ [BTC]: 500 });
    expect(world.locks()).toContain('total-drawdown');
    expect(world.managed()).toMatchObject({ phase: 'protected', exitReason: 'daily drawdown' });
    expect(world.held()).toBe(held);
    expect(world.exchange.openOrders().map(({ draft }) => [draft.purpose, formatDecimal(draft.quantity)])).toEqual([
      ['stop', held],
    ]);
    world.pass(seconds(5)).quotes({ [BTC]: 50_000 });
    expect(world.held()).toBe('0');
    expect(last(trades(world)).exitReason).toBe('daily drawdown');
    expect(world.exchange.openOrders()).toEqual([]);
  });

  test('does not wait for the end of a pause once the rules that refused it have changed', () => {
    const world = new World().ready().enter();
    world.fate = ({ side }) => (side === 'sell' ? REJECT : ACCEPT);
    world.quotes({ [BTC]: 51_600 });
    for (let tick = 0; tick < 60; tick += 1) world.timer(seconds(1));
    expect(world.managed()?.phase).toBe('protecting');
    world.fate = () => ACCEPT;
    world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { marketMaxQuantity: '90' })] });
    expect(world.managed()).toBeNull();
    expect(world.held()).toBe('0');
  });

  test('does not make a position of a scrap either, once it is one at every price', () => {
    const world = new World();
    world.exchange.feeCoin = 'base';
    world.instruments = [instrumentText(BTC, { stepSize: '0.0001', minQuantity: '0.0001' }), instrumentText(ETH)];
    world.ready().enter();
    world.quotes({ [BTC]: 51_600 });
    expect(world.managed()).toBeNull();
    expect(Number(world.held())).toBeGreaterThan(0);
  });
});
