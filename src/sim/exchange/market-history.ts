import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { firstIndex } from '../matching/order-files.ts';

/** Where the simulated market comes from: recorded or generated hourly candles. */
export interface MarketHistory {
  readonly symbols: readonly SymbolName[];
  /** Closed candles with from <= openTime < to, sorted. Hours may be missing: real outages. */
  candles(symbol: SymbolName, from: EpochMs, to: EpochMs): readonly Candle[];
  /** Close of the last candle: the market ends here. */
  readonly end: EpochMs;
}

/**
 * A history from candles in memory.
 * @throws RangeError when candles are unsorted, off the hour, or there are none.
 */
export const createMarketHistory = (candles: Readonly<Record<SymbolName, readonly Candle[]>>): MarketHistory => {
  const symbols = Object.keys(candles);
  let end = 0;
  for (const symbol of symbols) {
    let previous = -1;
    for (const { openTime } of candles[symbol] ?? []) {
      if (openTime % HOUR_MS !== 0 || openTime <= previous) {
        throw new RangeError(`${symbol}: candle at ${openTime} is off the hour or out of order`);
      }
      previous = openTime;
    }
    if (previous < 0) throw new RangeError(`${symbol}: no candles`);
    end = Math.max(end, previous + HOUR_MS);
  }
  if (symbols.length === 0) throw new RangeError('a market history needs at least one symbol');
  return {
    symbols,
    end,
    candles: (symbol, from, to) => {
      const list = candles[symbol] ?? [];
      const first = firstIndex(list, (candle) => candle.openTime >= from);
      return list.slice(
        first,
        firstIndex(list, (candle) => candle.openTime >= to),
      );
    },
  };
};

/**
 * Adds a symbol whose price never moves: a fee coin that the history does not
 * hold still needs a market, because the client has to value it.
 */
export const withFlatSymbol = (history: MarketHistory, symbol: SymbolName, price: number): MarketHistory => {
  const [reference] = history.symbols;
  const flat = (candle: Candle): Candle => ({
    openTime: candle.openTime,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 1000,
    quoteVolume: 1000 * price,
    trades: 1000,
    takerBuyBase: 500,
    takerBuyQuote: 500 * price,
  });
  return {
    symbols: [...history.symbols, symbol],
    end: history.end,
    candles: (name, from, to) =>
      name === symbol && reference !== undefined
        ? history.candles(reference, from, to).map(flat)
        : history.candles(name, from, to),
  };
};
