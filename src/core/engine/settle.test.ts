import { describe, expect, test } from 'vitest';
import { add, decimal, formatDecimal, sum, toNumber } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { newestTrades } from '../ledger/plan.ts';
import { openRecord } from '../orders/record.ts';
import { MINUTE_MS } from '../units.ts';
import type { OperatorCommand } from './input.ts';
import { indexOrders } from './open-orders.ts';
import { BTC, ETH, last, seconds, stopIdOf, trades, World } from './world.test-helper.ts';

type Settle = Extract<OperatorCommand, { name: 'settle' }>;

/** An order's outcome is lost: the exchange answers no question about it. */
const lose = (world: World, clientOrderId: string, symbol = BTC): void => {
  world.apply({
    type: 'order-report',
    symbol,
    clientOrderId,
    outcome: { kind: 'unknown', code: '503', message: 'no answer' },
  });
};

/** Holding, with a stop of which nobody can say what became, for two minutes. */
const stuck = (): { readonly world: World; readonly stop: string } => {
  const world = new World().ready().enter();
  world.account();
  world.timer(seconds(5));
  const stop = stopIdOf(world);
  lose(world, stop);
  world.cancelWorks = false;
  world.timer(2 * MINUTE_MS);
  world.quotes();
  return { world, stop };
};

const totals = (world: World): Settle['evidence']['totals'] =>
  world.exchange
    .balances()
    .map(({ asset, free, locked }) => ({ asset, total: formatDecimal(add(decimal(free), decimal(locked))) }));

const settle = (
  world: World,
  clientOrderId: string,
  claim: 'filled' | 'gone',
  price: string | null = null,
  evidence: Partial<Settle['evidence']> = {},
) =>
  world.command({
    name: 'settle',
    clientOrderId,
    claim,
    price,
    evidence: { listed: false, totals: totals(world), ...evidence },
  });

/** The exchange sells the stop without a word. */
const sellStop = (world: World, stop: string): void => {
  const order = world.exchange.orders.get(stop);
  if (order === undefined) throw new Error('no stop');
  world.exchange.fill(order, order.draft.quantity, decimal('49000'), world.at);
};

/**
 * Holding in two markets: BTC's stop, and with `lostToo` ETH's, is lost for two minutes, and BTC's has sold. `order`:
 * ETH's stop at the exchange.
 */
const inTwoMarkets = (lostToo?: typeof ETH) => {
  const world = new World({ limits: { maxGrossExposure: 0.8, maxSymbolExposure: 0.4 } }).ready().enter();
  world.enter(ETH);
  world.account();
  world.timer(seconds(5));
  const [btc, eth] = [stopIdOf(world), stopIdOf(world, ETH)];
  lose(world, btc);
  if (lostToo !== undefined) lose(world, eth, lostToo);
  world.cancelWorks = false;
  world.timer(2 * MINUTE_MS);
  world.quotes();
  sellStop(world, btc);
  const order = world.exchange.orders.get(eth);
  if (order === undefined) throw new Error('no stop');
  return { world, btc, eth, order };
};

/** What the alerts of a kind say since the last look. */
const linesOf = (world: World, kind: string): readonly string[] =>
  world
    .take()
    .flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === kind ? [...effect.alert.lines] : []));

describe('/settle: an order of which the exchange never says what became', () => {
  test('that was filled is booked by what the balances show, the trade is closed and the books agree', () => {
    const { world, stop } = stuck();
    sellStop(world, stop);
    expect(world.locks()).toContain('execution');
    expect(settle(world, stop, 'filled')).toMatchObject({ ok: true, code: 'done' });
    expect(world.managed()).toBeNull();
    expect(last(trades(world)).exitReason).toBe('stop');
    expect(world.state.orders[stop]).toMatchObject({
      status: 'settled',
      detail: expect.stringContaining('telegram 1 (Ada)'),
    });
    expect(imbalance(world.state.ledger)).toBe(0n);
    world.account();
    world.account();
    expect(world.locks()).not.toContain('reconciliation');
    expect(world.take().filter((effect) => effect.type === 'deposit')).toHaveLength(1);
    world.timer(seconds(301));
    expect(world.locks()).not.toContain('execution');
  });

  test('that is gone protects and sells no more: the position is sold, or its stop is placed again', () => {
    const { world, stop } = stuck();
    world.exchange.end(stop, 'cancelled');
    expect(settle(world, stop, 'gone')).toMatchObject({ ok: true });
    expect(world.state.orders[stop]?.status).toBe('settled');
    expect(world.placed('exit')).toHaveLength(1);
    expect(world.managed()).toBeNull();
  });

  test('an entry that was bought in part becomes a position with its stop, at what it cost', () => {
    const world = new World().ready();
    world.fate = (draft) =>
      draft.purpose === 'entry' ? { kind: 'unknown', arrives: true, part: 0.5 } : { kind: 'accept' };
    world.exchange.feeCoin = 'base';
    world.enter();
    world.timer(2 * MINUTE_MS);
    world.quotes();
    const entry = last(world.placed('entry')).clientOrderId;
    expect(settle(world, entry, 'gone')).toMatchObject({ ok: false, code: 'not-borne-out' });
    expect(settle(world, entry, 'filled')).toMatchObject({ ok: true });
    expect(world.held()).toBe(formatDecimal(world.exchange.of('BTC')));
    expect(world.managed()?.phase).toBe('protected');
    expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
    expect(linesOf(world, 'fill')[0]).toMatch(/^[\d,.]+ USDT, fee in it$/);
    world.fate = () => ({ kind: 'accept' });
    world.quotes({ [BTC]: 51_600 });
    expect(linesOf(world, 'fill')[1]).toMatch(/^fees [\d.]+ USDT, and those in the price of what was settled$/);
  });

  test('is never believed against the balances, and nothing is booked then', () => {
    const { world, stop } = stuck();
    const before = world.held();
    expect(settle(world, stop, 'filled')).toMatchObject({ ok: false, code: 'not-borne-out' });
    sellStop(world, stop);
    expect(settle(world, stop, 'gone')).toMatchObject({
      ok: false,
      code: 'not-borne-out',
      text: expect.stringContaining(before),
    });
    expect(world.held()).toBe(before);
    expect(world.state.orders[stop]?.status).toBe('unknown');
  });

  test('that has traded is not believed to be gone because a deposit or a withdrawal hides the money', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'unknown', arrives: true });
    world.enter();
    const entry = last(world.placed('entry')).clientOrderId;
    world.exchange.move('USDT', decimal('9000'));
    world.timer(2 * MINUTE_MS);
    world.quotes();
    expect(settle(world, entry, 'gone')).toMatchObject({
      ok: false,
      code: 'not-borne-out',
      text: expect.stringContaining('move the coins back'),
    });
    expect(settle(world, entry, 'filled', '50000')).toMatchObject({ ok: true });
    const { world: holding, stop } = stuck();
    sellStop(holding, stop);
    holding.exchange.move('USDT', decimal('-9000'));
    expect(settle(holding, stop, 'gone')).toMatchObject({ ok: false, code: 'not-borne-out' });
    expect(holding.placed('exit')).toHaveLength(0);
  });

  test('is gone though coins have moved, where no money has: a trade would have moved both', () => {
    const { world, stop } = stuck();
    world.exchange.end(stop, 'cancelled');
    world.exchange.move('BTC', decimal('-0.00001'));
    expect(settle(world, stop, 'gone')).toMatchObject({ ok: true });
  });

  test('is refused while the exchange lists it as open, is asked for, knows nothing of it, or when it has ended', () => {
    const { world, stop } = stuck();
    expect(settle(world, stop, 'gone', null, { listed: true })).toMatchObject({ ok: false, code: 'listed' });
    expect(settle(world, 'gbtest01-zz', 'gone')).toMatchObject({ ok: false, code: 'no-order' });
    expect(settle(world, last(world.placed('entry')).clientOrderId, 'gone')).toMatchObject({
      ok: false,
      code: 'not-unknown',
    });
    const young = new World().ready().enter();
    const itsStop = stopIdOf(young);
    lose(young, itsStop);
    young.cancelWorks = false;
    young.timer(seconds(30));
    expect(settle(young, itsStop, 'gone')).toMatchObject({
      ok: false,
      code: 'too-young',
      text: expect.stringContaining('30 s (limit 60 s)'),
    });
  });

  test('with evidence that states nothing of its coins is refused: unknown is not zero', () => {
    const { world, stop } = stuck();
    expect(settle(world, stop, 'filled', null, { totals: [] })).toMatchObject({ ok: false, code: 'no-evidence' });
  });

  test('and later is answered for all the same: what the balances held is not booked twice', () => {
    const { world, stop } = stuck();
    sellStop(world, stop);
    settle(world, stop, 'filled');
    const cash = world.state.ledger.cash;
    world.take();
    world.report(stop);
    expect(world.state.ledger.cash).toBe(cash);
    expect(world.state.orders[stop]?.status).toBe('filled');
    expect(world.take().filter((effect) => effect.type === 'fill' || effect.type === 'alert')).toEqual([]);
    world.restart();
    world.report(stop);
    expect(world.state.ledger.cash).toBe(cash);
  });

  test('and was not gone after all: what it sells later is booked', () => {
    const { world, stop } = stuck();
    world.fate = (draft) => (draft.purpose === 'exit' ? { kind: 'silence' } : { kind: 'accept' });
    settle(world, stop, 'gone');
    sellStop(world, stop);
    world.report(stop);
    expect(world.held()).toBe('0');
    expect(imbalance(world.state.ledger)).toBe(0n);
  });

  test('two at once: the second one moved the cash, too, so the price has to be said, and what is left over is found', () => {
    const { world, btc, eth, order } = inTwoMarkets(ETH);
    world.exchange.fill(order, order.draft.quantity, decimal('2450'), world.at);
    expect(settle(world, btc, 'filled')).toMatchObject({ ok: false, code: 'price-needed' });
    expect(settle(world, btc, 'filled', '490000')).toMatchObject({ ok: false, code: 'price-not-believed' });
    expect(settle(world, btc, 'filled', '48951')).toMatchObject({ ok: true });
    expect(settle(world, eth, 'filled', '2000')).toMatchObject({ ok: false, code: 'price-not-believed' });
    expect(settle(world, eth, 'filled')).toMatchObject({ ok: true });
    expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
    expect(imbalance(world.state.ledger)).toBe(0n);
  });

  test('of which no money has come is settled at a price that is said, and what is missing then locks', () => {
    const { world, stop } = stuck();
    const cash = world.exchange.of('USDT');
    sellStop(world, stop);
    world.exchange.total['USDT'] = cash;
    expect(settle(world, stop, 'filled')).toMatchObject({ ok: false, code: 'price-needed' });
    expect(settle(world, stop, 'filled', '49000')).toMatchObject({ ok: true });
    world.account();
    world.account();
    expect(world.locks()).toContain('reconciliation');
  });

  test('of which the exchange tells later by a clock that is ahead of ours is not booked twice', () => {
    const { world, stop } = stuck();
    world.apply({ type: 'clock-skew', skew: 900 });
    const order = world.exchange.orders.get(stop);
    if (order === undefined) throw new Error('no stop');
    world.exchange.fill(order, order.draft.quantity, decimal('49000'), world.at + 800);
    expect(settle(world, stop, 'filled')).toMatchObject({ ok: true });
    const cash = world.state.ledger.cash;
    world.report(stop);
    expect([world.state.ledger.cash === cash, world.locks().includes('reconciliation')]).toEqual([true, false]);
  });

  test('beside a deposit is not sold for the deposit as well: the price has to be said, and the rest is money from outside', () => {
    const { world, stop } = stuck();
    sellStop(world, stop);
    world.exchange.move('USDT', decimal('600'));
    expect(settle(world, stop, 'filled')).toMatchObject({ ok: false, code: 'price-needed' });
    expect(settle(world, stop, 'filled', '48951')).toMatchObject({ ok: true });
    expect(Number(last(trades(world)).pnl)).toBeLessThan(0);
    world.account();
    world.account();
    expect(
      world.effects.filter((effect) => effect.type === 'deposit').map(({ amount }) => Math.round(toNumber(amount))),
    ).toEqual([10_000, 600]);
    expect(imbalance(world.state.ledger)).toBe(0n);
  });

  test("beside a stop of another market that has filled and is not booked yet: its money is not taken for this one's", () => {
    const { world, btc, eth, order } = inTwoMarkets();
    world.exchange.fill(order, decimal('0.01'), decimal('2450'), world.at);
    expect(world.state.orders[eth]?.status).toBe('working');
    expect(settle(world, btc, 'filled')).toMatchObject({
      ok: false,
      code: 'price-needed',
      text: expect.stringContaining(`${eth} has moved the account, too`),
    });
    world.report(eth);
    expect(settle(world, btc, 'filled')).toMatchObject({ ok: true });
    expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
  });

  test("is kept, and the newest order with trades that have a number as well: without them the bot's trades would be those of others", () => {
    const { world, stop } = stuck();
    sellStop(world, stop);
    settle(world, stop, 'filled');
    const newest = newestTrades(world.state.orderList).get(BTC);
    const ended = world.state.orders[stop];
    if (ended === undefined || newest === undefined) throw new Error('nothing traded');
    for (let count = 0; count < 300; count += 1) {
      const clientOrderId = `gb-eth-${count}`;
      world.state.orders[clientOrderId] = {
        ...openRecord({ ...ended.draft, clientOrderId, symbol: ETH }, world.at, world.wall),
        status: 'cancelled',
      };
    }
    indexOrders(world.state);
    world.report(last(world.placed('entry')).clientOrderId);
    expect(Object.keys(world.state.orders)).toHaveLength(200);
    expect([newestTrades(world.state.orderList).get(BTC), world.state.orders[stop]]).toEqual([newest, ended]);
  });
});

describe('an order that states itself what it has executed', () => {
  test.each(['base', 'quote', 'third'] as const)(
    'and has paid its fees in the %s coin is booked net of them',
    (feeCoin) => {
      const world = new World().ready();
      world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
      Object.assign(world.exchange, { feeCoin });
      world.enter();
      world.timer(2 * MINUTE_MS);
      world.quotes();
      const { clientOrderId, quantity } = last(world.placed('entry'));
      expect(settle(world, clientOrderId, 'filled', null, { stated: formatDecimal(quantity) })).toMatchObject({
        ok: true,
      });
      expect([world.held(), world.state.ledger.cash, world.managed()?.phase]).toEqual([
        formatDecimal(world.exchange.of('BTC')),
        world.exchange.of('USDT'),
        'protected',
      ]);
    },
  );

  test('and of which a part is booked already is settled for the rest', () => {
    const world = new World().ready().enter();
    world.account();
    const stop = stopIdOf(world);
    const order = world.exchange.orders.get(stop)!;
    world.exchange.fill(order, decimal('0.03'), decimal('49250'), world.at);
    world.report(stop);
    world.timer(seconds(5));
    lose(world, stop);
    world.cancelWorks = false;
    world.exchange.fill(order, decimal('0.05'), decimal('49250'), world.at);
    world.exchange.end(stop, 'expired');
    world.timer(2 * MINUTE_MS);
    world.quotes();
    for (const stated of ['0.05', '0.03', '0.081'])
      expect(settle(world, stop, 'filled', null, { stated }), stated).toMatchObject({
        ok: false,
        code: 'not-borne-out',
      });
    expect(settle(world, stop, 'filled', null, { stated: '0.08' })).toMatchObject({ ok: true });
    expect([world.state.orders[stop]?.executed, world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([
      decimal('0.08'),
      world.exchange.of('USDT'),
      0n,
    ]);
  });

  /**
   * Bought without a word for 1 % more or less money than the order states, since somebody took or brought money.
   * @returns what became of the cash in the books and of the baseline
   */
  const withMoneyOf = (others: string) => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
    world.enter();
    world.timer(2 * MINUTE_MS);
    world.quotes();
    const { clientOrderId, quantity } = last(world.placed('entry'));
    const paid = sum(world.exchange.orders.get(clientOrderId)!.fills.map((fill) => decimal(fill.quoteQuantity)));
    world.exchange.move('USDT', decimal(others));
    world.take();
    expect(
      settle(world, clientOrderId, 'filled', null, {
        stated: formatDecimal(quantity),
        statedQuote: formatDecimal(paid),
      }),
    ).toMatchObject({ ok: true });
    const cost = last(world.take().filter((effect) => effect.type === 'fill')).quoteQuantity;
    world.account();
    world.account();
    return { world, paid: toNumber(paid), cost: toNumber(cost) };
  };

  test('and what it has cost is booked at that: money that came meanwhile is a deposit, not a lower price', () => {
    const { world, paid, cost } = withMoneyOf('55');
    expect([cost, world.locks()]).toEqual([paid, ['execution']]);
    expect(
      world.take().flatMap((effect) => (effect.type === 'deposit' ? [Math.round(toNumber(effect.amount))] : [])),
    ).toEqual([Math.round(55 - paid * 0.001)]);
  });

  test('money that left meanwhile is missing, and locks: it is no loss of the order', () => {
    const { world, paid, cost } = withMoneyOf('-55');
    expect(cost).toBeCloseTo(paid * 1.002, 6);
    expect(world.locks()).toEqual(['execution', 'reconciliation']);
  });

  test('and nobody else having moved anything, it has cost what the balances show, fees included', () => {
    const { world, paid, cost } = withMoneyOf('0');
    expect(cost).toBeCloseTo(paid * 1.001, 6);
    expect([world.state.ledger.cash, world.locks()]).toEqual([world.exchange.of('USDT'), ['execution']]);
  });

  test.each(['quote', 'third'] as const)(
    "is settled though another market's does not answer either, which is settled then: two entries of one hour are not left without stops (fees in the %s coin)",
    (feeCoin) => {
      const world = new World({ limits: { maxGrossExposure: 0.8, maxSymbolExposure: 0.4 } }).ready();
      Object.assign(world.exchange, { feeCoin });
      if (feeCoin === 'third') world.exchange.move('BNB', decimal('1'));
      world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
      world.predict(BTC);
      world.predict(ETH);
      world.timer(2 * MINUTE_MS);
      world.quotes();
      const entries = world.placed('entry');
      expect(entries.map(({ symbol }) => symbol)).toEqual([BTC, ETH]);
      for (const { clientOrderId, quantity } of entries) {
        const stated = formatDecimal(quantity);
        const statedQuote = formatDecimal(
          sum(world.exchange.orders.get(clientOrderId)!.fills.map((fill) => decimal(fill.quoteQuantity))),
        );
        expect(settle(world, clientOrderId, 'filled', null, { stated, statedQuote })).toMatchObject({ ok: true });
      }
      expect([world.managed(BTC)?.phase, world.managed(ETH)?.phase]).toEqual(['protected', 'protected']);
      world.account();
      world.account();
      // What the first was taken to have paid in fees beside the other is found by the comparison.
      expect([world.locks(), world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([
        ['execution'],
        world.exchange.of('USDT'),
        0n,
      ]);
    },
  );

  test('is not settled where another of its own market has moved the coins: whose they are nobody states', () => {
    const { world, stop } = stuck();
    world.exchange.fill(world.exchange.orders.get(stop)!, decimal('0.05'), decimal('49250'), world.at);
    const statement = { stated: '0.05', statedQuote: '2462.5' };
    const other = {
      ...openRecord({ ...last(world.placed('stop')), clientOrderId: 'other', purpose: 'exit' }, world.at, world.wall),
      status: 'working' as const,
    };
    world.state.orders['other'] = other;
    indexOrders(world.state);
    expect(settle(world, stop, 'filled', null, statement)).toMatchObject({
      ok: false,
      code: 'price-needed',
      text: expect.stringContaining('Order other has moved the account'),
    });
    delete world.state.orders['other'];
    indexOrders(world.state);
    expect(settle(world, stop, 'filled', null, statement)).toMatchObject({ ok: true });
  });
});
