import { outcomeOf } from '../../core/ledger/outcome.ts';
import { MIN_TRADES, sharpe } from '../../core/ledger/metrics.ts';
import { createRandomStream } from '../../sim/generator/random.ts';

/** A figure with the middle 90 % of its resampled values; null = not available from so few samples. */
export interface Interval {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface Resampling {
  readonly draws: number;
  readonly seed: number;
  /** Days of trades drawn in another order: the result is the same, the way there is not. Fraction of the peak. */
  readonly maxDrawdown: Interval | null;
  /** Share of the orders whose maximum drawdown passes the total drawdown limit. */
  readonly beyondLimit: number | null;
  /** Days of trades drawn with replacement. */
  readonly meanTrade: Interval | null;
  readonly winRate: Interval | null;
  readonly totalReturn: Interval | null;
  /** Share of the samples that lose money. */
  readonly lossShare: number | null;
  /** Daily returns drawn in blocks. */
  readonly sharpe: Interval | null;
}

const DRAWS = 2_000;
/** Days of a block: longer than a position lasts, so that what hangs together stays together. */
const BLOCK_DAYS = 10;
const SHARPE_DRAWS = 500;

const percentile = (sorted: Float64Array, p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;

const intervalOf = (values: Float64Array): Interval => {
  const sorted = values.toSorted();
  return { low: percentile(sorted, 0.05), median: percentile(sorted, 0.5), high: percentile(sorted, 0.95) };
};

/**
 * Monte Carlo of the order of trades, and bootstrap intervals (Efron, Bootstrap Methods, Annals of Statistics 7, 1979;
 * blocks: Kuensch, Annals of Statistics 17, 1989). Seeded: the same trades give the same intervals.
 * Trades of one day are drawn together. Symbols rise and fall with each other, so two trades of the same hour tell one
 * story and a half: taken for two they make the intervals too narrow.
 * @param trades results as fractions of the equity at their entry, in order, by the day on which they were opened
 * @param daily daily returns
 * @param limit total drawdown limit as a fraction
 */
export const resample = (
  trades: readonly (readonly number[])[],
  daily: readonly number[],
  limit: number,
  seed = 1,
): Resampling => {
  const random = createRandomStream(seed, 'resampling');
  const none = {
    draws: DRAWS,
    seed,
    maxDrawdown: null,
    beyondLimit: null,
    meanTrade: null,
    winRate: null,
    totalReturn: null,
    lossShare: null,
  };
  const ofSharpe = resampleSharpe(daily, (below) => Math.floor(random.uniform() * below));
  if (trades.length < MIN_TRADES) return { ...none, sharpe: ofSharpe };
  const deck = [...trades];
  const drawdowns = new Float64Array(DRAWS);
  const means = new Float64Array(DRAWS);
  const wins = new Float64Array(DRAWS);
  const totals = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    drawdowns[draw] = shuffledDrawdown(deck, () => random.uniform());
    let sum = 0;
    let won = 0;
    let count = 0;
    let growth = 1;
    for (let k = 0; k < deck.length; k += 1) {
      for (const value of deck[Math.floor(random.uniform() * deck.length)] ?? []) {
        sum += value;
        count += 1;
        if (outcomeOf(value) === 'win') won += 1;
        growth *= 1 + value;
      }
    }
    means[draw] = sum / count;
    wins[draw] = won / count;
    totals[draw] = growth - 1;
  }
  const share = (values: Float64Array, wanted: (value: number) => boolean): number =>
    values.filter(wanted).length / values.length;
  return {
    draws: DRAWS,
    seed,
    maxDrawdown: intervalOf(drawdowns),
    beyondLimit: share(drawdowns, (value) => value >= limit),
    meanTrade: intervalOf(means),
    winRate: intervalOf(wins),
    totalReturn: intervalOf(totals),
    lossShare: share(totals, (value) => value < 0),
    sharpe: ofSharpe,
  };
};

/** Shuffles in place (Fisher and Yates) and returns the maximum drawdown of the compounded results. */
const shuffledDrawdown = (deck: (readonly number[])[], uniform: () => number): number => {
  let equity = 1;
  let peak = 1;
  let worst = 0;
  for (let k = 0; k < deck.length; k += 1) {
    const other = k + Math.floor(uniform() * (deck.length - k));
    const day = deck[other] ?? [];
    deck[other] = deck[k] ?? [];
    deck[k] = day;
    for (const value of day) {
      equity *= 1 + value;
      if (equity > peak) peak = equity;
      else worst = Math.max(worst, 1 - equity / peak);
    }
  }
  return worst;
};

const resampleSharpe = (daily: readonly number[], below: (count: number) => number): Interval | null => {
  if (daily.length < 3 * BLOCK_DAYS || sharpe(daily) === null) return null;
  const values: number[] = [];
  const sample = Array.from({ length: daily.length }, () => 0);
  for (let draw = 0; draw < SHARPE_DRAWS; draw += 1) {
    for (let day = 0; day < daily.length; day += BLOCK_DAYS) {
      const start = below(daily.length);
      for (let k = 0; k < BLOCK_DAYS && day + k < daily.length; k += 1)
        sample[day + k] = daily[(start + k) % daily.length] ?? 0;
    }
    const value = sharpe(sample);
    if (value !== null) values.push(value);
  }
  return values.length < SHARPE_DRAWS / 2 ? null : intervalOf(Float64Array.from(values));
};
