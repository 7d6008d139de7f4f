import { describe, expect, it } from 'vitest';
import { candleFault } from '../../core/market/candle.ts';
import { HOUR_MS } from '../../core/units.ts';
import { GENERATED_SYMBOLS, generateCandles } from './candles.ts';
import { DEMO_HISTORY_HOURS, demoHistory } from './demo-history.ts';

const FROM = Date.UTC(2024, 0, 1);
const logReturns = (closes: readonly number[]): number[] =>
  closes.slice(1).map((close, i) => Math.log(close / (closes[i] ?? close)));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const correlation = (a: readonly number[], b: readonly number[]): number => {
  const [ma, mb] = [mean(a), mean(b)];
  const cov = mean(a.map((value, i) => (value - ma) * ((b[i] ?? mb) - mb)));
  return cov / Math.sqrt(mean(a.map((v) => (v - ma) ** 2)) * mean(b.map((v) => (v - mb) ** 2)));
};
const closesOf = (seed: number, symbol: string, hours = 6000): number[] =>
  generateCandles({ seed, symbol, from: FROM, hours }).map((candle) => candle.close);

describe('the candle generator', () => {
  it.each(GENERATED_SYMBOLS)('makes sound, gapless candles on the tick for %s', (symbol) => {
    const candles = generateCandles({ seed: 3, symbol, from: FROM, hours: 5000 });
    expect(candles).toHaveLength(5000);
    candles.forEach((candle, i) => {
      expect(candleFault(candle)).toBeNull();
      expect(candle.openTime).toBe(FROM + i * HOUR_MS);
      expect(candle.open).toBe(i === 0 ? candle.open : candles[i - 1]?.close);
      for (const price of [candle.open, candle.high, candle.low, candle.close])
        expect(Math.round(price * 100) / 100).toBe(price);
      expect(candle.volume).toBeGreaterThan(0);
      expect(candle.takerBuyBase).toBeLessThanOrEqual(candle.volume);
      expect(candle.takerBuyQuote).toBeLessThanOrEqual(candle.quoteVolume);
      expect(candle.quoteVolume / candle.volume).toBeGreaterThanOrEqual(candle.low * 0.999);
      expect(candle.quoteVolume / candle.volume).toBeLessThanOrEqual(candle.high * 1.001);
      expect(Number.isSafeInteger(candle.trades)).toBe(true);
    });
  });

  it('gives the same market for the same seed, another for another, and a prefix for fewer hours', () => {
    expect(closesOf(5, 'BTC/USDT')).toEqual(closesOf(5, 'BTC/USDT'));
    expect(closesOf(5, 'BTC/USDT')).not.toEqual(closesOf(6, 'BTC/USDT'));
    expect(closesOf(5, 'ETH/USDT', 700)).toEqual(closesOf(5, 'ETH/USDT').slice(0, 700));
  });

  it('moves its symbols together', () => {
    const btc = logReturns(closesOf(1, 'BTC/USDT'));
    const eth = logReturns(closesOf(1, 'ETH/USDT'));
    expect(correlation(btc, eth)).toBeGreaterThan(0.7);
    expect(correlation(btc, eth)).toBeLessThan(0.99);
  });

  it('has clustered volatility, falls worth a lock, and prices in a believable range', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const closes = closesOf(seed, 'BTC/USDT', 20_000);
      const size = logReturns(closes).map(Math.abs);
      expect(correlation(size.slice(1), size.slice(0, -1))).toBeGreaterThan(0.1);
      const dayReturns = closes.slice(24).map((close, i) => close / (closes[i] ?? close) - 1);
      expect(Math.min(...dayReturns)).toBeLessThan(-0.08);
      expect(Math.min(...closes)).toBeGreaterThan(10_000);
      expect(Math.max(...closes)).toBeLessThan(300_000);
    }
  });

  it('refuses what it cannot make, by name', () => {
    const valid = { seed: 1, symbol: 'BTC/USDT', from: FROM, hours: 1 };
    expect(() => generateCandles({ ...valid, symbol: 'DOGE/USDT' })).toThrow(/no generated market for DOGE\/USDT/);
    expect(() => generateCandles({ ...valid, from: FROM + 1 })).toThrow(/not on the hour/);
    expect(() => generateCandles({ ...valid, hours: -1 })).toThrow(/-1 hours/);
    expect(() => generateCandles({ ...valid, seed: 0.5 })).toThrow(/seed 0.5/);
  });
});

describe('the demo history', () => {
  it('holds at least 400 days before trading begins and two years after', () => {
    const demo = demoHistory({ seed: 1 });
    expect(DEMO_HISTORY_HOURS).toBeGreaterThanOrEqual(400 * 24);
    expect(demo.from).toBe(FROM);
    const before = demo.candles('BTC/USDT', demo.start, demo.from);
    expect(before).toHaveLength(DEMO_HISTORY_HOURS);
    expect(before.at(-1)?.openTime).toBe(FROM - HOUR_MS);
    const after = demo.candles('ETH/USDT', demo.from, demo.end);
    expect(after).toHaveLength(2 * 365 * 24);
    expect(after[0]?.openTime).toBe(FROM);
    expect(demo.candles('XRP/USDT', demo.start, demo.end)).toEqual([]);
  });

  it('returns the candles that open in [from, to)', () => {
    const demo = demoHistory({ seed: 2, from: FROM + 5 });
    expect(demo.from).toBe(FROM);
    expect(demo.candles('BTC/USDT', FROM + 1, FROM + 3 * HOUR_MS).map((candle) => candle.openTime)).toEqual([
      FROM + HOUR_MS,
      FROM + 2 * HOUR_MS,
    ]);
    expect(demo.candles('BTC/USDT', 0, demo.start)).toEqual([]);
  });
});
