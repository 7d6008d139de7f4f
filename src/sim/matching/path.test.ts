import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixed, onGrid } from './fixed.ts';
import { MAX_STEPS, MIN_STEPS, walkCandle, walkOf } from './path.ts';

const tick = fixed('0.01');
const price = (text: string): bigint => fixed(text);
const candle = { open: price('100'), high: price('104'), low: price('98'), close: price('101') };

const candles = fc
  .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 1_000_000 })))
  .map((ticks) => ticks.map((value) => BigInt(value) * tick).sort((a, b) => (a < b ? -1 : 1)))
  .chain(([low = 1n, a = 1n, b = 1n, high = 1n]) =>
    fc.boolean().map((swap) => ({ low, high, open: swap ? b : a, close: swap ? a : b })),
  );

describe('the walk through a candle', () => {
  it('is open, extreme, other extreme, close in four steps', () => {
    expect(walkCandle(candle, 'open-high-low-close', 4, tick)).toEqual([
      candle.open,
      candle.high,
      candle.low,
      candle.close,
    ]);
    expect(walkCandle(candle, 'open-low-high-close', 4, tick)).toEqual([
      candle.open,
      candle.low,
      candle.high,
      candle.close,
    ]);
  });

  it('lies on straight lines between them', () => {
    expect(walkCandle(candle, 'open-high-low-close', 7, tick)).toEqual(
      ['100', '102', '104', '101', '98', '99.5', '101'].map(price),
    );
  });

  it('refuses steps that could not show every extreme', () => {
    for (const steps of [0, 3, 61, 4.5, Number.NaN])
      expect(() => walkCandle(candle, 'open-high-low-close', steps, tick)).toThrow(RangeError);
  });

  it('is chosen by the seed alone, and both ways occur', () => {
    const walks = Array.from({ length: 200 }, (_, hour) => walkOf(1, 'BTCUSDT', hour * 3_600_000));
    expect(walks).toEqual(Array.from({ length: 200 }, (_, hour) => walkOf(1, 'BTCUSDT', hour * 3_600_000)));
    expect(walks.filter((walk) => walk === 'open-high-low-close').length).toBeGreaterThan(60);
    expect(walks.filter((walk) => walk === 'open-low-high-close').length).toBeGreaterThan(60);
    expect(walks).not.toEqual(Array.from({ length: 200 }, (_, hour) => walkOf(2, 'BTCUSDT', hour * 3_600_000)));
  });

  test.prop([candles, fc.integer({ min: MIN_STEPS, max: MAX_STEPS }), fc.boolean()])(
    'visits open, high, low and close, on the tick, and nothing beyond',
    (prices, steps, highFirst) => {
      const path = walkCandle(prices, highFirst ? 'open-high-low-close' : 'open-low-high-close', steps, tick);
      expect(path).toHaveLength(steps);
      expect(path[0]).toBe(prices.open);
      expect(path.at(-1)).toBe(prices.close);
      expect(path).toContain(prices.high);
      expect(path).toContain(prices.low);
      expect(path.every((value) => value >= prices.low && value <= prices.high && onGrid(value, tick))).toBe(true);
    },
  );
});
