import type { Candle } from '../core/market/candle.ts';
import type { Instrument } from '../core/market/instrument.ts';
import type { Quote } from '../core/market/quote.ts';
import type { EpochMs, SymbolName } from '../core/units.ts';
import type { Read } from './venue.ts';

/** Public market data. */
export interface MarketData {
  /**
   * Instruments of these symbols with their filters; a symbol that the exchange does not list is a refusal naming it.
   */
  instruments(symbols: readonly SymbolName[]): Promise<Read<readonly Instrument[]>>;
  /**
   * Hourly candles closed at market time `now` with openTime >= from, oldest first, at most
   * one page (1000): ask again from the last one's end for more. The forming candle is never among them.
   */
  closedCandles(symbol: SymbolName, from: EpochMs, now: EpochMs): Promise<Read<readonly Candle[]>>;
  /**
   * Newest prices of all symbols in as few requests as the exchange allows. `now` (market time) stamps them where the
   * exchange does not.
   */
  quotes(symbols: readonly SymbolName[], now: EpochMs): Promise<Read<readonly Quote[]>>;
}
