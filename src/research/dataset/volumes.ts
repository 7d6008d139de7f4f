import type { CandleColumns } from '../../core/features/candle-columns.ts';

/** Why candles without volumes are of no use; `of` names the market or the file. */
export const shortCandles = (of: string): string =>
  `the candles of ${of} have only six columns; the features need all ten, quote volume, trades and taker-buy volumes among them`;

/**
 * Candles that features can be computed from.
 * @throws RangeError for those without volumes: no row of features would be known, and what is made of none would take
 * the place of something good
 */
export const withVolumes = (columns: CandleColumns, of: string): CandleColumns => {
  if (!columns.complete) throw new RangeError(shortCandles(of));
  return columns;
};
