import { sigmoid, type Calibration } from '../gbdt/ensemble.ts';

const ROUNDS = 50;
const SETTLED = 1e-12;

/**
 * Platt's scaling (1999): the logistic regression of labels on scores, by Newton's
 * method, with his soft targets so that a perfect separation can't run away. Two
 * numbers, so it can't learn the calibration rows by heart as isotonic steps can,
 * and in ONNX it is exact (steps would jump where float32 rounds a score across one).
 */
export const fitPlatt = (scores: ArrayLike<number>, labels: ArrayLike<number>, weights: ArrayLike<number>): Calibration => {
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < scores.length; i++) {
    if (labels[i] === 1) ones += weights[i] ?? 0;
    else zeros += weights[i] ?? 0;
  }
  const high = (ones + 1) / (ones + 2);
  const low = 1 / (zeros + 2);
  let slope = 1;
  let intercept = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let [gradientSlope, gradientIntercept, hessianSlope, hessianCross, hessianIntercept] = [0, 0, 1e-9, 0, 1e-9];
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i] ?? 0;
      const weight = weights[i] ?? 0;
      const probability = sigmoid(slope * score + intercept);
      const error = weight * (probability - (labels[i] === 1 ? high : low));
      const curvature = weight * probability * (1 - probability);
      gradientSlope += error * score;
      gradientIntercept += error;
      hessianSlope += curvature * score * score;
      hessianCross += curvature * score;
      hessianIntercept += curvature;
    }
    const determinant = hessianSlope * hessianIntercept - hessianCross * hessianCross;
    if (!(Math.abs(determinant) > 1e-18)) break;
    const stepSlope = (hessianIntercept * gradientSlope - hessianCross * gradientIntercept) / determinant;
    const stepIntercept = (hessianSlope * gradientIntercept - hessianCross * gradientSlope) / determinant;
    slope -= stepSlope;
    intercept -= stepIntercept;
    if (Math.abs(stepSlope) + Math.abs(stepIntercept) < SETTLED) break;
  }
  // A falling line would turn the ranking round: such scores know nothing, so the calibrated answer is the base rate.
  if (!(slope > 0)) return { slope: 0, intercept: Math.fround(Math.log((ones + 1) / (zeros + 1))) };
  return { slope: Math.fround(slope), intercept: Math.fround(intercept) };
};
