import type { FeatureEngine } from '../core/features/engine.ts';
import { MAX_SKEW } from '../core/guardian/health-locks.ts';
import type { Candle } from '../core/market/candle.ts';
import type { Quote } from '../core/market/quote.ts';
import {
  HOUR_MS,
  hourStart,
  MINUTE_MS,
  SECOND_MS,
  type EpochMs,
  type Milliseconds,
  type SymbolName,
} from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import { createCandleReader, gapsOf } from './candle-reader.ts';
import type { EngineHost, Untimed } from './engine-host.ts';
import { unanswered } from './unanswered.ts';

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
/** Wall time that a symbol's decision waits for the other symbols' candles of the same hour. */
const DECISION_PATIENCE: Milliseconds = 30 * SECOND_MS;
/**
 * Where the clocks are real, an hour counts as closed only this long after its end by our clock, which may be ahead of
 * the exchange's by as much as the clock lock allows, a difference that is measured to within 400 ms. Until then the
 * candle may still be forming.
 */
export const CLOSING_MARGIN: Milliseconds = MAX_SKEW + 500;
/** When not one number of any price has moved for this long (market time), the source is taken to stand still. */
const FROZEN_AFTER: Milliseconds = 5 * MINUTE_MS;

/** Turns the exchange's data into inputs: prices, closed candles, predictions. */
export interface MarketFeed {
  /** Reads history into the features and, where it is new, into the engine. False when a read failed: call again. */
  warmUp(): Promise<boolean>;
  /** One look at prices alone. */
  prices(): Promise<void>;
  /** One look at prices and, after an hour has closed, at candles; asks the model for every new hour. */
  poll(): Promise<void>;
  /** The newest closed candles of a symbol, oldest first, at most `hours` of those kept in memory. */
  recent(symbol: SymbolName, hours: number): readonly Candle[];
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
  /** CLOSING_MARGIN where the exchange's clock is another one; 0 when absent, for a market in lockstep with ours. */
  readonly closingMargin?: Milliseconds;
  /** Told of every answered hour: features in catalogue order and the probability. */
  readonly onPrediction?: (features: Float32Array, probability: number) => void;
}

export const createMarketFeed = (options: MarketFeedOptions): MarketFeed => {
  const { host, marketData, features, model, clock, log, symbols, closingMargin = 0 } = options;
  // A run that trades nothing, because nothing of what it should trade is listed, needs no candles: what it holds is
  // guarded by prices.
  const required = symbols.length === 0 ? [] : features.requiredSymbols;
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

  /**
   * By which hours are closed: where our clock is ahead, the exchange's, whose forming candle would pass for a closed
   * one and stay in the features.
   */
  const closing = (): EpochMs => {
    const { skew } = host.state.guardian;
    return clock.marketNow() - closingMargin + (skew !== null && skew < -MAX_SKEW ? skew : 0);
  };
  const reader = createCandleReader(marketData, closing, log);
  /** Looks in vain for a missing hour, per symbol. */
  const gapLooks = new Map<SymbolName, number>();
  /** Hours that have come and are not decided yet, with the monotonic time since which they wait. */
  const undecided: { readonly symbol: SymbolName; readonly openTime: EpochMs; readonly since: Milliseconds }[] = [];
  /**
   * The prices last seen, with the market time at which they came and at which they were first seen unmoved: a source
   * may stand still and answer all the same.
   */
  const seen = new Map<SymbolName, { readonly quote: Quote; readonly at: EpochMs; readonly unmoved: EpochMs | null }>();

  const warmUp = async (): Promise<boolean> => {
    const now = closing();
    const series: { symbol: SymbolName; candle: Candle }[] = [];
    for (const symbol of required) {
      if (newest.has(symbol)) continue;
      const candles = await reader.read(symbol, hourStart(now) - HISTORY_HOURS * HOUR_MS);
      // An empty answer is no history: an exchange that lists a symbol has candles of it.
      if (candles === null || candles.length === 0) return false;
      for (const candle of candles) series.push({ symbol, candle });
      if (symbols.includes(symbol)) journalHistory(symbol, candles);
    }
    // The features want each hour's context symbol first.
    series.sort(
      (a, b) => a.candle.openTime - b.candle.openTime || required.indexOf(a.symbol) - required.indexOf(b.symbol),
    );
    for (const { symbol, candle } of series) {
      take(symbol, candle);
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
        candles: fresh
          .slice(start, start + HISTORY_CHUNK)
          .map(({ openTime, open, high, low, close }) => [openTime, open, high, low, close] as const),
      });
    }
  };

  /**
   * What the engine calls now: where the clock was set back it is ahead, and would leave out prices that are dated
   * before it.
   */
  const present = (): EpochMs => Math.max(clock.marketNow(), host.state.at);

  /** Markets that are traded no more, but listed, in which there is a position. */
  const pastSymbols = (): readonly SymbolName[] =>
    Object.values(host.state.symbols).flatMap(({ symbol, managed, unlisted }) =>
      managed === null || unlisted || symbols.includes(symbol) ? [] : [symbol],
    );

  /** Their prices are asked for one by one: one that has left the exchange must not blind the others. */
  const pollPast = async (past: readonly SymbolName[]): Promise<readonly Quote[]> => {
    const quotes: Quote[] = [];
    for (const symbol of past) {
      const read = await marketData.quotes([symbol], present());
      if (read.ok) quotes.push(...read.value);
      else
        log.warn(
          { symbol, code: read.error.code, why: read.error.message },
          'the price of a position could not be read',
        );
    }
    return quotes;
  };

  /**
   * False when no answer came: then there is none to other questions either, and each would hold up the loop for its
   * whole time limit.
   */
  const pollPrices = async (): Promise<boolean> => {
    const { feeSymbol } = host.state;
    const read = await marketData.quotes(feeSymbol === null ? symbols : [...symbols, feeSymbol], present());
    if (!read.ok) log.warn({ code: read.error.code, why: read.error.message }, 'prices could not be read');
    const past = pastSymbols();
    // That the only one asked for has left the exchange is no answer for the others.
    if (!read.ok && (read.error.kind !== 'unlisted' || past.length === 0)) {
      host.apply({ type: 'timer' });
      return !unanswered(read);
    }
    const own = read.ok ? read.value : [];
    const quotes = past.length === 0 ? own : [...own, ...(await pollPast(past))];
    host.apply({ type: 'quotes', quotes: quotes.map(dated) });
    return true;
  };

  /**
   * Prices that stand still keep the time at which they last moved, so that they grow stale. One look alone does not
   * show it: where a step of the market is longer than that, as in the demo, an hour that opens at the last close looks
   * the same.
   */
  const dated = (quote: Quote): Quote => {
    const before = seen.get(quote.symbol);
    const same =
      before !== undefined &&
      before.quote.last === quote.last &&
      before.quote.bid === quote.bid &&
      before.quote.ask === quote.ask;
    if (!same) seen.set(quote.symbol, { quote, at: quote.at, unmoved: null });
    else if (before.unmoved === null && quote.at > before.at) seen.set(quote.symbol, { ...before, unmoved: quote.at });
    const frozen = same && quote.at - before.at > FROZEN_AFTER && before.unmoved !== null && quote.at > before.unmoved;
    return frozen ? { ...quote, at: before.at } : quote;
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
    const batch: { symbol: SymbolName; candle: Candle }[] = [];
    for (const symbol of behind) for (const candle of await readNew(symbol, current)) batch.push({ symbol, candle });
    batch.sort(
      (a, b) => a.candle.openTime - b.candle.openTime || required.indexOf(a.symbol) - required.indexOf(b.symbol),
    );
    const inputs: Untimed[] = [];
    for (const { symbol, candle } of batch) {
      take(symbol, candle);
      if (!symbols.includes(symbol)) continue;
      inputs.push({ type: 'candle', symbol, candle });
      if (candle.openTime === current) undecided.push({ symbol, openTime: current, since: clock.monotonicNow() });
    }
    host.apply(...inputs);
    const missing = required.some((symbol) => newest.get(symbol) !== current);
    candleRetryAt = missing ? clock.monotonicNow() + CANDLE_RETRY : 0;
  };

  /**
   * One decision for each symbol and hour: as soon as the hour is complete, or without the rest when that does not
   * come.
   */
  const decide = async (): Promise<void> => {
    for (const waiting of [...undecided].sort(
      (a, b) => a.openTime - b.openTime || symbols.indexOf(a.symbol) - symbols.indexOf(b.symbol),
    )) {
      const complete = required.every((name) => (newest.get(name) ?? Number.NEGATIVE_INFINITY) >= waiting.openTime);
      if (!complete && clock.monotonicNow() - waiting.since < DECISION_PATIENCE) continue;
      undecided.splice(undecided.indexOf(waiting), 1);
      await predict(waiting.symbol, waiting.openTime);
    }
  };

  /** A missing or failed answer is an input, too: the hour is decided as "no prediction". */
  const predict = async (symbol: SymbolName, openTime: EpochMs): Promise<void> => {
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

  const ask = async (
    vector: Float32Array | null,
    current: boolean,
  ): Promise<{ probability: number | null; failure: string | null }> => {
    if (model === null) return { probability: null, failure: 'no valid model is loaded' };
    if (vector === null || !current)
      return { probability: null, failure: 'the features are not complete for this hour' };
    try {
      const probability = await model.predict(vector);
      options.onPrediction?.(vector, probability);
      return { probability, failure: null };
    } catch (error) {
      return { probability: null, failure: error instanceof Error ? error.message : String(error) };
    }
  };

  return {
    warmUp,
    prices: async () => void (await pollPrices()),
    recent: (symbol, hours) => (kept.get(symbol) ?? []).slice(-Math.min(hours, RECENT_HOURS)),
    poll: async () => {
      if (await pollPrices()) {
        const current = hourStart(closing()) - HOUR_MS;
        const behind = required.filter((symbol) => isBehind(symbol, current));
        if (behind.length > 0) await pollCandles(behind, current);
      }
      if (undecided.length > 0) await decide();
    },
  };
};

/** Market time of the next decision. */
export const nextDecision = (now: EpochMs): EpochMs => hourStart(now) + HOUR_MS;
