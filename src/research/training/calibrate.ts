import { sigmoid, type Calibration } from '../gbdt/ensemble.ts';

const ROUNDS = 100;
const SETTLED = 1e-12;

/** Labels softened after Platt, so that a perfect separation can't run away. */
interface SoftRows {
  readonly scores: ArrayLike<number>;
  readonly targets: Float64Array;
  readonly weights: ArrayLike<number>;
}

/**
 * Platt's scaling (1999): the logistic regression of labels on scores. Two
 * numbers, so it can't learn the calibration rows by heart as isotonic steps can,
 * and in ONNX it is exact (steps would jump where float32 rounds a score across one).
 */
export const fitPlatt = (
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
): Calibration => {
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < scores.length; i++) {
    if (labels[i] === 1) ones += weights[i] ?? 0;
    else zeros += weights[i] ?? 0;
  }
  const high = (ones + 1) / (ones + 2);
  const low = 1 / (zeros + 2);
  const soft = {
    scores,
    targets: Float64Array.from({ length: scores.length }, (_, i) => (labels[i] === 1 ? high : low)),
    weights,
  };
  const baseRate = Math.log((ones + 1) / (zeros + 1));
  const { slope, intercept } = minimise(soft, { slope: 0, intercept: baseRate });
  // A falling line would turn the ranking round: such scores know nothing, so the calibrated answer is the base rate.
  return slope > 0
    ? { slope: Math.fround(slope), intercept: Math.fround(intercept) }
    : { slope: 0, intercept: Math.fround(baseRate) };
};

/** Newton's method with halved steps: the loss is convex, and a full step may overshoot where the curve is flat. */
const minimise = (rows: SoftRows, start: Calibration): Calibration => {
  let line = start;
  let loss = lossOf(rows, line);
  for (let round = 0; round < ROUNDS; round++) {
    const step = newtonStep(rows, line);
    let [size, next, nextLoss] = [1, line, loss];
    for (; size > 1e-6; size /= 2) {
      next = { slope: line.slope - size * step.slope, intercept: line.intercept - size * step.intercept };
      nextLoss = lossOf(rows, next);
      if (nextLoss <= loss) break;
    }
    if (!(nextLoss <= loss)) return line;
    const moved = size * (Math.abs(step.slope) + Math.abs(step.intercept));
    [line, loss] = [next, nextLoss];
    if (moved < SETTLED) return line;
  }
  return line;
};

const lossOf = ({ scores, targets, weights }: SoftRows, line: Calibration): number => {
  let loss = 0;
  for (let i = 0; i < scores.length; i++) {
    const logit = line.slope * (scores[i] ?? 0) + line.intercept;
    loss +=
      (weights[i] ?? 0) * (Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - (targets[i] ?? 0) * logit);
  }
  return loss;
};

const newtonStep = ({ scores, targets, weights }: SoftRows, line: Calibration): Calibration => {
  let [gradientSlope, gradientIntercept, hessianSlope, hessianCross, hessianIntercept] = [0, 0, 1e-9, 0, 1e-9];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0;
    const probability = sigmoid(line.slope * score + line.intercept);
    const error = (weights[i] ?? 0) * (probability - (targets[i] ?? 0));
    const curvature = (weights[i] ?? 0) * probability * (1 - probability);
    gradientSlope += error * score;
    gradientIntercept += error;
    hessianSlope += curvature * score * score;
    hessianCross += curvature * score;
    hessianIntercept += curvature;
  }
  const determinant = hessianSlope * hessianIntercept - hessianCross * hessianCross;
  if (!(determinant > 1e-18)) return { slope: 0, intercept: gradientIntercept / hessianIntercept };
  return {
    slope: (hessianIntercept * gradientSlope - hessianCross * gradientIntercept) / determinant,
    intercept: (hessianSlope * gradientIntercept - hessianCross * gradientSlope) / determinant,
  };
};
