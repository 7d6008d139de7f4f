import type { Fraction, Milliseconds } from '../../core/units.ts';

/** What a backtest takes for granted about costs and speed. Every one is stated in every report. */
export interface Assumptions {
  /** Quote currency at the beginning. */
  readonly balance: number;
  /** Taker fee of both sides, as a fraction of notional; taken from what is received, as the exchange does. */
  readonly fee: Fraction;
  /** Distance between best bid and best ask, as a fraction of the price. */
  readonly spread: Fraction;
  /** What every market execution loses beyond the spread, as a fraction of the price. */
  readonly slippage: Fraction;
  /** Time from a decision to its execution and report. Meanwhile the price moves against the order, never for it. */
  readonly latency: Milliseconds;
  readonly operator: OperatorModel;
}

/** The person behind the backtest: what clears the locks that wait for /unlock. */
export interface OperatorModel {
  /** Market time from a lock to its /unlock. */
  readonly unlockAfter: Milliseconds;
  /** Times that the total drawdown is unlocked; at the next one the run ends, stopped. */
  readonly totalDrawdownUnlocks: number;
}

export const DEFAULT_OPERATOR: OperatorModel = { unlockAfter: 12 * 3_600_000, totalDrawdownUnlocks: 3 };

export const DEFAULT_ASSUMPTIONS: Assumptions = {
  balance: 10_000,
  fee: 0.001,
  spread: 0.0002,
  slippage: 0.0002,
  latency: 1_000,
  operator: DEFAULT_OPERATOR,
};

/** Between two looks of the bot at the market while something is unsettled, as the live loop polls. */
export const POLL_INTERVAL: Milliseconds = 5_000;

const percent = (fraction: Fraction): string => `${+(fraction * 100).toFixed(4)} %`;

/** The assumptions in words, one line each. */
export const describeAssumptions = (assumptions: Assumptions): readonly string[] => {
  const { fee, spread, slippage, latency, operator } = assumptions;
  return [
    `Fee ${percent(fee)} a side, taken from what is received; spread ${percent(spread)}; slippage ${percent(slippage)} a market execution; depth without limit.`,
    `Latency ${latency / 1000} s from decision to execution; meanwhile the price moves against the order toward the candle's extreme, never for it.`,
    'Inside a candle the price goes open, low, high, close: a candle that touches stop and target is a stop. Between candles it jumps: a stop is filled at the gap.',
    `The operator sends /unlock ${operator.unlockAfter / 3_600_000} h after a lock that waits for one, ${operator.totalDrawdownUnlocks} times at most for the total drawdown; then the run ends, stopped.`,
    'Positions still open at the end are valued at the last price and are no trades.',
  ];
};
