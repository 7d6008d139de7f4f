import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { rowAt } from '../../core/features/candle-columns.ts';
import { HOUR_MS, type Fraction } from '../../core/units.ts';

/**
 * Triple-barrier labels (Lopez de Prado, Advances in Financial Machine Learning,
 * 2018, chapter 3) with the RiskEngine's own stop, target and horizon. A decision
 * at the close of candle i buys at the open of candle i + 1, dearer by the entry
 * slippage; then whichever barrier is touched first decides. Where one candle
 * touches both, 15-minute candles say which came first; without them the stop did.
 */
export interface BarrierOptions {
  readonly stop: Fraction;
  readonly target: Fraction;
  readonly horizonHours: number;
  /** Bought this fraction above the open. */
  readonly entrySlippage: Fraction;
}

export const OUTCOME = { unknown: 0, target: 1, stop: 2, timeout: 3 } as const;

export interface BarrierLabels {
  readonly length: number;
  /** One of OUTCOME a row; unknown where the next hour is missing or the series ends first. */
  readonly outcome: Uint8Array;
  /** Row of the candle in which the trade ends; the row itself where unknown. */
  readonly endRow: Int32Array;
  /** Gross return of the trade, exit / entry - 1; costs are charged where it is used. NaN where unknown. */
  readonly grossReturn: Float64Array;
}

/**
 * Labels every row of a series with what became of a trade decided at its close.
 * @param series hourly candles
 * @param finer 15-minute candles of the same symbol, if there are any: they tell which barrier came first within an
 * hour
 */
export const labelSeries = (series: CandleColumns, options: BarrierOptions, finer?: CandleColumns): BarrierLabels => {
  const { length } = series;
  const labels: BarrierLabels = {
    length,
    outcome: new Uint8Array(length),
    endRow: Int32Array.from({ length }, (_, row) => row),
    grossReturn: new Float64Array(length).fill(Number.NaN),
  };
  for (let row = 0; row + 1 < length; row++) labelRow(series, options, finer, labels, row);
  return labels;
};

const at = (column: Float64Array, row: number): number => column[row] ?? Number.NaN;

const labelRow = (
  series: CandleColumns,
  options: BarrierOptions,
  finer: CandleColumns | undefined,
  labels: BarrierLabels,
  row: number,
): void => {
  const entryTime = at(series.openTime, row) + HOUR_MS;
  // No candle, no entry: a signal expires with its hour.
  if (at(series.openTime, row + 1) !== entryTime) return;
  const entry = at(series.open, row + 1) * (1 + options.entrySlippage);
  const stop = entry * (1 - options.stop);
  const target = entry * (1 + options.target);
  const horizonEnd = entryTime + options.horizonHours * HOUR_MS;
  const settle = (outcome: number, end: number, price: number): void => {
    labels.outcome[row] = outcome;
    labels.endRow[row] = end;
    labels.grossReturn[row] = price / entry - 1;
  };
  for (let k = row + 1; k < series.length; k++) {
    const openTime = at(series.openTime, k);
    // The horizon fell into a hole: out at the first price after it.
    if (openTime >= horizonEnd) return settle(OUTCOME.timeout, k, at(series.open, k));
    const open = at(series.open, k);
    // A gap through the stop is filled at the gap; a gap over the target only at the target.
    if (k > row + 1 && open <= stop) return settle(OUTCOME.stop, k, open);
    if (k > row + 1 && open >= target) return settle(OUTCOME.target, k, target);
    const hitStop = at(series.low, k) <= stop;
    const hitTarget = at(series.high, k) >= target;
    if (hitStop && !(hitTarget && finer !== undefined && targetFirst(finer, openTime, stop, target)))
      return settle(OUTCOME.stop, k, stop);
    if (hitTarget) return settle(OUTCOME.target, k, target);
    if (openTime + HOUR_MS >= horizonEnd) return settle(OUTCOME.timeout, k, at(series.close, k));
  }
};

/** Span of the finer candles. */
const FINER_MS = HOUR_MS / 4;

/**
 * Whether the finer candles of the hour show the target before the stop; "no" where they don't say, as from a hole on,
 * which may hide the stop.
 */
const targetFirst = (finer: CandleColumns, openTime: number, stop: number, target: number): boolean => {
  let next = openTime;
  for (
    let k = rowAt(finer, openTime);
    k < finer.length && next < openTime + HOUR_MS && at(finer.openTime, k) === next;
    k++
  ) {
    if (at(finer.low, k) <= stop) return false;
    if (at(finer.high, k) >= target) return true;
    next += FINER_MS;
  }
  return false;
};

/**
 * Average uniqueness of each label (same book, chapter 4): a label that shares its
 * hours with c - 1 others counts 1/c in each. Overlapping labels tell one story,
 * not many; as weights they keep the trainer from believing otherwise.
 */
export const uniquenessWeights = (labels: BarrierLabels): Float64Array => {
  const { length, outcome, endRow } = labels;
  const concurrent = new Int32Array(length + 1);
  for (let row = 0; row < length; row++) {
    if (outcome[row] === OUTCOME.unknown) continue;
    concurrent[row + 1] = (concurrent[row + 1] ?? 0) + 1;
    const after = (endRow[row] ?? row) + 1;
    if (after <= length) concurrent[after] = (concurrent[after] ?? 0) - 1;
  }
  const shares = new Float64Array(length + 1);
  for (let row = 0, open = 0; row < length; row++) {
    open += concurrent[row] ?? 0;
    shares[row + 1] = (shares[row] ?? 0) + (open > 0 ? 1 / open : 0);
  }
  const weights = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    if (outcome[row] === OUTCOME.unknown) continue;
    const end = endRow[row] ?? row;
    weights[row] = ((shares[end + 1] ?? 0) - (shares[row + 1] ?? 0)) / (end - row);
  }
  return weights;
};
