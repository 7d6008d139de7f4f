import { describe, expect, test } from 'vitest';
import { decimal, decimalFromNumber, formatDecimal, mulDown } from '../decimal.ts';
import type { Alert } from './alert.ts';
import type { InstrumentText } from './input.ts';
import { BTC, ETH, instrumentText, last, seconds, stopIdOf, trades, World } from './world.test-helper.ts';

/** The exchange states another rule for BTC, and follows it itself from then on. */
const ruled = (world: World, changes: Partial<InstrumentText>): void => {
  world.instruments = [instrumentText(BTC, changes), instrumentText(ETH)];
  const least = decimal(changes.minNotional ?? '5');
  world.fate = ({ symbol, quantity, stopPrice, limitPrice }) =>
    symbol === BTC &&
    mulDown(limitPrice ?? stopPrice ?? decimalFromNumber(world.exchange.prices[BTC] ?? 0), quantity) < least
      ? { kind: 'reject' }
      : { kind: 'accept' };
  world.apply({ type: 'instruments', instruments: world.instruments });
};

const alertsOf = (world: World, about: string): readonly Alert[] =>
  world.effects.flatMap((effect) =>
    effect.type === 'alert' && effect.alert.title.includes(about) ? [effect.alert] : [],
  );

const resting = (world: World): readonly string[] =>
  world.exchange.openOrders().map(({ draft }) => draft.clientOrderId);

/** 0.00554 BTC, bought at 50,000 for 277 USDT. */
const small = (): World => new World({ balances: { USDT: '500' } }).ready().enter();

describe('a position that the exchange would not let anybody sell, because it has raised', () => {
  test.each<[string, Partial<InstrumentText>, string]>([
    ['its least notional', { minNotional: '300' }, 'instrument-filter: limit min-notional 300, value 285.864.'],
    ['its least notional to much more than the position has cost', { minNotional: '6000' }, 'limit min-notional 6000'],
    [
      'its lot',
      { stepSize: '0.01', minQuantity: '0.01' },
      'reduce-only: 0.00554 by the books, and no lot of it on the exchange',
    ],
  ])('%s, keeps its stop when it should be sold, stays in view, and is told of once', (_, rule, why) => {
    const world = small();
    const [stop, held] = [stopIdOf(world), world.held()];
    ruled(world, rule);
    world.quotes({ [BTC]: 51_600 });
    for (let look = 0; look < 60; look += 1) world.timer(seconds(5));
    world.command({ name: 'flatten', symbol: BTC });
    world.restart();
    for (let look = 0; look < 60; look += 1) world.timer(seconds(5));
    expect(resting(world)).toEqual([stop]);
    expect(world.managed()).toMatchObject({ phase: 'protected', stopOrderId: stop });
    expect([world.held(), world.placed('exit')]).toEqual([held, []]);
    const told = alertsOf(world, 'cannot be sold');
    expect(told.map(({ title, kind }) => [title, kind])).toEqual([
      ['BTC/USDT cannot be sold (take-profit): its stop stays', 'order-failure'],
    ]);
    expect(told[0]?.lines[0]).toMatch(/^0\.00554 BTC, worth 285\.86 USDT\. /);
    expect(told[0]?.lines[0]).toContain(why);
    // The stop is left to do what it is for, and the books follow it.
    world.quotes({ [BTC]: 49_250 });
    expect([world.managed(), world.held(), last(trades(world)).exitReason]).toEqual([null, '0', 'stop']);
  });

  test('its least notional, is sold as soon as the price has risen far enough, or the rule is a lower one again', () => {
    for (const end of [
      (world: World) => void world.quotes({ [BTC]: 54_200 }),
      (world: World) => ruled(world, { minNotional: '5' }),
    ]) {
      const world = small();
      ruled(world, { minNotional: '300' });
      world.quotes({ [BTC]: 51_600 });
      world.timer(seconds(60));
      expect(world.managed()?.phase).toBe('protected');
      end(world);
      expect([world.managed(), world.held(), last(trades(world)).exitReason]).toEqual([null, '0', 'take-profit']);
    }
  });

  test('its least notional while the stop was being cancelled keeps it as well', () => {
    const world = small();
    const stop = stopIdOf(world);
    world.cancelWorks = false;
    world.quotes({ [BTC]: 51_600 });
    ruled(world, { minNotional: '300' });
    world.cancelWorks = true;
    for (let look = 0; look < 12; look += 1) world.timer(seconds(5));
    expect([resting(world), world.managed()?.phase]).toEqual([[stop], 'protected']);
  });

  test('its least notional while nobody could answer for the stop, is looked after until somebody can', () => {
    const world = small();
    const stop = stopIdOf(world);
    ruled(world, { minNotional: '300' });
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: stop,
      outcome: { kind: 'unknown', code: '503', message: 'no answer' },
    });
    for (let look = 0; look < 12; look += 1) world.timer(seconds(5));
    expect([resting(world), world.managed()?.stopOrderId]).toEqual([[stop], stop]);
    world.resolve();
    expect([resting(world), world.managed()?.phase]).toEqual([[stop], 'protected']);
  });

  test('its lot, keeps a stop that no other could follow', () => {
    const world = small();
    const stop = stopIdOf(world);
    const order = world.exchange.orders.get(stop);
    if (order === undefined) throw new Error('no stop');
    world.exchange.fill(order, decimal('0.001'), decimal('49250'), world.at);
    ruled(world, { stepSize: '0.01', minQuantity: '0.01' });
    world.report(stop);
    for (let look = 0; look < 12; look += 1) world.timer(seconds(5));
    expect([resting(world), world.managed()?.phase, world.held()]).toEqual([[stop], 'protected', '0.00454']);
    // What fits into another one gets it, as before.
    ruled(world, { stepSize: '0.001', minQuantity: '0.001' });
    expect(world.exchange.openOrders().map(({ draft }) => formatDecimal(draft.quantity))).toEqual(['0.004']);
  });

  test.each([
    ['', (): void => undefined],
    [', whatever wants it sold', (world: World): void => void world.command({ name: 'flatten', symbol: BTC })],
  ])('its least notional, does not keep a stop for more than is held%s', (_, wanted) => {
    const world = small();
    ruled(world, { minNotional: '300' });
    wanted(world);
    // Half of it is gone, and an operator has accepted that.
    world.exchange.move('BTC', decimal('-0.002'));
    world.account();
    world.account();
    world.command({ name: 'reconcile' });
    world.account();
    world.unlock();
    world.timer(seconds(1));
    expect([resting(world), world.managed(), world.held()]).toEqual([[], null, '0.00354']);
  });

  test('its least notional, answers /flatten with why it is not closed', () => {
    const world = small();
    ruled(world, { minNotional: '300' });
    expect(world.command({ name: 'flatten', symbol: null }).text).toBe(
      'BTC/USDT cannot be sold now (instrument-filter: limit min-notional 300, value 277): its stop stays, and it is sold as soon as the exchange would take the order.',
    );
  });
});

test('a stop that the price has gone through without a fill stays where the rest is worth too little to be sold in its place', () => {
  const world = new World({ balances: { USDT: '500' } });
  world.instruments = [instrumentText(BTC, { minNotional: '265' }), instrumentText(ETH)];
  world.ready().enter();
  const stop = stopIdOf(world);
  world.exchange.stopsFill = false;
  // 0.00554 BTC: 264.81 USDT.
  world.quotes({ [BTC]: 47_800 });
  for (let look = 0; look < 12; look += 1) world.timer(seconds(5));
  expect([resting(world), world.held(), world.placed('exit')]).toEqual([[stop], '0.00554', []]);
  expect(alertsOf(world, 'cannot be sold')).toHaveLength(1);
});

describe('what becomes dust for good is told with amount and value', () => {
  const dustOf = (world: World): readonly (readonly string[])[] =>
    alertsOf(world, 'as dust').map(({ title, lines }) => [title, lines[0] ?? '']);

  test('when the stop of a position that cannot be sold has ended by other hands', () => {
    const world = small();
    const stop = stopIdOf(world);
    ruled(world, { minNotional: '300' });
    world.exchange.end(stop, 'cancelled');
    world.report(stop);
    expect(world.managed()).toBeNull();
    expect(dustOf(world)).toEqual([['BTC/USDT: 0.00554 BTC stay behind as dust', '0.00554 BTC, worth 277.00 USDT.']]);
  });

  test('when an entry has filled too little, and not again when the next one fills nothing', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'accept', part: 0.0005 });
    world.enter();
    expect(dustOf(world)).toEqual([
      [`BTC/USDT: ${world.held()} BTC stay behind as dust`, `${world.held()} BTC, worth 2.50 USDT.`],
    ]);
    world.fate = () => ({ kind: 'accept', part: 0 });
    world.hour();
    world.enter();
    expect(dustOf(world)).toHaveLength(1);
  });

  test('when a fill turns up late and is too little', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'unknown', arrives: true, part: 0.0005 });
    world.predict(BTC);
    const { clientOrderId } = last(world.placed('entry'));
    world.apply({ type: 'order-report', symbol: BTC, clientOrderId, outcome: { kind: 'not-found' } });
    expect([world.managed(), dustOf(world)]).toEqual([null, []]);
    world.report(clientOrderId);
    expect([world.managed(), dustOf(world)]).toEqual([
      null,
      [['BTC/USDT: 0.00005 BTC stay behind as dust', '0.00005 BTC, worth 2.50 USDT.']],
    ]);
  });

  test('when a sale in parts leaves too little for another, and not for less than a lot', () => {
    const world = small();
    world.fate = ({ purpose }) =>
      purpose === 'exit' && world.placed('exit').length === 1 ? { kind: 'accept', part: 0.99 } : { kind: 'accept' };
    world.command({ name: 'flatten', symbol: BTC });
    expect(world.managed()).toBeNull();
    expect(dustOf(world)).toEqual([
      [`BTC/USDT: ${world.held()} BTC stay behind as dust`, `${world.held()} BTC, worth 3.00 USDT.`],
    ]);
    const fees = new World();
    fees.exchange.feeCoin = 'base';
    fees.instruments = [instrumentText(BTC, { stepSize: '0.0001', minQuantity: '0.0001' }), instrumentText(ETH)];
    fees
      .ready()
      .enter()
      .quotes({ [BTC]: 51_600 });
    expect([Number(fees.held()) > 0, dustOf(fees)]).toEqual([true, []]);
  });
});
