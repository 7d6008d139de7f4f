import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bestAsk,
  bestBid,
  bookLevels,
  DEFAULT_LIQUIDITY,
  reachable,
  sweep,
  sweepValue,
  totalQuantity,
  totalValue,
} from './book.ts';
import { fixed, onGrid, smaller } from './fixed.ts';
import { BTC_RULES } from './testing.ts';

const moment = (last: string, time = 1_700_000_000_000) => ({ last: fixed(last), time, seed: 1 });
const levels = (side: 'bid' | 'ask', last = '50000', taken = 0n) =>
  bookLevels(side, moment(last), BTC_RULES, DEFAULT_LIQUIDITY, taken);

describe('the synthetic book', () => {
  it('spreads two basis points around the last price', () => {
    expect(bestBid(fixed('50000'), BTC_RULES, DEFAULT_LIQUIDITY)).toBe(fixed('49995'));
    expect(bestAsk(fixed('50000'), BTC_RULES, DEFAULT_LIQUIDITY)).toBe(fixed('50005'));
  });

  it('never crosses itself, however small the price', () => {
    const low = fixed('0.01');
    expect(bestBid(low, BTC_RULES, DEFAULT_LIQUIDITY)).toBe(low);
    expect(bestAsk(low, BTC_RULES, DEFAULT_LIQUIDITY)).toBe(fixed('0.02'));
  });

  it('costs more with size: levels get worse by a basis point each', () => {
    const asks = levels('ask');
    expect(asks).toHaveLength(20);
    expect(asks.slice(0, 3).map(({ price }) => price)).toEqual(['50005', '50010', '50015'].map(fixed));
    expect(
      levels('bid')
        .slice(0, 2)
        .map(({ price }) => price),
    ).toEqual(['49995', '49990'].map(fixed));
  });

  it('is thin now and then, so that everyday orders fill in part', () => {
    const depth = Array.from({ length: 400 }, (_, index) =>
      totalValue(bookLevels('ask', moment('50000', index * 900_000), BTC_RULES, DEFAULT_LIQUIDITY).slice(0, 10)),
    );
    const thin = depth.filter((value) => value < fixed('1500')).length;
    expect(thin).toBeGreaterThan(20);
    expect(thin).toBeLessThan(100);
  });

  test.prop([fc.integer({ min: 100, max: 100_000_000 }), fc.bigInt({ min: 0n, max: fixed('2') })])(
    'has its quantity on the lot, and what was taken is gone from the front',
    (cents, taken) => {
      const last = BigInt(cents) * BTC_RULES.tick;
      const whole = bookLevels('ask', { last, time: 5, seed: 3 }, BTC_RULES, DEFAULT_LIQUIDITY);
      const lots = (taken / BTC_RULES.step) * BTC_RULES.step;
      const rest = bookLevels('ask', { last, time: 5, seed: 3 }, BTC_RULES, DEFAULT_LIQUIDITY, lots);
      expect(
        whole.every(
          ({ price, quantity }) => onGrid(price, BTC_RULES.tick) && onGrid(quantity, BTC_RULES.step) && quantity > 0n,
        ),
      ).toBe(true);
      expect(totalQuantity(whole) - totalQuantity(rest)).toBe(smaller(lots, totalQuantity(whole)));
      expect(whole.every((level, index) => index === 0 || level.price > (whole[index - 1]?.price ?? 0n))).toBe(true);
    },
  );

  test.prop([fc.bigInt({ min: 1n, max: 500_000n })])('sweeps exactly what was asked, or all there is', (lots) => {
    const quantity = lots * BTC_RULES.step;
    const asks = levels('ask');
    expect(totalQuantity(sweep(asks, quantity))).toBe(smaller(quantity, totalQuantity(asks)));
  });

  test.prop([fc.bigInt({ min: fixed('5'), max: fixed('50000') })])(
    'never spends more than the value asked for',
    (value) => {
      const fills = sweepValue(levels('ask'), value, BTC_RULES.step);
      expect(totalValue(fills) <= value).toBe(true);
      expect(fills.every(({ quantity }) => onGrid(quantity, BTC_RULES.step))).toBe(true);
    },
  );

  it('lets a limit reach only what is as good or better', () => {
    expect(reachable(levels('ask'), 'ask', fixed('50010'))).toHaveLength(2);
    expect(reachable(levels('bid'), 'bid', fixed('49995'))).toHaveLength(1);
    expect(reachable(levels('bid'), 'bid', null)).toHaveLength(20);
  });
});
