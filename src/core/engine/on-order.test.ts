import { expect, test } from 'vitest';
import { decimal, formatDecimal } from '../decimal.ts';
import { BTC, last, seconds, stopIdOf, World, type Fate } from './world.test-helper.ts';

const ACCEPT: Fate = { kind: 'accept' };

test.each(['rejected', 'not-sent'] as const)(
  'a late word that an order was %s does not undo that the exchange has it',
  (kind) => {
    const world = new World().ready().enter();
    const stop = stopIdOf(world);
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: stop,
      outcome: { kind, code: '-1', message: 'late' },
    });
    expect([world.state.orders[stop]?.status, world.managed()?.phase, world.placed('stop').length]).toEqual([
      'working',
      'protected',
      1,
    ]);
  },
);

test('an outcome that is reported as unknown again has been unknown since it was first', () => {
  const world = new World().ready();
  world.fate = () => ({ kind: 'unknown', arrives: true });
  world.enter();
  world.timer(seconds(50));
  world.apply({
    type: 'order-report',
    symbol: BTC,
    clientOrderId: last(world.placed()).clientOrderId,
    outcome: { kind: 'unknown', code: '503', message: 'no answer' },
  });
  world.timer(seconds(11));
  expect(world.locks()).toContain('execution');
});

test('a late fill of the entry at another price moves the stop with the average', () => {
  const world = new World().ready();
  world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept', part: 0.5 } : ACCEPT);
  world.enter();
  const order = world.exchange.orders.get('gbtest01-1');
  if (order === undefined) throw new Error('no entry');
  // As much again, a hundred dearer: the average is fifty above.
  world.exchange.fill(order, order.executed, decimal('50100'), world.at);
  world.report('gbtest01-1');
  expect(formatDecimal(last(world.placed('stop')).stopPrice ?? decimal('0'))).toBe('49299.25');
  expect(formatDecimal(last(world.placed('stop')).quantity)).toBe(world.held());
});

test('a sale of an earlier position that turns up late takes the stop of this one down to what is left', () => {
  const world = new World().ready().enter();
  world.fate = (draft) => (draft.purpose === 'exit' ? { kind: 'unknown', arrives: false } : ACCEPT);
  world.command({ name: 'flatten', symbol: null });
  const sale = last(world.placed('exit'));
  world.resolve();
  world.quotes({ [BTC]: 49_200 });
  expect(world.managed()).toBeNull();
  world.hours(5);
  world.enter();
  const { clientOrderId, quantity } = sale;
  const fill = {
    tradeId: '900',
    price: '49200',
    quantity: '0.05',
    quoteQuantity: '2460',
    fee: '2.46',
    feeAsset: 'USDT',
    at: world.at,
  };
  const order = {
    clientOrderId,
    exchangeOrderId: 'x',
    symbol: BTC,
    side: 'sell',
    status: 'expired',
    quantity: formatDecimal(quantity),
    executedQuantity: '0.05',
    fills: [fill],
  } as const;
  world.apply({ type: 'order-report', symbol: BTC, clientOrderId, outcome: { kind: 'known', order } });
  expect(world.exchange.openOrders().map(({ draft }) => formatDecimal(draft.quantity))).toEqual([world.held()]);
});
