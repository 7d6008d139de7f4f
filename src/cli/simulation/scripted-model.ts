import type { FeatureEngine } from '../../core/features/engine.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { Model } from '../../ports/model.ts';
import type { RandomStream } from '../../sim/generator/random.ts';

/** How often the scripted model finds something worth buying; as a rule it neither buys nor sells. */
const EAGERNESS = 0.25;

/**
 * Features of nothing: they only know which candle of a symbol is the newest, which is all that the market feed needs
 * of them here.
 */
export const createScriptedFeatures = (symbols: readonly SymbolName[]): FeatureEngine => {
  const newest = new Map<SymbolName, EpochMs>();
  return {
    requiredSymbols: symbols,
    warmUpHours: 1,
    push: (symbol, candle) => {
      if (candle.openTime <= (newest.get(symbol) ?? 0)) return false;
      newest.set(symbol, candle.openTime);
      return true;
    },
    vector: () => new Float32Array(1),
    writeVector: () => false,
    newestClose: (symbol) => {
      const open = newest.get(symbol);
      return open === undefined ? null : open + HOUR_MS;
    },
  };
};

/** What the scripted model states of itself; the engine's configuration has to agree with it. */
export const SCRIPTED_TERMS = {
  name: 'scripted',
  hash: 'none',
  schemaHash: 'none',
  stop: DEFAULT_LIMITS.stopLoss,
  target: DEFAULT_LIMITS.takeProfit,
  horizonHours: DEFAULT_LIMITS.horizonHours,
  margin: 0.001,
};

/**
 * A model that draws its answers: 0.9 is worth an entry, 0.38 leaves things as they are, 0.05 turns a position round.
 */
export const createScriptedModel = (answers: RandomStream): Model => ({
  description: { ...SCRIPTED_TERMS, featureCount: 1, demonstratedEdge: false, purpose: 'fixture' },
  predict: () => {
    const draw = answers.uniform();
    return Promise.resolve(draw < EAGERNESS ? 0.9 : draw < 0.95 ? 0.38 : 0.05);
  },
  predictBatch: () => Promise.reject(new Error('not used')),
  close: () => Promise.resolve(),
});
