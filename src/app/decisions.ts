import type { FeatureEngine } from '../core/features/engine.ts';
import { HOUR_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Model } from '../ports/model.ts';
import type { EngineHost } from './engine-host.ts';

/** Wall time that a symbol's decision waits for the other symbols' candles of the same hour. */
const DECISION_PATIENCE: Milliseconds = 30 * SECOND_MS;

/** Hours that have closed, until the model was asked for each. */
export interface Decisions {
  /** An hour of a symbol has come. */
  expect(symbol: SymbolName, openTime: EpochMs): void;
  /** Asks for what is complete, or has waited long enough for the other symbols. */
  decide(): Promise<void>;
}

/**
 * @param options `isComplete`: whether every symbol has its candle of the hour; `onPrediction`: told of every answer
 */
export const createDecisions = (options: {
  readonly host: EngineHost;
  readonly features: FeatureEngine;
  readonly model: Model | null;
  readonly clock: Clock;
  readonly symbols: readonly SymbolName[];
  readonly isComplete: (openTime: EpochMs) => boolean;
  readonly onPrediction: ((features: Float32Array, probability: number) => void) | undefined;
}): Decisions => {
  const { host, features, model, clock, symbols } = options;
  /** Hours that have come and are not decided yet, with the monotonic time since which they wait. */
  const undecided: { readonly symbol: SymbolName; readonly openTime: EpochMs; readonly since: Milliseconds }[] = [];

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

  /**
   * One decision for each symbol and hour: as soon as the hour is complete, or without the rest when that does not
   * come.
   */
  const decide = async (): Promise<void> => {
    if (undecided.length === 0) return;
    for (const waiting of [...undecided].sort(
      (a, b) => a.openTime - b.openTime || symbols.indexOf(a.symbol) - symbols.indexOf(b.symbol),
    )) {
      if (!options.isComplete(waiting.openTime) && clock.monotonicNow() - waiting.since < DECISION_PATIENCE) continue;
      undecided.splice(undecided.indexOf(waiting), 1);
      await predict(waiting.symbol, waiting.openTime);
    }
  };

  return {
    expect: (symbol, openTime) => void undecided.push({ symbol, openTime, since: clock.monotonicNow() }),
    decide,
  };
};
