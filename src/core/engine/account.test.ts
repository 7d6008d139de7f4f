import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { newestTrades } from '../ledger/plan.ts';
import { indexOrders } from './state.ts';
import { BTC, ETH, last, seconds, World } from './world.test-helper.ts';

const deposits = (world: World): string[] => world.take().flatMap((effect) => (effect.type === 'deposit' ? [formatDecimal(effect.amount)] : []));

describe('the first balance', () => {
  test('opens the books: a deposit, no profit', () => {
    const world = new World({ balances: { USDT: '1234.5', DOGE: '7', BTC: '0.25' } });
    world.start();
    world.predict(BTC);
    world.account();
    expect(deposits(world)).toEqual(['1234.5']);
    expect(world.state.cashNumber).toBe(1234.5);
    expect(world.state.external).toEqual({ DOGE: '7', BTC: '0.25' });
    expect(world.held()).toBe('0');
  });

  test('that cannot be read is unknown, not zero', () => {
    const world = new World();
    world.start();
    world.apply({ type: 'account', balances: null, failure: 'time-out', foreignOrders: [] });
    expect(world.state.ledger.cash).toBeNull();
    expect(world.state.guardian.dayBaseline).toBeNull();
  });

  test('of which our own asset is no number is unknown, and another asset is left out', () => {
    const world = new World();
    world.start();
    const read = (asset: string): void => void world.apply({ type: 'account', balances: [{ asset: 'USDT', free: '10', locked: '0' }, { asset, free: '1e-30', locked: '0' }], failure: null, foreignOrders: [] });
    read('BTC');
    expect(world.state.ledger.cash).toBeNull();
    read('SHIB');
    expect(world.state.cashNumber).toBe(10);
    expect(world.state.external).toEqual({});
  });
});

describe('an account that cannot be read', () => {
  const denials = (world: World): (string | undefined)[] => world.take().flatMap((effect) => (effect.type === 'decision' ? [effect.checks.at(-1)?.code] : []));

  test('refuses entries until it is read again: what was known of it an hour ago is no knowledge of it', () => {
    const world = new World().ready();
    world.apply({ type: 'account', balances: null, failure: 'time-out', foreignOrders: [] });
    world.take();
    world.predict(BTC);
    expect(denials(world)).toEqual(['equity-unknown']);
    expect(world.managed()).toBeNull();
    world.account();
    world.hour();
    world.predict(BTC);
    expect(world.managed()).not.toBeNull();
  });
});

describe('a deposit', () => {
  test('is taken at the second reading that shows it and moves the baselines', () => {
    const world = new World().ready();
    world.take();
    world.exchange.move('USDT', decimal('500'));
    world.account();
    expect(deposits(world)).toEqual([]);
    world.account();
    expect(deposits(world)).toEqual(['500']);
    expect(world.state.guardian).toMatchObject({ dayBaseline: 10_500, highWaterMark: 10_500 });
    expect(world.state.ledger.realised).toBe(ZERO);
    expect(world.locks()).toEqual([]);
    world.account();
    expect(deposits(world)).toEqual([]);
  });

  test('that grows between two readings is confirmed anew', () => {
    const world = new World().ready();
    world.take();
    world.exchange.move('USDT', decimal('500'));
    world.account();
    world.exchange.move('USDT', decimal('1'));
    world.account();
    expect(deposits(world)).toEqual([]);
    world.account();
    expect(deposits(world)).toEqual(['501']);
  });

  test('is not seen in a reading taken while an outcome is open', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
    world.enter();
    world.account();
    world.account();
    expect(world.locks()).toEqual([]);
    expect(world.state.suspicion).toBeNull();
  });

  test('during an open position leaves the position alone', () => {
    const world = new World().ready().enter();
    world.exchange.move('USDT', decimal('500'));
    world.account();
    world.account();
    expect(world.managed()?.phase).toBe('protected');
    expect(world.state.guardian.dayBaseline).toBe(10_500);
  });
});

describe('a shortage', () => {
  test('of quote locks at the second reading; reconcile and unlock book it as a withdrawal', () => {
    const world = new World().ready();
    world.exchange.move('USDT', decimal('-300'));
    world.account();
    expect(world.locks()).toEqual([]);
    world.account();
    expect(world.locks()).toEqual(['reconciliation']);
    expect(world.state.guardian.locks['reconciliation']?.reason).toBe('USDT: exchange 9700, ledger 10000');
    world.timer(seconds(1));
    expect(world.unlock()).toMatchObject({ ok: false, text: 'Reconciliation: send /reconcile first' });
    world.command({ name: 'reconcile' });
    expect(world.unlock().ok).toBe(false);
    world.account();
    world.take();
    expect(world.unlock().ok).toBe(true);
    expect(deposits(world)).toEqual(['-300']);
    expect(world.state.cashNumber).toBe(9_700);
    expect(world.state.guardian).toMatchObject({ dayBaseline: 9_700, highWaterMark: 9_700 });
    expect(imbalance(world.state.ledger)).toBe(ZERO);
    world.account();
    world.account();
    expect(world.locks()).toEqual([]);
  });

  test('of base locks; what is missing leaves at cost, baselines move by its value, the rest is protected', () => {
    const world = new World().ready().enter();
    const stop = world.managed()?.stopOrderId ?? '';
    world.exchange.end(stop, 'cancelled');
    world.exchange.move('BTC', decimal('-0.05'));
    world.account();
    world.account();
    expect(world.locks()).toEqual(['reconciliation']);
    world.report(stop);
    world.command({ name: 'reconcile' });
    world.account();
    const before = world.state.guardian.dayBaseline ?? 0;
    expect(world.unlock().ok).toBe(true);
    expect(world.held()).toBe(formatDecimal(world.exchange.of('BTC')));
    expect(world.state.guardian.dayBaseline).toBeCloseTo(before - 2_500, 6);
    expect(imbalance(world.state.ledger)).toBe(ZERO);
    world.timer(seconds(10));
    expect(world.managed()?.phase).toBe('protected');
  });

  test.each([
    ['an empty list', []],
    ['a list without the coin', [{ asset: 'USDT', free: '10000', locked: '0' }]],
  ])('of base, seen once in %s, leaves the stop alone and does not stand in the way of an exit', (_, balances) => {
    const world = new World().ready().enter();
    const held = world.held();
    world.take();
    world.apply({ type: 'account', balances, failure: null, foreignOrders: [] });
    expect(world.take().map(({ type }) => type)).not.toContain('cancel');
    world.command({ name: 'flatten', symbol: BTC });
    world.report(world.managed()?.stopOrderId ?? '');
    const sales = world.take().flatMap((effect) => (effect.type === 'place' ? [effect.order.draft] : []));
    expect(sales.map(({ purpose, quantity }) => [purpose, formatDecimal(quantity)])).toEqual([['exit', held]]);
  });

  test('that a later reading does not show was none', () => {
    const world = new World().ready();
    world.exchange.move('USDT', decimal('-300'));
    world.account();
    world.exchange.move('USDT', decimal('300'));
    world.account();
    world.exchange.move('USDT', decimal('-300'));
    world.account();
    expect(world.locks()).toEqual([]);
  });

  test('more of a coin than the bot holds is someone else\'s', () => {
    const world = new World().ready();
    world.exchange.move('BTC', decimal('2'));
    world.account();
    world.account();
    expect(world.locks()).toEqual([]);
    expect(world.state.external['BTC']).toBe('2');
    world.enter();
    world.account();
    expect(world.state.external['BTC']).toBe('2');
    world.command({ name: 'flatten', symbol: null });
    expect(world.exchange.of('BTC')).toBe(decimal('2'));
  });
});

describe('the third coin', () => {
  const third = (bnb = '1'): World => {
    const world = new World({ balances: { USDT: '10000', BNB: bnb }, config: { feeAsset: 'BNB' } });
    world.exchange.feeCoin = 'third';
    return world.ready();
  };

  test('is part of equity, pays fees and leaves the books balanced', () => {
    const world = third();
    expect(world.state.guardian.dayBaseline).toBe(10_500);
    world.enter();
    world.command({ name: 'flatten', symbol: null });
    expect(world.state.ledger.feeCoin).toBe(world.exchange.of('BNB'));
    expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
    expect(imbalance(world.state.ledger)).toBe(ZERO);
  });

  test('without a fresh price makes equity unknown: no entry', () => {
    const world = third();
    world.config = { ...world.config, feeAsset: null };
    world.pass(seconds(301));
    world.quotes();
    world.quotes();
    world.predict(BTC);
    expect(world.decision().text).toContain('equity-unknown');
  });

  test('topped up or taken away outside moves the baselines by its value', () => {
    const world = third();
    world.exchange.move('BNB', decimal('2'));
    world.account();
    world.account();
    expect(world.state.guardian.dayBaseline).toBe(11_500);
    expect(world.state.feeCoinNumber).toBe(3);
    world.exchange.move('BNB', decimal('-3'));
    world.account();
    world.account();
    expect(world.state.guardian.dayBaseline).toBe(10_000);
    expect(world.locks()).toEqual([]);
  });
});

test('orders of others are reported, once for each set', () => {
  const world = new World().ready();
  world.take();
  const read = (foreignOrders: readonly string[]): void => void world.apply({ type: 'account', balances: world.exchange.balances(), failure: null, foreignOrders });
  read(['b', 'a']);
  read(['a', 'b']);
  const keys = world.take().flatMap((effect) => (effect.type === 'alert' ? [effect.alert.key] : []));
  expect(keys).toEqual(['reconciliation:foreign:a,b', 'reconciliation:foreign:a,b']);
  expect(world.locks()).toEqual([]);
});

test('the newest traded order of a symbol is never forgotten: without it, old trades of the bot would be those of others', () => {
  const world = new World().ready().enter();
  world.quotes({ [BTC]: 51_600 });
  const sold = last(world.placed('exit')).clientOrderId;
  const newest = newestTrades(world.state.orders).get(BTC);
  const ended = world.state.orders[sold]!;
  for (let count = 0; count < 300; count += 1) {
    const clientOrderId = `gb-eth-${count}`;
    world.state.orders[clientOrderId] = { ...ended, draft: { ...ended.draft, clientOrderId, symbol: ETH }, tradeIds: [] };
  }
  indexOrders(world.state);
  world.report(sold);
  expect(Object.keys(world.state.orders)).toHaveLength(200);
  expect([newest, newestTrades(world.state.orders).get(BTC)]).toEqual([newest, newest]);
  expect(newest).toBeDefined();
  expect(world.state.ordersKept).toBe(200);
});

describe('restarts', () => {
  test('keep what the account was', () => {
    const world = new World({ balances: { USDT: '10000', BNB: '1' }, config: { feeAsset: 'BNB' } }).ready();
    world.enter(ETH);
    world.restart();
    expect(world.state.feeCoinNumber).toBe(1);
    expect(world.state.symbols[ETH]?.heldNumber).toBeGreaterThan(0);
    expect(world.state.cashNumber).toBeLessThan(10_000);
  });
});
