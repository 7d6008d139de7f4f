import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { markEquity } from './marking.ts';
import { newestTrades } from '../ledger/plan.ts';
import { indexOrders } from './open-orders.ts';
import { BTC, ETH, instrumentText, last, seconds, World } from './world.test-helper.ts';

const deposits = (world: World): string[] =>
  world.take().flatMap((effect) => (effect.type === 'deposit' ? [formatDecimal(effect.amount)] : []));

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
    const read = (asset: string): void =>
      void world.apply({
        type: 'account',
        balances: [
          { asset: 'USDT', free: '10', locked: '0' },
          { asset, free: '1e-30', locked: '0' },
        ],
        failure: null,
        foreignOrders: [],
      });
    read('BTC');
    expect(world.state.ledger.cash).toBeNull();
    read('SHIB');
    expect(world.state.cashNumber).toBe(10);
    expect(world.state.external).toEqual({});
  });
});

describe('an account that cannot be read', () => {
  const denials = (world: World): (string | undefined)[] =>
    world.take().flatMap((effect) => (effect.type === 'decision' ? [effect.checks.at(-1)?.code] : []));

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

  test('of a fraction of a cent is told as what it is', () => {
    const world = new World().ready();
    world.exchange.move('USDT', decimal('0.00000012'));
    for (let reading = 0; reading < 2; reading += 1) world.account();
    expect(world.effects).toContainEqual(
      expect.objectContaining({ alert: expect.objectContaining({ title: 'Deposit of 0.00000012 USDT' }) as unknown }),
    );
    expect(deposits(world)).toContain('0.00000012');
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
    expect(world.state.guardian.locks['reconciliation']?.reason).toBe(
      'USDT: the exchange has 300 less than the ledger',
    );
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

  test('that is another one at each reading, because somebody goes on spending, locks as well; /unlock accepts what the lock says', () => {
    const world = new World().ready();
    const spend = (readings: number): void => {
      for (let reading = 0; reading < readings; reading += 1) {
        world.pass(seconds(5)).quotes();
        world.exchange.move('USDT', decimal('-1'));
        world.account();
      }
    };
    spend(5);
    expect(world.locks()).toEqual([]);
    spend(1);
    expect(world.state.guardian.locks['reconciliation']?.reason).toBe('USDT: the exchange has 6 less than the ledger');
    world.command({ name: 'reconcile' });
    spend(1);
    world.pass(seconds(5)).quotes();
    world.take();
    expect(world.unlock().ok).toBe(true);
    expect(deposits(world)).toEqual(['-7']);
    expect(world.state.guardian).toMatchObject({ dayBaseline: 9_993, highWaterMark: 9_993 });
    spend(5);
    expect(world.locks()).toEqual([]);
  });

  test('of base with an open gain is neither a profit nor a loss: what has left is booked at its value, in the books and in the record', () => {
    const world = new World().ready().enter();
    world.quotes({ [BTC]: 51_000 });
    const equity = (): number => markEquity(world.state, world.at, world.wall).value ?? Number.NaN;
    const before = equity();
    world.exchange.end(world.managed()?.stopOrderId ?? '', 'cancelled');
    world.exchange.move('BTC', decimal('-0.05'));
    world.account();
    world.account();
    world.report(world.managed()?.stopOrderId ?? '');
    world.command({ name: 'reconcile' });
    world.account();
    world.take();
    expect(world.unlock().ok).toBe(true);
    expect(deposits(world)).toEqual(['-2550']);
    expect(equity() - before).toBeCloseTo(-2_550, 6);
    expect(imbalance(world.state.ledger)).toBe(ZERO);
    expect(world.state.guardian.highWaterMark).toBeCloseTo(before - 2_550, 6);
  });

  test('of base of which no price is known leaves at its cost', () => {
    const world = new World().ready().enter();
    const symbol = world.state.symbols[BTC];
    if (symbol === undefined) throw new Error('no symbol');
    symbol.last = 0;
    const cost = world.state.ledger.positions[BTC]?.cost ?? ZERO;
    world.exchange.move('BTC', decimal(`-${world.held()}`));
    for (let reading = 0; reading < 2; reading += 1) world.account();
    world.command({ name: 'reconcile' });
    world.account();
    world.take();
    world.unlock();
    expect(deposits(world)).toEqual([`-${formatDecimal(cost)}`]);
    expect(imbalance(world.state.ledger)).toBe(ZERO);
  });

  test('of base locks; what is missing leaves, baselines move by its value, the rest is protected', () => {
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

  test("more of a coin than the bot holds is someone else's", () => {
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

test('an account that cannot be compared is told after ten minutes, once, and when it can be again', () => {
  const world = new World().ready();
  const fail = (): void =>
    void world.apply({
      type: 'account',
      balances: null,
      failure: 'orders and trades could not be compared',
      foreignOrders: [],
    });
  const told = (): string[] =>
    world
      .take()
      .flatMap((effect) =>
        effect.type === 'alert' && effect.alert.kind === 'reconciliation' ? [effect.alert.title] : [],
      );
  world.take();
  for (let count = 0; count < 3; count += 1) {
    fail();
    world.pass(seconds(299));
  }
  expect(told()).toEqual([]);
  fail();
  fail();
  world.restart();
  fail();
  expect(told()).toEqual(['The account has not been compared for 15 min']);
  world.account();
  world.account();
  expect(told()).toEqual(['The account is compared again']);
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
    // The price of the coin is read no more.
    world.config = { ...world.config, feeAsset: null };
    world.pass(seconds(301));
    world.quotes();
    world.quotes();
    world.predict(BTC);
    expect(world.decision().text).toContain('equity-unknown');
  });

  test('topped up outside is no gain in the record, and waits for a price while none is fresh', () => {
    const world = third('0');
    world.exchange.move('BNB', decimal('2'));
    world.pass(seconds(301));
    world.take();
    for (let reading = 0; reading < 3; reading += 1) world.account();
    expect([deposits(world), world.state.feeCoinNumber, world.state.guardian.highWaterMark]).toEqual([[], 0, 10_000]);
    world.quotes();
    world.account();
    expect([deposits(world), world.state.feeCoinNumber, world.state.guardian.highWaterMark]).toEqual([
      ['1000'],
      2,
      11_000,
    ]);
  });

  test('whose price is not fresh pays a fee that is booked at the full taker fee: never cheaper than it can have been', () => {
    const world = third();
    world.enter();
    const cheap = world.state.ledger.feesPaid;
    const bought = world.held();
    const stale = third();
    stale.state.feeCoinAt -= 1_000_000;
    stale.state.feeCoinWall -= 1_000_000;
    stale.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
    stale.exchange.accept(world.placed('entry')[0]!, stale.at);
    const record = { ...world.state.orders['gbtest01-1']!, status: 'unknown' as const, executed: ZERO, tradeIds: [] };
    stale.state.orders['gbtest01-1'] = record;
    indexOrders(stale.state);
    stale.report('gbtest01-1');
    expect(stale.held()).toBe(bought);
    const full = Number(formatDecimal(stale.state.ledger.feesPaid));
    expect(full).toBeCloseTo(Number(bought) * 50_000 * 0.001, 6);
    expect(full).toBeGreaterThanOrEqual(Number(formatDecimal(cheap)));
  });

  test('that FEE_ASSET does not name is told, and a price of another coin values nothing', () => {
    const world = new World({ balances: { USDT: '10000', BNB: '1' } });
    world.exchange.feeCoin = 'third';
    world.ready().enter();
    expect(world.effects).toContainEqual(
      expect.objectContaining({
        alert: expect.objectContaining({
          title: 'Fees are paid in BNB, which FEE_ASSET does not name',
          key: 'reconciliation:fee-asset:BNB',
        }) as unknown,
      }),
    );
    expect([world.state.feeCoinNumber, world.locks()]).toEqual([0, []]);
    expect(imbalance(world.state.ledger)).toBe(ZERO);
  });

  test('that FEE_ASSET does not name and a symbol trades is told with what it leads to, not with a setting that is refused', () => {
    const BNB = 'BNB/USDT';
    const world = new World({ balances: { USDT: '10000', BNB: '1' }, config: { symbols: [BTC, ETH, BNB] } });
    world.instruments = [...world.instruments, instrumentText(ETH, { symbol: BNB, base: 'BNB', id: 'BNBUSDT' })];
    world.exchange.prices[BNB] = 500;
    world.exchange.feeCoin = 'third';
    world.ready().enter();
    const told = world.effects.flatMap((effect) => (effect.type === 'alert' ? [effect.alert] : []));
    const lines = told.find(({ key }) => key === 'reconciliation:fee-asset:BNB')?.lines.join(' ');
    expect(lines).toContain('take BNB/USDT out of SYMBOLS');
    expect(lines).not.toContain('FEE_ASSET=');
  });

  test('that pays no fees any more leaves the books at a start, with the baselines', () => {
    const world = third();
    world.take();
    world.config = { ...world.config, feeAsset: null };
    world.restart();
    expect([deposits(world), world.state.feeCoinNumber, world.state.guardian.highWaterMark]).toEqual([
      ['-500'],
      0,
      10_000,
    ]);
    world.account();
    world.account();
    world.quotes();
    expect([world.locks(), world.state.external['BNB']]).toEqual([[], '1']);
  });

  test('is not taken for dearer or cheaper by one wild price', () => {
    const world = third();
    world.pass(seconds(5));
    for (const last of [5_000, 505]) {
      world.apply({ type: 'quotes', quotes: [{ symbol: 'BNB/USDT', last, bid: last, ask: last, at: world.at }] });
      expect(world.state.feeCoinPrice).toBe(500);
    }
    world.apply({ type: 'quotes', quotes: [{ symbol: 'BNB/USDT', last: 506, bid: 506, ask: 506, at: world.at }] });
    expect(world.state.feeCoinPrice).toBe(506);
    expect(world.state.guardian.highWaterMark).toBe(10_506);
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
  const read = (foreignOrders: readonly string[]): void =>
    void world.apply({ type: 'account', balances: world.exchange.balances(), failure: null, foreignOrders });
  read(['b', 'a']);
  read(['a', 'b']);
  const keys = world.take().flatMap((effect) => (effect.type === 'alert' ? [effect.alert.key] : []));
  expect(keys).toEqual(['reconciliation:foreign:a,b', 'reconciliation:foreign:a,b']);
  expect(world.locks()).toEqual([]);
  read(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  const [alert] = world.take().flatMap((effect) => (effect.type === 'alert' ? [effect.alert] : []));
  expect([alert?.title, alert?.lines]).toEqual([
    'Somebody else trades on the account: 7 orders or trades',
    ['a', 'b', 'c', 'd', 'e', 'and 2 more'],
  ]);
});

test('the newest traded order of a symbol is never forgotten: without it, old trades of the bot would be those of others', () => {
  const world = new World().ready().enter();
  world.quotes({ [BTC]: 51_600 });
  const sold = last(world.placed('exit')).clientOrderId;
  const newest = newestTrades(world.state.orderList).get(BTC);
  const ended = world.state.orders[sold]!;
  for (let count = 0; count < 300; count += 1) {
    const clientOrderId = `gb-eth-${count}`;
    world.state.orders[clientOrderId] = {
      ...ended,
      draft: { ...ended.draft, clientOrderId, symbol: ETH },
      tradeIds: [],
    };
  }
  indexOrders(world.state);
  world.report(sold);
  expect(Object.keys(world.state.orders)).toHaveLength(200);
  expect([newest, newestTrades(world.state.orderList).get(BTC)]).toEqual([newest, newest]);
  expect(newest).toBeDefined();
  expect([world.state.ordersKept, world.state.orderList]).toEqual([200, Object.values(world.state.orders)]);
});

describe('restarts', () => {
  test('keep cash, holdings and fee coin of the last account reading', () => {
    const world = new World({ balances: { USDT: '10000', BNB: '1' }, config: { feeAsset: 'BNB' } }).ready();
    world.enter(ETH);
    world.restart();
    expect(world.state.feeCoinNumber).toBe(1);
    expect(world.state.symbols[ETH]?.heldNumber).toBeGreaterThan(0);
    expect(world.state.cashNumber).toBeLessThan(10_000);
  });
});
