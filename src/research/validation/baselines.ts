import { rowAt, type CandleColumns } from '../../core/features/candle-columns.ts';
import { DAY_MS, type EpochMs } from '../../core/units.ts';
import { growth, roundTripCost } from './policy-trades.ts';
import { momentsOf, sharpeRatio } from './sharpe.ts';

export interface BaselineResult {
  readonly name: string;
  readonly totalReturn: number;
  readonly maxDrawdown: number;
  /** Annualised, of daily returns; null where nothing was ever held. */
  readonly sharpe: number | null;
}

/** Days of the simple trend rule's average. */
const TREND_DAYS = 50;
const DAYS_A_YEAR = 365;

/**
 * Daily returns of what a person could have had without a model, at the same costs. The money is split evenly over the
 * symbols at the beginning and never moved between them.
 * @param costFactor times the standard costs
 */
export const baselineReturns = (
  series: readonly CandleColumns[],
  from: EpochMs,
  to: EpochMs,
  costFactor = 1,
): { name: string; returns: Float64Array }[] => {
  const closes = series.map((columns) => dailyCloses(columns, from - TREND_DAYS * DAY_MS, to));
  const always = closes.map((days) => holdReturns(days, () => true, costFactor));
  const trend = closes.map((days) =>
    holdReturns(days, (day) => (days[day] ?? 0) > meanOf(days, day - TREND_DAYS + 1, day + 1), costFactor),
  );
  return [
    { name: 'buy and hold, half each', returns: together(always) },
    { name: `trend rule: held above the ${TREND_DAYS}-day average, half each`, returns: together(trend) },
  ];
};

/** The figures of those, and of staying out of the market. */
export const baselines = (
  series: readonly CandleColumns[],
  from: EpochMs,
  to: EpochMs,
  costFactor = 1,
): BaselineResult[] => [
  { name: 'always flat', totalReturn: 0, maxDrawdown: 0, sharpe: null },
  ...baselineReturns(series, from, to, costFactor).map(({ name, returns }) => ({
    name,
    ...growth(returns),
    sharpe: sharpeRatio(momentsOf(returns)) * Math.sqrt(DAYS_A_YEAR),
  })),
];

/** Last close of each UTC day; of a day without candles, the close before. */
const dailyCloses = (columns: CandleColumns, from: EpochMs, to: EpochMs): number[] => {
  const closes: number[] = [];
  for (let day = from; day < to; day += DAY_MS) {
    const row = rowAt(columns, day + DAY_MS) - 1;
    closes.push(columns.close[Math.max(0, row)] ?? Number.NaN);
  }
  return closes;
};

const meanOf = (values: readonly number[], from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return sum / (to - from);
};

/**
 * Daily returns from TREND_DAYS on, holding the day after `held` says so; half the round trip is paid at each change.
 */
const holdReturns = (days: readonly number[], held: (day: number) => boolean, costFactor: number): Float64Array => {
  const returns = new Float64Array(days.length - TREND_DAYS);
  let holding = false;
  for (let day = TREND_DAYS; day < days.length; day++) {
    const wanted = held(day - 1);
    const cost = wanted === holding ? 0 : roundTripCost(costFactor) / 2;
    holding = wanted;
    returns[day - TREND_DAYS] = (holding ? (days[day] ?? 0) / (days[day - 1] ?? 1) - 1 : 0) - cost;
  }
  return returns;
};

/**
 * Equal parts, each left to itself: the returns of their sum. The mean of the parts' returns would be those of someone
 * who evens the parts out every day, and pays nothing for it.
 */
const together = (bySymbol: readonly Float64Array[]): Float64Array => {
  const parts = bySymbol.map(() => 1);
  return (bySymbol[0] ?? new Float64Array(1)).map((_, day) => {
    const before = sumOf(parts);
    bySymbol.forEach((returns, i) => (parts[i] = (parts[i] ?? 0) * (1 + (returns[day] ?? 0))));
    return before > 0 ? sumOf(parts) / before - 1 : 0;
  });
};

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
