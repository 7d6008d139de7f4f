import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandomStream } from '../../sim/generator/random.ts';
import { areaUnderCurve } from '../validation/scores.ts';
import { binRows, findBinEdges } from './bins.ts';
import { ensembleScores, predictEnsemble } from './ensemble.ts';
import { trainGbdt, type GbdtOptions, type LabelledRows } from './train-gbdt.ts';

const OPTIONS: GbdtOptions = {
  rounds: 60,
  leaves: 8,
  maxDepth: 5,
  learningRate: 0.1,
  minLeafRows: 20,
  lambda: 1,
  featureFraction: 1,
  rowFraction: 0.8,
  maxBins: 64,
  patience: 10,
  seed: 3,
};
const WIDTH = 4;

/** Label 1 where the first two features have the same sign: no single split can tell. */
const sample = (seed: number, count: number, noise = 0.1): LabelledRows => {
  const random = createRandomStream(seed, 'rows');
  const rows = Float32Array.from({ length: count * WIDTH }, () => random.normal());
  const labels = Uint8Array.from({ length: count }, (_, row) => {
    const same = (rows[row * WIDTH] ?? 0) > 0 === (rows[row * WIDTH + 1] ?? 0) > 0;
    return (random.uniform() < noise ? !same : same) ? 1 : 0;
  });
  return { rows, labels, weights: new Float64Array(count).fill(1) };
};

describe('boosted trees', () => {
  it('learn what no single feature shows', () => {
    const { ensemble, gain } = trainGbdt(sample(1, 4000), WIDTH, OPTIONS);
    const test = sample(2, 2000);
    expect(areaUnderCurve(predictEnsemble(ensemble, test.rows), test.labels)).toBeGreaterThan(0.85);
    expect((gain[0] ?? 0) + (gain[1] ?? 0)).toBeGreaterThan(10 * ((gain[2] ?? 0) + (gain[3] ?? 0)));
  });

  it('give the same bits for the same seed and others for another', () => {
    const train = sample(1, 1500);
    expect(trainGbdt(train, WIDTH, OPTIONS)).toEqual(trainGbdt(train, WIDTH, OPTIONS));
    expect(trainGbdt(train, WIDTH, { ...OPTIONS, seed: 4 }).ensemble).not.toEqual(
      trainGbdt(train, WIDTH, OPTIONS).ensemble,
    );
  });

  it('stop early and keep the best round', () => {
    const validation = sample(3, 500, 0.45);
    const { ensemble, validationLoss } = trainGbdt(
      sample(1, 400, 0.45),
      WIDTH,
      { ...OPTIONS, rounds: 300, learningRate: 0.3, minLeafRows: 3 },
      validation,
    );
    expect(validationLoss.length).toBeLessThan(300);
    expect(ensemble.trees).toHaveLength(validationLoss.indexOf(Math.min(...validationLoss)) + 1);
  });

  it('find nothing in noise: predictions on new rows rank no better than chance', () => {
    const { ensemble } = trainGbdt(sample(1, 2000, 0.5), WIDTH, OPTIONS);
    const test = sample(2, 4000, 0.5);
    expect(Math.abs(areaUnderCurve(predictEnsemble(ensemble, test.rows), test.labels) - 0.5)).toBeLessThan(0.03);
  });

  it('use what a missing value says', () => {
    const train = sample(1, 2000);
    const labels = train.labels.map((_, row) => {
      const missing = row % 3 === 0;
      if (missing) train.rows[row * WIDTH + 2] = Number.NaN;
      return missing ? 1 : 0;
    });
    const { ensemble } = trainGbdt({ ...train, labels }, WIDTH, { ...OPTIONS, rowFraction: 1 });
    const scores = ensembleScores(ensemble, train.rows);
    expect(areaUnderCurve(scores, labels)).toBe(1);
  });

  it('weigh rows: weight two is the same as being there twice', () => {
    const single = sample(5, 600);
    // Few distinct values, so that both sets have the same bins.
    single.rows.forEach((value, i) => (single.rows[i] = Math.round(2 * value) / 2));
    const exact = { ...OPTIONS, rowFraction: 1, rounds: 10, minLeafRows: 10, lambda: 0.5 };
    const doubled = {
      rows: Float32Array.from([...single.rows, ...single.rows]),
      labels: Uint8Array.from([...single.labels, ...single.labels]),
      weights: new Float64Array(1200).fill(1),
    };
    const weighted = trainGbdt({ ...single, weights: new Float64Array(600).fill(2) }, WIDTH, exact);
    const twice = trainGbdt(doubled, WIDTH, { ...exact, minLeafRows: 20 });
    const [a, b] = [ensembleScores(weighted.ensemble, single.rows), ensembleScores(twice.ensemble, single.rows)];
    a.forEach((score, i) => expect(score).toBeCloseTo(b[i] ?? Number.NaN, 5));
  });

  it('refuse labels of one kind', () => {
    const { rows, weights } = sample(1, 50);
    expect(() => trainGbdt({ rows, weights, labels: new Uint8Array(50) }, WIDTH, OPTIONS)).toThrow(/nothing to learn/);
  });
});

describe('bins', () => {
  it('put every value at or below its edge and above the one before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 }),
        (values) => {
          const rows = Float32Array.from(values);
          const edges = findBinEdges(rows, 1, 16);
          const bounds = edges[0] ?? new Float32Array();
          const { bins } = binRows(Float32Array.from([...values, Number.NaN, Infinity, -Infinity]), edges);
          values.forEach((_, row) => {
            const bin = bins[row] ?? 0;
            const value = rows[row] ?? 0;
            expect(bin).toBeGreaterThanOrEqual(1);
            if (bin <= bounds.length) expect(value).toBeLessThanOrEqual(bounds[bin - 1] ?? Number.NaN);
            if (bin > 1) expect(value).toBeGreaterThan(bounds[bin - 2] ?? Number.NaN);
          });
          expect([...bins.slice(values.length)]).toEqual([0, bounds.length + 1, 1]);
        },
      ),
    );
  });

  it('tell any two of a few values apart', () => {
    const values = Float32Array.from({ length: 2400 }, (_, i) => Math.fround(Math.sin(i % 24)));
    expect(findBinEdges(values, 1, 64)[0]).toHaveLength(23);
  });

  it('are not more than a byte can name', () => {
    expect(() => findBinEdges(new Float32Array(4), 1, 255)).toThrow(/2 to 254/);
  });
});
