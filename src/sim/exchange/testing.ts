import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { hash32 } from '../matching/hash.ts';
import { createMarketHistory, type MarketHistory } from './market-history.ts';

export interface GeneratedMarket {
  readonly symbols: Readonly<Record<SymbolName, number>>;
  readonly from: EpochMs;
  readonly hours: number;
  readonly seed: number;
  /** Typical hourly move as a fraction (default 0.006). */
  readonly volatility?: number;
  /** Hours without a candle, counted from the start. */
  readonly missing?: readonly number[];
}

const unit = (...parts: readonly (string | number)[]): number => hash32(...parts) / 0x1_0000_0000;
const cents = (value: number): number => Math.round(value * 100) / 100;

/** A small random walk for tests of the simulator: sound candles, no claim to look like a market. */
export const generateMarket = ({ symbols, from, hours, seed, volatility = 0.006, missing = [] }: GeneratedMarket): MarketHistory => {
  const candles: Record<SymbolName, Candle[]> = {};
  for (const [symbol, start] of Object.entries(symbols)) {
    let price = cents(start);
    candles[symbol] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      const draw = (what: string): number => unit(seed, symbol, hour, what);
      const open = price;
      const close = cents(open * (1 + volatility * 2 * (draw('close') - 0.5)));
      const high = cents(Math.max(open, close) * (1 + volatility * draw('high')));
      const low = cents(Math.min(open, close) * (1 - volatility * draw('low')));
      const volume = Math.round(1e8 * (10 + 90 * draw('volume'))) / 1e8;
      price = close;
      if (missing.includes(hour)) continue;
      candles[symbol].push({
        openTime: from + hour * HOUR_MS,
        open,
        high,
        low,
        close,
        volume,
        quoteVolume: Math.round(volume * close * 1e6) / 1e6,
        trades: Math.floor(100 + 1000 * draw('trades')),
        takerBuyBase: Math.round(volume * 5e7) / 1e8,
        takerBuyQuote: Math.round(volume * close * 5e5) / 1e6,
      });
    }
  }
  return createMarketHistory(candles);
};
