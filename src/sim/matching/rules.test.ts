import { describe, expect, it } from 'vitest';
import { fixed } from './fixed.ts';
import { order, BTC_RULES } from './testing.ts';
import { assertExactQuotes, brokenFilter, type FilterName } from './rules.ts';

const NONE = { orders: 0, algoOrders: 0 };
const last = fixed('50000');
const limit = (changes: Partial<Parameters<typeof order>[0]> = {}) =>
  order({ side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '50000', ...changes });

describe('the filters', () => {
  it('let a sound order through', () => {
    expect(brokenFilter(BTC_RULES, limit(), last, NONE)).toBeNull();
    expect(
      brokenFilter(
        BTC_RULES,
        order({ side: 'SELL', type: 'STOP_LOSS', quantity: '0.001', stopPrice: '49000' }),
        last,
        NONE,
      ),
    ).toBeNull();
  });

  const cases: readonly (readonly [FilterName, string, ReturnType<typeof order>])[] = [
    ['PRICE_FILTER', 'a price off the tick', limit({ price: '50000.001' })],
    ['PRICE_FILTER', 'a price above the maximum', limit({ price: '1000000.01' })],
    [
      'PRICE_FILTER',
      'a trigger off the tick',
      order({ side: 'SELL', type: 'STOP_LOSS', quantity: '0.001', stopPrice: '49000.005' }),
    ],
    ['PERCENT_PRICE_BY_SIDE', 'a bid at more than five times the price', limit({ price: '250000.01' })],
    ['PERCENT_PRICE_BY_SIDE', 'an ask at less than a fifth of it', limit({ side: 'SELL', price: '9999.99' })],
    ['LOT_SIZE', 'a quantity off the lot', limit({ quantity: '0.000015' })],
    ['LOT_SIZE', 'a quantity above the maximum', limit({ quantity: '9000.00001', price: '10000' })],
    [
      'MARKET_LOT_SIZE',
      'a market order above its own maximum',
      order({ side: 'BUY', type: 'MARKET', quantity: '129.84958' }),
    ],
    ['NOTIONAL', 'less than the minimum value', limit({ quantity: '0.00009' })],
    [
      'NOTIONAL',
      'a market order below the minimum value',
      order({ side: 'SELL', type: 'MARKET', quantity: '0.00009' }),
    ],
    ['NOTIONAL', 'more than the maximum value', limit({ quantity: '200' })],
    ['ICEBERG_PARTS', 'too many iceberg parts', { ...limit(), icebergQuantity: fixed('0.00005') }],
  ];
  it.each(cases)('%s: %s', (name, _what, request) => {
    expect(brokenFilter(BTC_RULES, request, last, NONE)).toBe(name);
  });

  it('limit the open orders, and those that wait for a trigger apart', () => {
    expect(brokenFilter(BTC_RULES, limit(), last, { orders: 200, algoOrders: 0 })).toBe('MAX_NUM_ORDERS');
    expect(brokenFilter(BTC_RULES, limit(), last, { orders: 5, algoOrders: 5 })).toBeNull();
    const stop = order({ side: 'SELL', type: 'STOP_LOSS', quantity: '0.001', stopPrice: '49000' });
    expect(brokenFilter(BTC_RULES, stop, last, { orders: 5, algoOrders: 5 })).toBe('MAX_NUM_ALGO_ORDERS');
    expect(brokenFilter(BTC_RULES, stop, last, { orders: 4, algoOrders: 4 })).toBeNull();
  });

  it('cannot be so fine that quote amounts are inexact', () => {
    expect(() => assertExactQuotes(BTC_RULES)).not.toThrow();
    expect(() => assertExactQuotes({ ...BTC_RULES, tick: fixed('0.0001') })).toThrow(/BTCUSDT/);
    expect(() => assertExactQuotes({ ...BTC_RULES, step: 0n })).toThrow(/positive/);
  });
});
