import { computeFeatures } from '../../core/features/batch.ts';
import type { CandleColumns } from '../../core/features/candle-columns.ts';
import type { SymbolName } from '../../core/units.ts';
import type { Model } from '../../ports/model.ts';

/** Rows asked of the model at once. */
const BATCH = 8_192;

export interface Predictions {
  /** A probability for each row of each symbol's candles; NaN where the features are not known. */
  readonly bySymbol: ReadonlyMap<SymbolName, Float32Array>;
  /** Rows with an answer. */
  readonly answered: number;
  readonly featuresMs: number;
  readonly inferenceMs: number;
}

/**
 * Features and probabilities over whole series: the feature engine of the live
 * bot over history, and the model in batches.
 * @param series candles by symbol; must hold the context symbol
 */
export const predictHistory = async (
  series: ReadonlyMap<SymbolName, CandleColumns>,
  symbols: readonly SymbolName[],
  model: Model,
  now: () => number,
): Promise<Predictions> => {
  const begun = now();
  const tables = computeFeatures(series, symbols);
  const featured = now();
  const bySymbol = new Map<SymbolName, Float32Array>();
  const width = model.description.featureCount;
  let answered = 0;
  for (const [symbol, table] of tables) {
    const probabilities = new Float32Array(table.length).fill(Number.NaN);
    const first = table.known.indexOf(1);
    for (let row = Math.max(0, first); first >= 0 && row < table.length; row += BATCH) {
      const end = Math.min(table.length, row + BATCH);
      const answers = await model.predictBatch(table.values.subarray(row * width, end * width));
      for (let k = 0; k < answers.length; k += 1) {
        if (table.known[row + k] !== 1) continue;
        probabilities[row + k] = answers[k] ?? Number.NaN;
        answered += 1;
      }
    }
    bySymbol.set(symbol, probabilities);
  }
  return { bySymbol, answered, featuresMs: featured - begun, inferenceMs: now() - featured };
};
