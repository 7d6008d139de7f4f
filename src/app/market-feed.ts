import type { FeatureEngine } from '../core/features/engine.ts';
import { MAX_SKEW } from '../core/guardian/health-locks.ts';
import type { Candle } from '../core/market/candle.ts';
import { HOUR_MS, hourStart, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import { createCandleIntake } from './candle-intake.ts';
import { createDecisions } from './decisions.ts';
import type { EngineHost } from './engine-host.ts';
import { createPricePoll } from './price-poll.ts';

/**
 * Where the clocks are real, an hour counts as closed only this long after its end by our clock, which may be ahead of
 * the exchange's by as much as the clock lock allows, a difference that is measured to within 400 ms. Until then the
 * candle may still be forming.
 */
export const CLOSING_MARGIN: Milliseconds = MAX_SKEW + 500;

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
  const { host, features, clock, closingMargin = 0 } = options;
  /**
   * By which hours are closed: where our clock is ahead, the exchange's, whose forming candle would pass for a closed
   * one and stay in the features.
   */
  const closing = (): EpochMs => {
    const { skew } = host.state.guardian;
    return clock.marketNow() - closingMargin + (skew !== null && skew < -MAX_SKEW ? skew : 0);
  };

  const pollPrices = createPricePoll(options);
  const decisions = createDecisions({
    host,
    features,
    model: options.model,
    clock,
    symbols: options.symbols,
    isComplete: (openTime) => candles.isComplete(openTime),
    onPrediction: options.onPrediction,
  });
  const candles = createCandleIntake({ ...options, closing, onHour: decisions.expect });
  return {
    warmUp: candles.warmUp,
    prices: async () => void (await pollPrices()),
    recent: candles.recent,
    poll: async () => {
      if (await pollPrices()) await candles.poll();
      await decisions.decide();
    },
  };
};

/** Market time of the next decision. */
export const nextDecision = (now: EpochMs): EpochMs => hourStart(now) + HOUR_MS;
