import type { Candle } from '../market/candle.ts';
import { HOUR_MS, type EpochMs } from '../units.ts';

/** A plain random walk of candles for tests of this folder; the same arguments give the same candles. */
export const walk = (seed: number, hours: number, from: EpochMs = Date.UTC(2024, 0, 1)): Candle[] => {
  let state = seed * 7919 + 1;
  // Park and Miller's generator: enough for a test series.
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let i = 0; i < 10; i++) next();
  const candles: Candle[] = [];
  let open = 100 + 50 * next();
  for (let i = 0; i < hours; i++) {
    const close = Math.round(open * Math.exp(0.02 * (next() + next() + next() - 1.5)) * 100) / 100;
    const high = Math.round(Math.max(open, close) * (1 + 0.006 * next()) * 100) / 100 + 0.01;
    const low = Math.round(Math.min(open, close) * (1 - 0.006 * next()) * 100) / 100 - 0.01;
    const volume = 10 + 1000 * next() * next();
    const takerBuyBase = volume * (0.3 + 0.4 * next());
    const price = (high + low) / 2;
    candles.push({
      openTime: from + i * HOUR_MS,
      open,
      high,
      low,
      close,
      volume,
      quoteVolume: volume * price,
      trades: 1 + Math.floor(volume * (1 + next())),
      takerBuyBase,
      takerBuyQuote: takerBuyBase * price,
    });
    open = close;
  }
  return candles;
};
