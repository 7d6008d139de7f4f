import { gather, type Dataset } from '../dataset/build-dataset.ts';
import { tradePolicy, dailyReturns, type PolicyAssumptions } from '../validation/policy-trades.ts';
import { scoreProbabilities } from '../validation/scores.ts';
import { momentsOf, sharpeRatio } from '../validation/sharpe.ts';
import type { HyperParameters } from './plan.ts';
import type { WalkForward } from './walk-forward.ts';

/** What one attempt gave on the search window's own walk forward; nothing later was looked at. */
export interface Trial {
  readonly kind: 'parameters' | 'variant' | 'margin';
  /** What was tried, in words. */
  readonly what: string;
  readonly parameters?: HyperParameters;
  readonly logLoss: number;
  readonly logLossOfBaseRate: number;
  readonly auc: number;
  readonly trades: number;
  /** Mean return a trade after costs; null without trades. */
  readonly meanReturn: number | null;
  /** Of daily returns, per day: what the deflated Sharpe ratio needs. */
  readonly dailySharpe: number;
}

/** The committed record of a search: `models/<name>/trials.json`. */
export interface TrialLog {
  readonly format: 'guardian-trials/1';
  readonly seed: number;
  /** End of the window that was looked at, ISO 8601. */
  readonly searchEnd: string;
  readonly chosen: HyperParameters;
  readonly trials: readonly Trial[];
}

export type TrialTerms = Omit<PolicyAssumptions, 'costFactor'>;

/**
 * What one attempt gave at standard costs, for the record of the search.
 * @param answers its walk forward on the search window
 */
export const measureTrial = (
  about: Pick<Trial, 'kind' | 'what' | 'parameters'>,
  dataset: Dataset,
  answers: WalkForward,
  terms: TrialTerms,
): Trial => {
  const scores = scoreProbabilities(answers.probabilities, gather(dataset.labels, answers.rows));
  const trades = tradePolicy(dataset, answers.rows, answers.probabilities, { ...terms, costFactor: 1 });
  const first = answers.folds[0]?.testFrom ?? 0;
  const last = answers.folds.at(-1)?.testTo ?? 0;
  return {
    ...about,
    logLoss: scores.logLoss,
    logLossOfBaseRate: scores.logLossOfBaseRate,
    auc: scores.auc,
    trades: trades.length,
    meanReturn: trades.length === 0 ? null : trades.reduce((sum, trade) => sum + trade.netReturn, 0) / trades.length,
    dailySharpe: sharpeRatio(momentsOf(dailyReturns(trades, first, last))),
  };
};

/** Spread of the trials' daily Sharpe ratios: how lucky the best of them may have been. */
export const trialDeviation = (log: TrialLog): number =>
  momentsOf(log.trials.map((trial) => trial.dailySharpe)).deviation;

/** @throws Error with a one-line message for anything but a trial log */
export const parseTrialLog = (text: string): TrialLog => {
  const log = JSON.parse(text) as TrialLog;
  if (log.format !== 'guardian-trials/1' || !Array.isArray(log.trials))
    throw new Error('the trial log is not of format guardian-trials/1');
  return log;
};
