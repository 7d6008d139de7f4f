import { dailyReturns } from '../../core/ledger/metrics.ts';
import { toNumber } from '../../core/decimal.ts';
import { utcDayStart, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { ModelDescription } from '../../ports/model.ts';
import { describeAssumptions, type Assumptions } from './assumptions.ts';
import { buyAndHold, dailyPoints, evaluate, evaluateCurve, type Evaluation } from './evaluate.ts';
import { equityAt, lockCosts, type LockCost } from './lock-costs.ts';
import type { EquityCurve } from './record.ts';
import { resample, type Resampling } from './resampling.ts';
import type { BacktestResult } from './result.ts';
import { runBacktest, type BacktestOptions } from './run-backtest.ts';
import { withoutGuardian } from './unguarded.ts';

/** Everything that a report tells. */
export interface BacktestStudy {
  readonly symbols: readonly SymbolName[];
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly model: ModelDescription | null;
  readonly engineVersion: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly assumptions: Assumptions;
  readonly assumptionLines: readonly string[];
  readonly result: BacktestResult;
  readonly guarded: Evaluation;
  readonly unguarded: Evaluation & { readonly trades: number; readonly curve: EquityCurve; readonly orderHash: string };
  readonly hold: Evaluation & { readonly curve: EquityCurve };
  readonly resampling: Resampling;
  readonly lockCosts: readonly LockCost[];
  /**
   * By how much the run without the Guardian ended higher (negative: lower), how much of that are the locks' costs, and
   * what they leave unexplained; quote currency.
   */
  readonly guardianCost: { readonly total: number; readonly locks: number; readonly rest: number };
}

export interface StudyOptions extends BacktestOptions {
  readonly model: ModelDescription | null;
}

/**
 * Whether the policy never once wanted to enter to the end of the span: then there was nothing for the Guardian to
 * refuse, and without it the run is the same.
 */
const nothingWanted = ({ decisions, stopped }: BacktestResult): boolean =>
  stopped === null && decisions.entered === 0 && decisions.denied === 0;

/** Results as fractions of the equity at the entry, by the UTC day of the entry. */
const fractionsByDay = ({ trades, curve, openingBalance }: BacktestResult): readonly (readonly number[])[] => {
  const days = new Map<EpochMs, number[]>();
  for (const { pnl, openedAt } of trades) {
    const day = days.get(utcDayStart(openedAt)) ?? [];
    day.push(toNumber(pnl) / equityAt(curve, openedAt, openingBalance));
    days.set(utcDayStart(openedAt), day);
  }
  return [...days.values()];
};

/** One backtest with all that it is held against: the same without the Guardian, buy and hold, and chance. */
export const runStudy = (options: StudyOptions): BacktestStudy => {
  const { config, assumptions, series, from, to } = options;
  const result = runBacktest(options);
  const other = nothingWanted(result) ? result : runBacktest({ ...options, applyTo: withoutGuardian });
  const holding = buyAndHold(series, from, to, assumptions);
  const costs = lockCosts(result, other);
  const [total, locks] = [other.finalEquity - result.finalEquity, costs.reduce((sum, { cost }) => sum + cost, 0)];
  return {
    symbols: config.symbols,
    from,
    to,
    model: options.model,
    engineVersion: options.engineVersion,
    limits: { ...config.limits },
    assumptions,
    assumptionLines: describeAssumptions(assumptions),
    result,
    guarded: evaluate(result),
    unguarded: { ...evaluate(other), trades: other.trades.length, curve: other.curve, orderHash: other.orderHash },
    hold: { ...evaluateCurve(holding, assumptions.balance, [], []), curve: holding },
    resampling: resample(
      fractionsByDay(result),
      dailyReturns(dailyPoints(result.curve)).map(({ value }) => value),
      config.limits.maxTotalDrawdown,
    ),
    lockCosts: costs,
    guardianCost: { total, locks, rest: total - locks },
  };
};
