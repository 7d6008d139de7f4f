import type { Candle } from '../market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../units.ts';
import { CONTEXT_SYMBOL, FEATURE_COUNT, FEATURES } from './catalogue.ts';
import { PairState } from './pair-state.ts';
import { isInformative, SymbolState, WARM_UP_HOURS } from './symbol-state.ts';

export interface FeatureEngine {
  /** Every symbol whose candles must be pushed: those asked for and the context symbol. */
  readonly requiredSymbols: readonly SymbolName[];
  /** Candles of each required symbol before vectors are known; the newest 1,000 klines suffice. */
  readonly warmUpHours: number;
  /**
   * Takes a closed candle. An outage's candle (volume zero), an unsound one and one
   * that is not newer than the last are left out, as if they had not come.
   * @returns whether it was taken
   * @throws RangeError for a symbol that is not required
   */
  push(symbol: SymbolName, candle: Candle): boolean;
  /**
   * Features of the newest candle in catalogue order, as a fresh array; NaN marks a
   * value that is not known. Null until warm, and while the context symbol has no
   * candle for the same hour. Compare `newestClose` with the hour you decide for.
   * @throws RangeError for a symbol that was not asked for
   */
  vector(symbol: SymbolName): Float32Array | null;
  /** The same into `target` from `offset` on; false where `vector` gives null, and then nothing is written. */
  writeVector(symbol: SymbolName, target: Float32Array, offset: number): boolean;
  /** Close time of the newest candle taken, null before the first. */
  newestClose(symbol: SymbolName): EpochMs | null;
}

interface Tracked {
  readonly own: SymbolState;
  readonly context: SymbolState;
  readonly pair: PairState | null;
}

/**
 * A logarithm of nothing or a share of nothing, as after hours in which the price stood still, is as little known as
 * nothing of nothing: a model is promised a number or NaN, and a sum of weights makes certainty of an infinity.
 */
const known = (value: number): number => (Number.isFinite(Math.fround(value)) ? value : Number.NaN);

/**
 * The feature catalogue, candle by candle: what the live bot runs, and what batch
 * runs over history.
 * @param symbols those whose vectors are wanted
 */
export const createFeatureEngine = (symbols: readonly SymbolName[]): FeatureEngine => {
  const requiredSymbols = [...new Set([CONTEXT_SYMBOL, ...symbols])];
  const wanted = new Set(symbols);
  const context = new SymbolState();
  const tracked = new Map<SymbolName, Tracked>();
  for (const symbol of requiredSymbols) {
    const own = symbol === CONTEXT_SYMBOL ? context : new SymbolState();
    tracked.set(symbol, { own, context, pair: own === context ? null : new PairState(own, context) });
  }
  const pairs = [...tracked.values()].map((entry) => entry.pair).filter((pair) => pair !== null);
  const find = (symbol: SymbolName): Tracked => {
    const entry = tracked.get(symbol);
    if (entry === undefined)
      throw new RangeError(`the feature engine has no ${symbol}; it was made for ${requiredSymbols.join(', ')}`);
    return entry;
  };

  const push = (symbol: SymbolName, candle: Candle): boolean => {
    const { own, pair } = find(symbol);
    // Written so that the NaN of "no candle yet" lets the first one in.
    if (candle.openTime <= own.openTime || !isInformative(candle)) return false;
    own.push(candle);
    if (pair === null) for (const each of pairs) each.update();
    else pair.update();
    return true;
  };

  const writeVector = (symbol: SymbolName, target: Float32Array, offset: number): boolean => {
    const inputs = find(symbol);
    if (!wanted.has(symbol))
      throw new RangeError(`${symbol} only gives context; ask for its features when the engine is made`);
    const { own, pair } = inputs;
    if (!own.warm || !context.warm || own.openTime !== context.openTime) return false;
    if (pair !== null && !pair.warm) return false;
    for (let i = 0; i < FEATURE_COUNT; i++) target[offset + i] = known(FEATURES[i]?.value(inputs) ?? Number.NaN);
    return true;
  };

  return {
    requiredSymbols,
    warmUpHours: WARM_UP_HOURS,
    push,
    writeVector,
    vector: (symbol) => {
      const vector = new Float32Array(FEATURE_COUNT);
      return writeVector(symbol, vector, 0) ? vector : null;
    },
    newestClose: (symbol) => {
      const { own } = find(symbol);
      return own.count === 0 ? null : own.openTime + HOUR_MS;
    },
  };
};
