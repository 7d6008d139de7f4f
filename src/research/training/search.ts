import { sliceColumns } from '../../core/features/candle-columns.ts';
import { FEATURE_NAMES } from '../../core/features/catalogue.ts';
import type { SymbolName } from '../../core/units.ts';
import { createRandomStream, type RandomStream } from '../../sim/generator/random.ts';
import { buildDataset, type CandleSeries, type Dataset } from '../dataset/build-dataset.ts';
import type { BarrierOptions } from '../labels/triple-barrier.ts';
import type { FoldJob } from './fold-job.ts';
import type { ResearchIo } from './io.ts';
import {
  DEFAULT_PARAMETERS,
  fitOptions,
  MARGINS,
  MODEL_BARRIERS,
  SEARCH_END,
  SEARCH_FOLD_MONTHS,
  VALIDATION_FROM,
  type HyperParameters,
} from './plan.ts';
import { measureTrial, type Trial, type TrialLog } from './trials.ts';
import { foldWindows, walkForward, type WalkForward } from './walk-forward.ts';

/** Parameter sets drawn, the default among them. */
const PARAMETER_TRIALS = 24;
/** Entered from break-even on while parameters are compared. */
const TRIAL_MARGIN = 0;
const SEARCH_SEED = 1;

const choose = <T>(random: RandomStream, options: readonly [T, ...T[]]): T =>
  options[Math.floor(random.uniform() * options.length)] ?? options[0];

const drawParameters = (random: RandomStream): HyperParameters => ({
  gbdt: {
    ...DEFAULT_PARAMETERS.gbdt,
    leaves: choose(random, [3, 4, 6, 8, 12, 16]),
    learningRate: choose(random, [0.02, 0.03, 0.05]),
    minLeafRows: choose(random, [200, 500, 1000, 2000]),
    lambda: choose(random, [5, 20, 50, 100]),
    featureFraction: choose(random, [0.15, 0.25, 0.4, 0.6]),
    rowFraction: choose(random, [0.3, 0.5, 0.7]),
  },
  holdoutShare: choose(random, [0.1, 0.15, 0.2, 0.3]),
});

const inWords = (parameters: HyperParameters): string => {
  const { gbdt, holdoutShare } = parameters;
  return `leaves ${gbdt.leaves}, rate ${gbdt.learningRate}, leaf rows ${gbdt.minLeafRows}, lambda ${gbdt.lambda}, features ${gbdt.featureFraction}, rows ${gbdt.rowFraction}, holdout ${holdoutShare}`;
};

interface Market {
  readonly series: CandleSeries;
  readonly finer: CandleSeries;
  readonly symbols: readonly SymbolName[];
}

/** One other way to set the problem up, tried with the chosen parameters. */
interface Variant {
  readonly what: string;
  readonly barriers?: Partial<BarrierOptions>;
  readonly job?: Partial<FoldJob>;
  readonly unweighted?: boolean;
  readonly perSymbol?: boolean;
  readonly allowed?: (dataset: Dataset) => (row: number) => boolean;
}

const featuresBut = (excluded: RegExp): number[] =>
  FEATURE_NAMES.flatMap((name, i) => (excluded.test(name) ? [] : [i]));
const above = (name: string, least: number) => (dataset: Dataset) => {
  const feature = FEATURE_NAMES.indexOf(name);
  return (row: number): boolean => (dataset.rows[row * dataset.featureCount + feature] ?? Number.NaN) > least;
};

const VARIANTS: readonly Variant[] = [
  { what: 'horizon 12 h', barriers: { horizonHours: 12 } },
  { what: 'horizon 48 h', barriers: { horizonHours: 48 } },
  { what: 'horizon 96 h', barriers: { horizonHours: 96 } },
  { what: 'target 1.5 %', barriers: { target: 0.015 } },
  { what: 'target 2 %', barriers: { target: 0.02 } },
  { what: 'target 4.5 %, horizon 48 h', barriers: { target: 0.045, horizonHours: 48 } },
  { what: 'a model for each symbol', perSymbol: true },
  { what: 'learned from the last 12 months only', job: { learnMonths: 12 } },
  { what: 'learned from the last 24 months only', job: { learnMonths: 24 } },
  { what: 'without uniqueness weights', unweighted: true },
  { what: 'without the calendar', job: { onlyFeatures: featuresBut(/^(hour|weekday)_/) } },
  {
    what: 'without turnover and flow',
    job: { onlyFeatures: featuresBut(/turnover|taker|trade_size|illiquidity|money_flow|vwap/) },
  },
  { what: 'without Bitcoin as context', job: { onlyFeatures: featuresBut(/^btc_|relative_|beta|correlation/) } },
  {
    what: 'only scale-free features',
    job: {
      onlyFeatures: featuresBut(/^realised_volatility|^parkinson|^atr_14|^return_\d+h$|^btc_return|mean_distance|vwap/),
    },
  },
  { what: 'entered only above the 30-day mean', allowed: above('mean_distance_720h', 0) },
  { what: 'entered only above the 7-day mean of Bitcoin', allowed: above('btc_mean_distance_168h', 0) },
  { what: 'entered only while volatility rises', allowed: above('volatility_ratio_24_168', 0) },
  { what: 'entered only in trends (ADX above 25)', allowed: above('adx_14', 25) },
];

const answersOf = async (
  dataset: Dataset,
  parameters: HyperParameters,
  job: Partial<FoldJob> = {},
  perSymbol = false,
): Promise<WalkForward> => {
  const windows = foldWindows(VALIDATION_FROM, SEARCH_END, SEARCH_FOLD_MONTHS);
  const scopes: Partial<FoldJob>[] = perSymbol ? dataset.symbols.map((_, onlySymbol) => ({ onlySymbol })) : [{}];
  return walkForward(
    dataset,
    windows.flatMap((window) => scopes.map((scope) => ({ ...window, fit: fitOptions(parameters), ...job, ...scope }))),
  );
};

/** The dataset as it was known at the end of the search window: nothing decided or resolved later. */
const searchDataset = (market: Market, barriers: BarrierOptions): Dataset =>
  buildDataset(cutSeries(market.series), market.symbols, barriers, cutSeries(market.finer));

const cutSeries = (series: CandleSeries): CandleSeries =>
  new Map([...series].map(([symbol, columns]) => [symbol, sliceColumns(columns, 0, SEARCH_END)]));

/**
 * A bounded, seeded search on the years before SEARCH_END. Parameters compete on
 * out-of-fold log loss; the variants and margins are tried with the best of them
 * and only put on record. All of it counts as trials when the Sharpe ratio is deflated.
 */
export const searchParameters = async (market: Market, io: ResearchIo): Promise<TrialLog> => {
  const dataset = searchDataset(market, MODEL_BARRIERS);
  const random = createRandomStream(SEARCH_SEED, 'parameter search');
  const trials: Trial[] = [];
  const steps = PARAMETER_TRIALS + VARIANTS.length;
  const note = (trial: Trial): Trial => {
    trials.push(trial);
    io.out(
      `${trial.what}: log loss ${trial.logLoss.toFixed(5)} (base rate ${trial.logLossOfBaseRate.toFixed(5)}), AUC ${trial.auc.toFixed(4)}, ${trial.trades} trades, mean ${((trial.meanReturn ?? 0) * 100).toFixed(3)} %`,
    );
    io.progress(Math.min(1, trials.length / steps), 'parameter search');
    return trial;
  };
  let best: { trial: Trial; parameters: HyperParameters; answers: WalkForward } | null = null;
  for (let i = 0; i < PARAMETER_TRIALS; i++) {
    const parameters = i === 0 ? DEFAULT_PARAMETERS : drawParameters(random);
    const answers = await answersOf(dataset, parameters);
    const trial = note(
      measureTrial({ kind: 'parameters', what: inWords(parameters), parameters }, dataset, answers, {
        ...MODEL_BARRIERS,
        margin: TRIAL_MARGIN,
      }),
    );
    if (best === null || trial.logLoss < best.trial.logLoss) best = { trial, parameters, answers };
  }
  if (best === null) throw new RangeError('no parameter set was tried');
  for (const variant of VARIANTS) note(await tryVariant(market, dataset, best.parameters, variant));
  for (const margin of MARGINS)
    note(
      measureTrial({ kind: 'margin', what: `margin ${margin}` }, dataset, best.answers, { ...MODEL_BARRIERS, margin }),
    );
  return {
    format: 'guardian-trials/1',
    seed: SEARCH_SEED,
    searchEnd: new Date(SEARCH_END).toISOString(),
    chosen: best.parameters,
    trials,
  };
};

const tryVariant = async (
  market: Market,
  standard: Dataset,
  parameters: HyperParameters,
  variant: Variant,
): Promise<Trial> => {
  const barriers = { ...MODEL_BARRIERS, ...variant.barriers };
  let dataset = variant.barriers === undefined ? standard : searchDataset(market, barriers);
  if (variant.unweighted === true) dataset = { ...dataset, weights: new Float64Array(dataset.length).fill(1) };
  const answers = await answersOf(dataset, parameters, variant.job, variant.perSymbol);
  const terms = { ...barriers, margin: TRIAL_MARGIN };
  return measureTrial(
    { kind: 'variant', what: variant.what },
    dataset,
    answers,
    variant.allowed === undefined ? terms : { ...terms, mayEnter: variant.allowed(dataset) },
  );
};
