import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, hourStart, type EpochMs, type SymbolName } from '../../core/units.ts';
import { GENERATED_SYMBOLS, generateCandles } from './candles.ts';

/** When trading begins in the demo unless it is configured: 2024-01-01T00:00Z. */
export const DEMO_FROM_DEFAULT: EpochMs = Date.UTC(2024, 0, 1);
export const DEMO_SEED_DEFAULT = 1;
/** The volatility lock ranks against a trailing year, so history is longer than that. */
export const DEMO_HISTORY_HOURS = 400 * 24;
/** How long the demo can run before its market ends. */
export const DEMO_TRADING_HOURS = 2 * 365 * 24;

export interface DemoHistory {
  readonly symbols: readonly SymbolName[];
  /** Candles that open in [from, to), oldest first; an empty array for a symbol it does not have. */
  readonly candles: (symbol: SymbolName, from: EpochMs, to: EpochMs) => readonly Candle[];
  /** Open time of the first candle of history. */
  readonly start: EpochMs;
  /** When trading begins. */
  readonly from: EpochMs;
  /** Close time of the last candle. */
  readonly end: EpochMs;
}

export interface DemoHistoryOptions {
  readonly seed?: number;
  /** Begin of trading; taken down to the hour. */
  readonly from?: EpochMs;
  readonly symbols?: readonly SymbolName[];
  readonly historyHours?: number;
  readonly tradingHours?: number;
}

/** The bundled market of the demo: history before the start and two years after, all of it from one seed. */
export const demoHistory = (options: DemoHistoryOptions = {}): DemoHistory => {
  const from = hourStart(options.from ?? DEMO_FROM_DEFAULT);
  const historyHours = options.historyHours ?? DEMO_HISTORY_HOURS;
  const hours = historyHours + (options.tradingHours ?? DEMO_TRADING_HOURS);
  const start = from - historyHours * HOUR_MS;
  const symbols = options.symbols ?? GENERATED_SYMBOLS;
  const seed = options.seed ?? DEMO_SEED_DEFAULT;
  // Generated on first use: a demo of two symbols does not pay for the third.
  const series = new Map<SymbolName, readonly Candle[]>();
  const seriesOf = (symbol: SymbolName): readonly Candle[] => {
    const known = series.get(symbol);
    if (known !== undefined) return known;
    const made = symbols.includes(symbol) ? generateCandles({ seed, symbol, from: start, hours }) : [];
    series.set(symbol, made);
    return made;
  };
  return {
    symbols,
    start,
    from,
    end: start + hours * HOUR_MS,
    candles: (symbol, first, last) => {
      const index = (at: EpochMs): number => Math.max(0, Math.ceil((at - start) / HOUR_MS));
      return seriesOf(symbol).slice(index(first), index(last));
    },
  };
};
