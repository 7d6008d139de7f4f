import { gather, type Dataset } from '../dataset/build-dataset.ts';
import { EDGE_RULE, MARGINS, MODEL_BARRIERS, RARE_TRADES_A_YEAR, SEARCH_END } from '../training/plan.ts';
import { trialDeviation, type TrialLog } from '../training/trials.ts';
import type { WalkForward } from '../training/walk-forward.ts';
import { dailyReturns, tradePolicy } from './policy-trades.ts';
import { deflatedSharpe, expectedBestSharpe, momentsOf, probabilisticSharpe, sharpeRatio } from './sharpe.ts';
import { scoreProbabilities } from './scores.ts';
import type { Validation } from './validate.ts';

/** Whether there is an edge, by a rule written down before the results were seen. */
export interface Verdict {
  readonly demonstrated: boolean;
  /** The conditions, each with what was found. */
  readonly conditions: readonly { readonly condition: string; readonly found: string; readonly holds: boolean }[];
  readonly trials: number;
  /** Annualised Sharpe ratio on the unseen years, and the best that as many worthless trials would have shown. */
  readonly sharpe: number;
  readonly luckySharpe: number;
  readonly probabilisticSharpe: number;
  readonly deflatedSharpe: number;
}

const YEAR = Math.sqrt(365);
const shown = (value: number): string => (Number.isNaN(value) ? 'n/a' : value.toFixed(3));
const shownPercent = (value: number | null): string => (value === null ? 'n/a' : `${(100 * value).toFixed(3)} %`);

/**
 * Judges the model by EDGE_RULE, on decisions after SEARCH_END alone. One condition that does not hold means no edge.
 * @param log every trial of the search: the more there were, the better the best of them looks by luck
 */
export const judge = (dataset: Dataset, answers: WalkForward, validation: Validation, log: TrialLog): Verdict => {
  const picked = Int32Array.from(answers.rows.keys()).filter(
    (i) => (dataset.time[answers.rows[i] ?? 0] ?? 0) >= SEARCH_END,
  );
  const rows = picked.map((i) => answers.rows[i] ?? 0);
  const probabilities = gather(answers.probabilities, picked);
  const end = answers.folds.at(-1)?.testTo ?? SEARCH_END;
  const trades = tradePolicy(dataset, rows, probabilities, {
    ...MODEL_BARRIERS,
    margin: validation.margin,
    costFactor: 1,
  });
  const moments = momentsOf(dailyReturns(trades, SEARCH_END, end));
  const trials = log.trials.length;
  const deflated = deflatedSharpe(moments, trials, trialDeviation(log));
  const scores = scoreProbabilities(probabilities, gather(dataset.labels, rows));
  const dear = validation.unseen.costs.find((cost) => cost.factor === EDGE_RULE.costFactor)?.trades ?? null;
  const meanDear = dear?.meanReturn ?? null;
  const bySymbol = dataset.symbols.map((symbol, index) => ({
    symbol,
    total: trades.filter((trade) => trade.symbol === index).reduce((sum, trade) => sum + trade.netReturn, 0),
  }));
  const conditions = [
    {
      condition: `at least ${EDGE_RULE.trades} trades`,
      found: String(trades.length),
      holds: trades.length >= EDGE_RULE.trades,
    },
    {
      condition: `mean return a trade above zero at ${EDGE_RULE.costFactor}x costs`,
      found: shownPercent(meanDear),
      holds: meanDear !== null && meanDear > 0,
    },
    {
      condition: 'profit in every symbol',
      found: bySymbol.map(({ symbol, total }) => `${symbol} ${shownPercent(total)}`).join(', '),
      holds: bySymbol.every(({ total }) => total > 0),
    },
    {
      condition: 'Brier score better than the base rate',
      found: `${scores.brier.toFixed(5)} against ${scores.brierOfBaseRate.toFixed(5)}`,
      holds: scores.brier < scores.brierOfBaseRate,
    },
    {
      condition: `deflated Sharpe ratio of at least ${EDGE_RULE.deflatedSharpe} over ${trials} trials`,
      found: shown(deflated),
      holds: deflated >= EDGE_RULE.deflatedSharpe,
    },
  ];
  return {
    demonstrated: conditions.every((condition) => condition.holds),
    conditions,
    trials,
    sharpe: sharpeRatio(moments) * YEAR,
    luckySharpe: expectedBestSharpe(trials, trialDeviation(log)) * YEAR,
    probabilisticSharpe: probabilisticSharpe(moments, 0),
    deflatedSharpe: deflated,
  };
};

/** Fewest trades on the search window from which a margin may be picked. */
const LEAST_SEARCH_TRADES = 30;

/** The margin with the best Sharpe ratio on the search window among those that trade enough; else zero. */
export const candidateMargin = (log: TrialLog): number => {
  let best = { margin: 0, sharpe: Number.NEGATIVE_INFINITY };
  log.trials
    .filter((trial) => trial.kind === 'margin')
    .forEach((trial, i) => {
      if (trial.trades >= LEAST_SEARCH_TRADES && trial.dailySharpe > best.sharpe)
        best = { margin: MARGINS[i] ?? 0, sharpe: trial.dailySharpe };
    });
  return best.margin;
};

/** The margin the model is shipped with: the candidate with an edge; without one, the smallest that trades rarely. */
export const shippedMargin = (validation: Validation, verdict: Verdict): number => {
  if (verdict.demonstrated) return validation.margin;
  const years = (Date.parse(validation.whole.to) - Date.parse(validation.whole.from)) / (365.25 * 86_400_000);
  const rare = validation.margins.find(
    ({ margin, trades }) => margin >= validation.margin && trades.trades / years <= RARE_TRADES_A_YEAR,
  );
  return rare?.margin ?? MARGINS.at(-1) ?? 0;
};
