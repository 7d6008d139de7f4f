import { FEATURE_NAMES } from '../../core/features/catalogue.ts';
import type { EpochMs } from '../../core/units.ts';
import { gather, type CandleSeries, type Dataset } from '../dataset/build-dataset.ts';
import { COST_FACTORS, MARGINS, MODEL_BARRIERS, SEARCH_END } from '../training/plan.ts';
import type { WalkForward } from '../training/walk-forward.ts';
import { baselines, type BaselineResult } from './baselines.ts';
import { summariseTrades, tradePolicy, type PolicyTrade, type TradeSummary } from './policy-trades.ts';
import { calibrationCurve, scoreProbabilities, type CalibrationPoint, type ProbabilityScores } from './scores.ts';

/** Scores and trades of one part of the out-of-sample answers. */
export interface Slice {
  readonly name: string;
  readonly scores: ProbabilityScores;
  readonly trades: TradeSummary;
}

export interface FoldSummary {
  readonly from: string;
  readonly to: string;
  readonly trainRows: number;
  readonly trees: number;
  readonly auc: number;
}

export interface ValidationWindow {
  readonly from: string;
  readonly to: string;
  readonly scores: ProbabilityScores;
  readonly trades: TradeSummary;
  readonly costs: readonly { readonly factor: number; readonly trades: TradeSummary }[];
  readonly baselines: readonly BaselineResult[];
}

/** Everything the walk forward says, all of it out of sample. */
export interface Validation {
  readonly folds: readonly FoldSummary[];
  /** Margin at which the trades of all slices were made. */
  readonly margin: number;
  readonly whole: ValidationWindow;
  /** The years after the search window: parameters were chosen without them. */
  readonly unseen: ValidationWindow;
  readonly calibration: readonly CalibrationPoint[];
  readonly bySymbol: readonly Slice[];
  readonly byYear: readonly Slice[];
  readonly byVolatility: readonly Slice[];
  readonly margins: readonly { readonly margin: number; readonly trades: TradeSummary }[];
}

const iso = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);

/**
 * Scores the answers of a walk forward and the trades that the policy makes of them: over the whole span, over the
 * years that nothing was chosen on, by symbol, year, volatility and margin.
 * @param series candles by symbol, for buy and hold and the trend rule
 * @param margin least expected value that is traded, a fraction of notional
 */
export const validate = (dataset: Dataset, answers: WalkForward, series: CandleSeries, margin: number): Validation => {
  const from = answers.folds[0]?.testFrom ?? 0;
  const to = answers.folds.at(-1)?.testTo ?? 0;
  const reader = createReader(dataset, answers);
  const columns = dataset.symbols.map((symbol) => series.get(symbol)).filter((part) => part !== undefined);
  const windowOf = (start: EpochMs, end: EpochMs): ValidationWindow => ({
    from: iso(start),
    to: iso(end),
    ...reader.slice('', start, end, margin, 1),
    costs: COST_FACTORS.map((factor) => ({ factor, trades: reader.slice('', start, end, margin, factor).trades })),
    baselines: baselines(columns, start, end),
  });
  return {
    folds: answers.folds.map((fold) => ({
      from: iso(fold.testFrom),
      to: iso(fold.testTo),
      trainRows: fold.trainRows,
      trees: fold.trees,
      auc: scoreProbabilities(fold.probabilities, gather(dataset.labels, fold.rows)).auc,
    })),
    margin,
    whole: windowOf(from, to),
    unseen: windowOf(SEARCH_END, to),
    calibration: calibrationCurve(answers.probabilities, gather(dataset.labels, answers.rows)),
    bySymbol: dataset.symbols.map((symbol, index) =>
      reader.slice(symbol, from, to, margin, 1, (row) => dataset.symbol[row] === index),
    ),
    byYear: yearsBetween(from, to).map((year) =>
      reader.slice(String(year), Date.UTC(year, 0, 1), Math.min(to, Date.UTC(year + 1, 0, 1)), margin, 1),
    ),
    byVolatility: volatilityTerciles(dataset, answers.rows).map(({ name, holds }) =>
      reader.slice(name, from, to, margin, 1, holds),
    ),
    margins: MARGINS.map((each) => ({ margin: each, trades: reader.slice('', from, to, each, 1).trades })),
  };
};

interface Reader {
  /**
   * Answers decided in [from, to) of rows that `holds`; trades are made of all rows and then picked, as the bot would
   * have made them.
   */
  slice(
    name: string,
    from: EpochMs,
    to: EpochMs,
    margin: number,
    costFactor: number,
    holds?: (row: number) => boolean,
  ): Slice;
}

const createReader = (dataset: Dataset, answers: WalkForward): Reader => {
  const tradesOf = new Map<string, PolicyTrade[]>();
  const allTrades = (margin: number, costFactor: number): PolicyTrade[] => {
    const key = `${margin} ${costFactor}`;
    const trades =
      tradesOf.get(key) ??
      tradePolicy(dataset, answers.rows, answers.probabilities, { ...MODEL_BARRIERS, margin, costFactor });
    tradesOf.set(key, trades);
    return trades;
  };
  const slice: Reader['slice'] = (name, from, to, margin, costFactor, holds = () => true) => {
    const within = (row: number): boolean => {
      const time = dataset.time[row] ?? Number.NaN;
      return time >= from && time < to && holds(row);
    };
    const picked = Int32Array.from(answers.rows.keys()).filter((i) => within(answers.rows[i] ?? 0));
    const rows = picked.map((i) => answers.rows[i] ?? 0);
    const trades = allTrades(margin, costFactor).filter((trade) => within(trade.row));
    return {
      name,
      scores: scoreProbabilities(gather(answers.probabilities, picked), gather(dataset.labels, rows)),
      trades: summariseTrades(trades, from, to),
    };
  };
  return { slice };
};

const yearsBetween = (from: EpochMs, to: EpochMs): number[] => {
  const first = new Date(from).getUTCFullYear();
  const last = new Date(to - 1).getUTCFullYear();
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
};

/** Calm, ordinary and wild thirds of the hours, by each row's own realised volatility of a week. */
const volatilityTerciles = (
  dataset: Dataset,
  rows: Int32Array,
): { name: string; holds: (row: number) => boolean }[] => {
  const feature = FEATURE_NAMES.indexOf('realised_volatility_168h');
  const valueOf = (row: number): number => dataset.rows[row * dataset.featureCount + feature] ?? Number.NaN;
  const sorted = Float64Array.from(rows, valueOf).sort();
  const low = sorted[Math.floor(sorted.length / 3)] ?? 0;
  const high = sorted[Math.floor((2 * sorted.length) / 3)] ?? 0;
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  return [
    { name: `calm (below ${percent(low)} an hour)`, holds: (row) => valueOf(row) < low },
    { name: 'ordinary', holds: (row) => valueOf(row) >= low && valueOf(row) < high },
    { name: `wild (above ${percent(high)} an hour)`, holds: (row) => valueOf(row) >= high },
  ];
};
