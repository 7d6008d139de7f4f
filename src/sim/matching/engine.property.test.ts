import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { DEFAULT_LIQUIDITY } from './book.ts';
import type { MatchingEngine } from './engine.ts';
import { DEFAULT_FEES } from './fees.ts';
import { fixed, formatFixed, type Fixed } from './fixed.ts';
import { isOpen, Rejection, remaining, type NewOrder } from './order.ts';
import { brokenFilter } from './rules.ts';
import { BTC_RULES, order, testEngine } from './testing.ts';

type Action =
  | { readonly kind: 'place'; readonly request: NewOrder }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'force'; readonly pick: number; readonly lots: bigint }
  | { readonly kind: 'move'; readonly price: Fixed; readonly jump: boolean }
  | { readonly kind: 'deposit'; readonly asset: string; readonly amount: Fixed };

const priceText = fc
  .integer({ min: 4_000_000, max: 6_000_000 })
  .map((cents) => formatFixed(BigInt(cents) * BTC_RULES.tick));
const quantityText = fc.integer({ min: 1, max: 200_000 }).map((lots) => formatFixed(BigInt(lots) * BTC_RULES.step));

const requests: fc.Arbitrary<NewOrder> = fc
  .record({
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
    type: fc.constantFrom(...BTC_RULES.orderTypes),
    quantity: quantityText,
    price: priceText,
    stopPrice: priceText,
    timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const),
    byValue: fc.boolean(),
  })
  .map(({ byValue, ...draft }) => {
    const market = draft.type === 'MARKET';
    const limited = draft.type === 'LIMIT' || draft.type === 'LIMIT_MAKER' || draft.type.endsWith('_LIMIT');
    return order({
      ...draft,
      quantity: market && byValue ? '0' : draft.quantity,
      quoteQuantity: market && byValue ? draft.price : '0',
      price: limited ? draft.price : '0',
      stopPrice: draft.type.startsWith('STOP') || draft.type.startsWith('TAKE') ? draft.stopPrice : '0',
      timeInForce: limited && draft.type !== 'LIMIT_MAKER' ? draft.timeInForce : 'GTC',
    });
  });

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: requests.map((request) => ({ kind: 'place' as const, request })) },
  { weight: 2, arbitrary: fc.nat().map((pick) => ({ kind: 'cancel' as const, pick })) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('force' as const),
      pick: fc.nat(),
      lots: fc.bigInt({ min: 1n, max: 50_000n }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('move' as const), price: priceText.map(fixed), jump: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      asset: fc.constantFrom('USDT', 'BTC', 'BNB'),
      amount: fc.bigInt({ min: -fixed('100'), max: fixed('1000') }),
    }),
  },
);

/** Carries an action out; what the exchange refuses is no fault. */
const apply = (engine: MatchingEngine, action: Action, time: number): void => {
  const open = engine.files.open('BTCUSDT');
  switch (action.kind) {
    case 'place': {
      const { last } = engine.symbol('BTCUSDT');
      if (brokenFilter(BTC_RULES, action.request, last, engine.files.openCounts('BTCUSDT')) !== null) return;
      try {
        engine.place(action.request);
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
      }
      return;
    }
    case 'cancel':
    case 'force': {
      const chosen = open[action.pick % Math.max(open.length, 1)];
      if (chosen === undefined) return;
      if (action.kind === 'cancel') engine.cancel(chosen);
      else engine.forceFill(chosen, action.lots * BTC_RULES.step);
      return;
    }
    case 'move':
      engine.movePrice('BTCUSDT', action.price, action.jump ? 'jump' : 'path', time);
      return;
    case 'deposit':
      engine.accounts.deposit(action.asset, action.amount);
  }
};

/** What the account must hold, from outside flows and the list of trades alone. */
const expectedTotal = (engine: MatchingEngine, asset: string): Fixed => {
  let total = engine.accounts.get(asset).deposited;
  for (const trade of engine.files.allTrades()) {
    const sign = trade.isBuyer ? 1n : -1n;
    if (asset === 'BTC') total += sign * trade.quantity;
    if (asset === 'USDT') total -= sign * trade.quote;
    if (asset === trade.commissionAsset) total -= trade.commission;
  }
  return total;
};

const assertSound = (engine: MatchingEngine): void => {
  const open = engine.files.open('BTCUSDT');
  for (const asset of ['USDT', 'BTC', 'BNB']) {
    const { free, locked } = engine.accounts.get(asset);
    expect(free >= 0n && locked >= 0n).toBe(true);
    expect(free + locked).toBe(expectedTotal(engine, asset));
    const held = open
      .filter(({ side }) => (side === 'BUY' ? 'USDT' : 'BTC') === asset)
      .reduce((sum, { locked: share }) => sum + share, 0n);
    expect(locked).toBe(held);
  }
  for (const placed of engine.files.orders('BTCUSDT')) {
    const trades = engine.files.tradesOf(placed);
    expect(placed.executed).toBe(trades.reduce((sum, { quantity }) => sum + quantity, 0n));
    expect(placed.executedQuote).toBe(trades.reduce((sum, { quote }) => sum + quote, 0n));
    expect(placed.executed <= placed.quantity).toBe(true);
    expect(placed.status === 'FILLED').toBe(remaining(placed) === 0n);
    if (!isOpen(placed)) expect(placed.locked).toBe(0n);
    if (placed.side === 'SELL' && isOpen(placed)) expect(placed.locked).toBe(remaining(placed));
  }
};

const withCoin = (coin: boolean): MatchingEngine =>
  testEngine({
    liquidity: DEFAULT_LIQUIDITY,
    balances: { USDT: '50000', BTC: '1', BNB: '0.5' },
    fees: { ...DEFAULT_FEES, coin: coin ? 'BNB' : null },
    rules: [BTC_RULES, { ...BTC_RULES, id: 'BNBUSDT', base: 'BNB' }],
  });

describe('the account, whatever happens', () => {
  test.prop([fc.array(actions, { minLength: 1, maxLength: 40 }), fc.boolean()], { numRuns: 500 })(
    'never goes negative, and nothing appears or vanishes',
    (list, coin) => {
      const engine = withCoin(coin);
      list.forEach((action, index) => {
        apply(engine, action, 2000 + index);
        assertSound(engine);
      });
    },
  );

  test.prop([fc.array(actions, { minLength: 1, maxLength: 40 })], { numRuns: 100 })(
    'is the same when the same happens again',
    (list) => {
      const [one, other] = [withCoin(false), withCoin(false)];
      list.forEach((action, index) => {
        apply(one, action, index);
        apply(other, action, index);
      });
      expect(other.accounts.entries()).toEqual(one.accounts.entries());
      expect(other.files.allTrades()).toEqual(one.files.allTrades());
      expect(other.files.orders('BTCUSDT')).toEqual(one.files.orders('BTCUSDT'));
    },
  );
});
