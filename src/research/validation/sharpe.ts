/** The Sharpe ratio of a return series and how far it can be trusted. */

/**
 * Standard normal distribution function, by the complementary error function's continued fraction and series
 * (Abramowitz & Stegun 26.2.10 and 26.2.14): about 1e-12.
 */
export const normalCdf = (x: number): number => {
  const size = Math.abs(x);
  if (size > 38) return x > 0 ? 1 : 0;
  const density = Math.exp((-size * size) / 2) / Math.sqrt(2 * Math.PI);
  if (size < 4) {
    let [term, sum] = [size, size];
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (size * size) / (2 * k + 1);
      sum += term;
    }
    return x >= 0 ? 0.5 + density * sum : 0.5 - density * sum;
  }
  let fraction = size;
  for (let k = 120; k >= 1; k--) fraction = size + k / fraction;
  return x >= 0 ? 1 - density / fraction : density / fraction;
};

/** Inverse of normalCdf, by bisection. */
export const normalQuantile = (probability: number): number => {
  let [low, high] = [-38, 38];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation. */
  readonly deviation: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
}

/**
 * Mean, sample standard deviation, skewness and kurtosis of a series, in its own unit. A series that does not vary has
 * skewness 0 and kurtosis 3.
 */
export const momentsOf = (values: ArrayLike<number>): Moments => {
  const count = values.length;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += (values[i] ?? 0) / count;
  let [second, third, fourth] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const distance = (values[i] ?? 0) - mean;
    second += distance ** 2 / count;
    third += distance ** 3 / count;
    fourth += distance ** 4 / count;
  }
  return {
    count,
    mean,
    deviation: Math.sqrt((second * count) / Math.max(1, count - 1)),
    skewness: second > 0 ? third / second ** 1.5 : 0,
    kurtosis: second > 0 ? fourth / second ** 2 : 3,
  };
};

/** Sharpe ratio per period, no risk-free rate; 0 for a series that does not vary. */
export const sharpeRatio = (moments: Moments): number => (moments.deviation > 0 ? moments.mean / moments.deviation : 0);

/**
 * Probabilistic Sharpe ratio: the probability that the true ratio is above a
 * benchmark, given length, skew and tails of the record (Bailey & Lopez de Prado,
 * "The Sharpe Ratio Efficient Frontier", 2012, eq. 7). Ratios are per period.
 */
export const probabilisticSharpe = (moments: Moments, benchmark: number): number => {
  const ratio = sharpeRatio(moments);
  const variance = 1 - moments.skewness * ratio + ((moments.kurtosis - 1) / 4) * ratio * ratio;
  return moments.count < 3 || moments.deviation === 0
    ? Number.NaN
    : normalCdf(((ratio - benchmark) * Math.sqrt(moments.count - 1)) / Math.sqrt(Math.max(1e-12, variance)));
};

const EULER_MASCHERONI = 0.577_215_664_901_532_9;

/**
 * The best Sharpe ratio to be expected of `trials` worthless strategies whose ratios
 * vary by `deviation` (Bailey & Lopez de Prado, "The Deflated Sharpe Ratio", 2014, eq. 1).
 */
export const expectedBestSharpe = (trials: number, deviation: number): number =>
  trials < 2
    ? 0
    : deviation *
      ((1 - EULER_MASCHERONI) * normalQuantile(1 - 1 / trials) +
        EULER_MASCHERONI * normalQuantile(1 - 1 / (trials * Math.E)));

/** Deflated Sharpe ratio: the probabilistic one against the best that luck alone would have found. */
export const deflatedSharpe = (moments: Moments, trials: number, trialDeviation: number): number =>
  probabilisticSharpe(moments, expectedBestSharpe(trials, trialDeviation));
