import type { FeatureEngine } from '../core/features/engine.ts';
import type { Candle } from '../core/market/candle.ts';
import { HOUR_MS, hourStart, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import { createCandleReader, gapsOf } from './candle-reader.ts';
import type { EngineHost, Untimed } from './engine-host.ts';

/** Hours of history read at start: the trailing year of the volatility lock and a month to spare. */
export const HISTORY_HOURS = 395 * 24;
/** Candles of one journaled history input: keeps rows small. */
const HISTORY_CHUNK = 1_000;
/** Candles kept for charts, in hours. */
const RECENT_HOURS = 500;
/** Wall time before a closed candle that is not there yet is asked for again. */
const CANDLE_RETRY: Milliseconds = 2 * SECOND_MS;
/**
 * After this many looks an hour that is missing before later ones is taken for an outage of the exchange, and the later
 * ones are used.
 */
const GAP_LOOKS = 4;

interface Taken {
  readonly symbol: SymbolName;
  readonly candle: Candle;
}

/** Brings closed candles into the features and the engine, in the order of their hours. */
export interface CandleIntake {
  /** Reads history into the features and, where it is new, into the engine. False when a read failed: call again. */
  warmUp(): Promise<boolean>;
  /** Reads what has closed since, where anything has. */
  poll(): Promise<void>;
  /** Whether every symbol that the features want has its candle of the hour. */
  isComplete(openTime: EpochMs): boolean;
  /** The newest closed candles of a symbol, oldest first, at most `hours` of those kept in memory. */
  recent(symbol: SymbolName, hours: number): readonly Candle[];
}

/**
 * @param options `closing`: the time by which an hour counts as closed; `onHour`: told of the newest hour of a symbol
 * that is traded, once
 */
export const createCandleIntake = (options: {
  readonly host: EngineHost;
  readonly marketData: MarketData;
  readonly features: FeatureEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly symbols: readonly SymbolName[];
  readonly closing: () => EpochMs;
  readonly onHour: (symbol: SymbolName, openTime: EpochMs) => void;
}): CandleIntake => {
  const { host, features, clock, log, symbols, closing, onHour } = options;
  const reader = createCandleReader(options.marketData, closing, log);
  // A run that trades nothing, because nothing of what it should trade is listed, needs no candles: what it holds is
  // guarded by prices.
  const required = symbols.length === 0 ? [] : features.requiredSymbols;
  /** The features want each hour's context symbol first. */
  const byHour = (a: Taken, b: Taken): number =>
    a.candle.openTime - b.candle.openTime || required.indexOf(a.symbol) - required.indexOf(b.symbol);
  /** Looks in vain for a missing hour, per symbol. */
  const gapLooks = new Map<SymbolName, number>();
  /** Open time of the newest candle taken from the exchange, per symbol; the engine keeps its own. */
  const newest = new Map<SymbolName, EpochMs>();
  const kept = new Map<SymbolName, Candle[]>();
  let candleRetryAt: EpochMs = 0;

  const take = (symbol: SymbolName, candle: Candle): void => {
    features.push(symbol, candle);
    newest.set(symbol, candle.openTime);
    const list = kept.get(symbol) ?? [];
    list.push(candle);
    if (list.length > 2 * RECENT_HOURS) list.splice(0, list.length - RECENT_HOURS);
    kept.set(symbol, list);
  };

  const warmUp = async (): Promise<boolean> => {
    const now = closing();
    const series: Taken[] = [];
    for (const symbol of required) {
      if (newest.has(symbol)) continue;
      const candles = await reader.read(symbol, hourStart(now) - HISTORY_HOURS * HOUR_MS);
      // An empty answer is no history: an exchange that lists a symbol has candles of it.
      if (candles === null || candles.length === 0) return false;
      for (const candle of candles) series.push({ symbol, candle });
      if (symbols.includes(symbol)) journalHistory(symbol, candles);
    }
    series.sort(byHour);
    for (const { symbol, candle } of series) take(symbol, candle);
    return true;
  };

  const journalHistory = (symbol: SymbolName, candles: readonly Candle[]): void => {
    const known = host.state.symbols[symbol]?.newestCandleOpen ?? Number.NEGATIVE_INFINITY;
    const fresh = candles.filter((candle) => candle.openTime > known);
    for (let start = 0; start < fresh.length; start += HISTORY_CHUNK) {
      host.apply({
        type: 'history',
        symbol,
        candles: fresh
          .slice(start, start + HISTORY_CHUNK)
          .map(({ openTime, open, high, low, close }) => [openTime, open, high, low, close] as const),
      });
    }
  };

  /** What has closed since the newest candle held, up to a hole that may still be filled. */
  const readNew = async (symbol: SymbolName, current: EpochMs): Promise<readonly Candle[]> => {
    const last = newest.get(symbol);
    const from = last === undefined ? current - HISTORY_HOURS * HOUR_MS : last + HOUR_MS;
    const candles = await reader.read(symbol, from);
    if (candles === null) return [];
    const [gap] = last === undefined ? [] : gapsOf(from, candles);
    const looks = gap === undefined ? 0 : (gapLooks.get(symbol) ?? 0) + 1;
    gapLooks.set(symbol, looks);
    if (gap === undefined) return candles;
    if (looks < GAP_LOOKS) return candles.filter((candle) => candle.openTime < gap.from);
    gapLooks.set(symbol, 0);
    log.warn({ symbol, from: gap.from, to: gap.to }, 'hours without a candle: taken for an outage of the exchange');
    return candles;
  };

  const isBehind = (symbol: SymbolName, current: EpochMs): boolean =>
    (newest.get(symbol) ?? Number.NEGATIVE_INFINITY) < current;

  /**
   * Reads what has closed since for the symbols that do not have it, oldest hour first, the context symbol first in
   * each.
   */
  const pollCandles = async (behind: readonly SymbolName[], current: EpochMs): Promise<void> => {
    if (clock.monotonicNow() < candleRetryAt) return;
    const batch: Taken[] = [];
    for (const symbol of behind) for (const candle of await readNew(symbol, current)) batch.push({ symbol, candle });
    batch.sort(byHour);
    const inputs: Untimed[] = [];
    for (const { symbol, candle } of batch) {
      take(symbol, candle);
      if (!symbols.includes(symbol)) continue;
      inputs.push({ type: 'candle', symbol, candle });
      if (candle.openTime === current) onHour(symbol, current);
    }
    host.apply(...inputs);
    const missing = required.some((symbol) => newest.get(symbol) !== current);
    candleRetryAt = missing ? clock.monotonicNow() + CANDLE_RETRY : 0;
  };

  return {
    warmUp,
    poll: async () => {
      const current = hourStart(closing()) - HOUR_MS;
      const behind = required.filter((symbol) => isBehind(symbol, current));
      if (behind.length > 0) await pollCandles(behind, current);
    },
    isComplete: (openTime) => required.every((symbol) => !isBehind(symbol, openTime)),
    recent: (symbol, hours) => (kept.get(symbol) ?? []).slice(-Math.min(hours, RECENT_HOURS)),
  };
};
