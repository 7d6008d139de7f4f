import { sliceColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { FeatureTable } from '../../core/features/batch.ts';
import type { SymbolName } from '../../core/units.ts';
import type { CandleSeries } from '../dataset/build-dataset.ts';

export interface LookAhead {
  /** Index of the column that changed. */
  readonly feature: number;
  /** Open time of the candle at which it was seen first. */
  readonly openTime: number;
}

/**
 * Looks for features that know the future: the row of the last candle of each
 * truncated history must equal that of the full one, to the last bit.
 * @param compute features of whole series, as computeFeatures
 * @param history candles kept before each cut; enough to be warm
 * @returns one entry a feature that looks ahead; empty when none does
 */
export const findLookAhead = (
  compute: (series: CandleSeries, symbols: readonly SymbolName[]) => ReadonlyMap<SymbolName, FeatureTable>,
  series: CandleSeries,
  symbol: SymbolName,
  cuts: readonly number[],
  history: number,
): LookAhead[] => {
  const full = compute(series, [symbol]).get(symbol);
  const columns = series.get(symbol);
  if (full === undefined || columns === undefined) throw new RangeError(`there are no candles of ${symbol}`);
  const width = full.values.length / full.length;
  const found = new Map<number, LookAhead>();
  for (const cut of cuts) {
    const openTime = columns.openTime[cut] ?? Number.NaN;
    const first = columns.openTime[Math.max(0, cut - history + 1)] ?? Number.NaN;
    const truncated = new Map<SymbolName, CandleColumns>(
      [...series].map(([name, part]) => [name, sliceColumns(part, first, openTime + 1)]),
    );
    const table = compute(truncated, [symbol]).get(symbol);
    if (table === undefined) continue;
    const last = table.length - 1;
    for (let feature = 0; feature < width; feature++) {
      const seen = table.values[last * width + feature];
      const known = full.values[cut * width + feature];
      if (!Object.is(seen, known) && !found.has(feature)) found.set(feature, { feature, openTime });
    }
  }
  return [...found.values()].sort((a, b) => a.feature - b.feature);
};
