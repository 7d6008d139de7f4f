import type { FeatureEngine } from '../core/features/engine.ts';
import { candleFault, type Candle } from '../core/market/candle.ts';
import { HOUR_MS, hourStart, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import type { EngineHost, Untimed } from './engine-host.ts';

/** Hours of history read at start: the trailing year of the volatility lock and a month to spare. */
export const HISTORY_HOURS = 395 * 24;
/** Candles of one journaled history input: keeps rows small. */
const HISTORY_CHUNK = 1_000;
/** Wall time before a closed candle that is not there yet is asked for again. */
const CANDLE_RETRY: Milliseconds = 2_000;
/** Pages read for one symbol without progress before giving up until the next wake. */
const MAX_PAGES = 500;

/** Turns the exchange's data into inputs: prices, closed candles, predictions. */
export interface MarketFeed {
  /** Reads history into the features and, where it is new, into the engine. False when a read failed: call again. */
  warmUp(): Promise<boolean>;
  /** One look at prices and, after an hour has closed, at candles; asks the model for every new hour. */
  poll(): Promise<void>;
}

export interface MarketFeedOptions {
  readonly host: EngineHost;
  readonly marketData: MarketData;
  readonly features: FeatureEngine;
  /** Null: no valid model, every hour is decided as "no prediction". */
  readonly model: Model | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly symbols: readonly SymbolName[];
}

export const createMarketFeed = (options: MarketFeedOptions): MarketFeed => {
  const { host, marketData, features, model, clock, log, symbols } = options;
  const required = features.requiredSymbols;
  /** Open time of the newest candle taken from the exchange, per symbol; the engine keeps its own. */
  const newest = new Map<SymbolName, EpochMs>();
  let candleRetryAt: EpochMs = 0;

  /** Every candle from `from` on that is closed now, or null when a read failed. Unsound ones are left out and logged. */
  const readCandles = async (symbol: SymbolName, from: EpochMs): Promise<readonly Candle[] | null> => {
    const found: Candle[] = [];
    let next = from;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const now = clock.marketNow();
      if (next + HOUR_MS > now) break;
      const read = await marketData.closedCandles(symbol, next, now);
      if (!read.ok) {
        log.warn({ symbol, code: read.error.code, why: read.error.message }, 'candles could not be read');
        return null;
      }
      const last = read.value.at(-1);
      if (last === undefined || last.openTime < next) break;
      for (const candle of read.value) {
        const fault = candleFault(candle);
        if (fault === null) found.push(candle);
        else log.warn({ symbol, openTime: candle.openTime, fault }, 'candle left out');
      }
      next = last.openTime + HOUR_MS;
    }
    return found;
  };

  const warmUp = async (): Promise<boolean> => {
    const now = clock.marketNow();
    const series: { symbol: SymbolName; candle: Candle }[] = [];
    for (const symbol of required) {
      if (newest.has(symbol)) continue;
      const candles = await readCandles(symbol, hourStart(now) - HISTORY_HOURS * HOUR_MS);
      if (candles === null) return false;
      for (const candle of candles) series.push({ symbol, candle });
      if (symbols.includes(symbol)) journalHistory(symbol, candles);
    }
    // The features want each hour's context symbol first.
    series.sort((a, b) => a.candle.openTime - b.candle.openTime || required.indexOf(a.symbol) - required.indexOf(b.symbol));
    for (const { symbol, candle } of series) {
      features.push(symbol, candle);
      newest.set(symbol, candle.openTime);
    }
    return true;
  };

  const journalHistory = (symbol: SymbolName, candles: readonly Candle[]): void => {
    const known = host.state.symbols[symbol]?.newestCandleOpen ?? Number.NEGATIVE_INFINITY;
    const fresh = candles.filter((candle) => candle.openTime > known);
    for (let start = 0; start < fresh.length; start += HISTORY_CHUNK) {
      host.apply({
        type: 'history',
        symbol,
        candles: fresh.slice(start, start + HISTORY_CHUNK).map(({ openTime, open, high, low, close }) => [openTime, open, high, low, close] as const),
      });
    }
  };

  const pollPrices = async (): Promise<void> => {
    const read = await marketData.quotes(symbols, clock.marketNow());
    if (!read.ok) {
      log.warn({ code: read.error.code, why: read.error.message }, 'prices could not be read');
      host.apply({ type: 'timer' });
      return;
    }
    host.apply({ type: 'quotes', quotes: read.value });
  };

  /** Reads what has closed since; returns the symbols whose newest hour is new, in order. */
  const pollCandles = async (): Promise<readonly SymbolName[]> => {
    const current = hourStart(clock.marketNow()) - HOUR_MS;
    const behind = required.filter((symbol) => (newest.get(symbol) ?? Number.NEGATIVE_INFINITY) < current);
    if (behind.length === 0 || clock.wallNow() < candleRetryAt) return [];
    const batch: { symbol: SymbolName; candle: Candle }[] = [];
    for (const symbol of behind) {
      const last = newest.get(symbol);
      const from = last === undefined ? current - HISTORY_HOURS * HOUR_MS : last + HOUR_MS;
      for (const candle of (await readCandles(symbol, from)) ?? []) batch.push({ symbol, candle });
    }
    batch.sort((a, b) => a.candle.openTime - b.candle.openTime || required.indexOf(a.symbol) - required.indexOf(b.symbol));
    const inputs: Untimed[] = [];
    for (const { symbol, candle } of batch) {
      features.push(symbol, candle);
      newest.set(symbol, candle.openTime);
      if (symbols.includes(symbol)) inputs.push({ type: 'candle', symbol, candle });
    }
    host.apply(...inputs);
    const missing = required.some((symbol) => newest.get(symbol) !== current);
    candleRetryAt = missing ? clock.wallNow() + CANDLE_RETRY : 0;
    const arrived = new Set(batch.filter(({ candle }) => candle.openTime === current).map(({ symbol }) => symbol));
    return symbols.filter((symbol) => arrived.has(symbol));
  };

  /** A missing or failed answer is an input, too: the hour is decided as "no prediction". */
  const predict = async (symbol: SymbolName): Promise<void> => {
    const openTime = newest.get(symbol) ?? 0;
    const vector = features.vector(symbol);
    const current = features.newestClose(symbol) === openTime + HOUR_MS;
    const answer = await ask(vector, current);
    host.apply({
      type: 'prediction',
      symbol,
      openTime,
      probability: answer.probability,
      failure: answer.failure,
      features: vector === null ? [] : Array.from(vector, (value) => (Number.isFinite(value) ? value : null)),
    });
  };

  const ask = async (vector: Float32Array | null, current: boolean): Promise<{ probability: number | null; failure: string | null }> => {
    if (model === null) return { probability: null, failure: 'no valid model is loaded' };
    if (vector === null || !current) return { probability: null, failure: 'the features are not complete for this hour' };
    try {
      return { probability: await model.predict(vector), failure: null };
    } catch (error) {
      return { probability: null, failure: error instanceof Error ? error.message : String(error) };
    }
  };

  return {
    warmUp,
    poll: async () => {
      await pollPrices();
      for (const symbol of await pollCandles()) await predict(symbol);
    },
  };
};

/** Market time of the next decision. */
export const nextDecision = (now: EpochMs): EpochMs => hourStart(now) + HOUR_MS;

