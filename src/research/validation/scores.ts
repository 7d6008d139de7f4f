/** How good probabilities are, apart from any trading. All of it over rows of equal weight. */
export interface ProbabilityScores {
  readonly rows: number;
  /** Share of ones. */
  readonly baseRate: number;
  /** Mean squared error (Brier 1950); lower is better. */
  readonly brier: number;
  /** Brier score of always answering the base rate. */
  readonly brierOfBaseRate: number;
  /** Mean negative log likelihood, in nats. */
  readonly logLoss: number;
  readonly logLossOfBaseRate: number;
  /** Area under the ROC curve; 0.5 is chance. */
  readonly auc: number;
}

export interface CalibrationPoint {
  readonly rows: number;
  /** Mean probability stated and share that came true, in this tenth of the rows. */
  readonly stated: number;
  readonly happened: number;
}

const LEAST_PROBABILITY = 1e-9;

/**
 * Scores stated probabilities against what happened.
 * @param probabilities 0 to 1, cut to [1e-9, 1 - 1e-9] so that the log loss stays finite
 * @param labels 0 or 1, one for each of `probabilities`; without any rows every mean is NaN
 */
export const scoreProbabilities = (probabilities: ArrayLike<number>, labels: ArrayLike<number>): ProbabilityScores => {
  const rows = probabilities.length;
  let [ones, brier, logLoss] = [0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const probability = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, probabilities[i] ?? Number.NaN));
    const label = labels[i] ?? 0;
    ones += label;
    brier += (probability - label) ** 2;
    logLoss -= label === 1 ? Math.log(probability) : Math.log(1 - probability);
  }
  const baseRate = ones / rows;
  return {
    rows,
    baseRate,
    brier: brier / rows,
    brierOfBaseRate: baseRate * (1 - baseRate),
    logLoss: logLoss / rows,
    logLossOfBaseRate:
      baseRate > 0 && baseRate < 1 ? -baseRate * Math.log(baseRate) - (1 - baseRate) * Math.log(1 - baseRate) : 0,
    auc: areaUnderCurve(probabilities, labels),
  };
};

/**
 * Order of the rows by rising value; equal values in order of index, so that the result is one and the same everywhere.
 */
const ranking = (values: ArrayLike<number>): Uint32Array => {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
};

/** Mann-Whitney's form of the area, with ties counted half. NaN when a class is absent. */
export const areaUnderCurve = (values: ArrayLike<number>, labels: ArrayLike<number>): number => {
  const order = ranking(values);
  let [ones, rankSum] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    let onesHere = 0;
    const value = values[order[start] ?? 0];
    for (; end < order.length && values[order[end] ?? 0] === value; end++) onesHere += labels[order[end] ?? 0] ?? 0;
    rankSum += onesHere * ((start + end + 1) / 2);
    ones += onesHere;
    start = end;
  }
  const zeros = order.length - ones;
  return ones === 0 || zeros === 0 ? Number.NaN : (rankSum - (ones * (ones + 1)) / 2) / (ones * zeros);
};

/** Stated against observed frequency in groups of equal size, from the lowest probability to the highest. */
export const calibrationCurve = (
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  groups = 10,
): CalibrationPoint[] => {
  const order = ranking(probabilities);
  return Array.from({ length: groups }, (_, group) => {
    const from = Math.floor((group * order.length) / groups);
    const to = Math.floor(((group + 1) * order.length) / groups);
    let [stated, happened] = [0, 0];
    for (let k = from; k < to; k++) {
      stated += probabilities[order[k] ?? 0] ?? 0;
      happened += labels[order[k] ?? 0] ?? 0;
    }
    const rows = to - from;
    return { rows, stated: stated / rows, happened: happened / rows };
  });
};
