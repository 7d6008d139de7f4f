import { describe, expect, it } from 'vitest';
import { FEATURES } from './catalogue.ts';
import type { FeatureInputs } from './feature.ts';
import { PairState } from './pair-state.ts';
import { walk } from './series.test-helper.ts';
import { SymbolState } from './symbol-state.ts';

const HOURS = 1500;
const bitcoin = walk(1, HOURS);
const ether = walk(2, HOURS);

/** What is known after candle `end`, begun `candles` before. */
const after = (end: number, candles: number): FeatureInputs => {
  const [own, context] = [new SymbolState(), new SymbolState()];
  const pair = new PairState(own, context);
  for (let i = end - candles + 1; i <= end; i++) {
    context.push(bitcoin[i] ?? expect.fail());
    own.push(ether[i] ?? expect.fail());
    pair.update();
  }
  return { own, context, pair };
};

const ENDS = Array.from({ length: 12 }, (_, i) => HOURS - 1 - i);
const whole = new Map(ENDS.map((end) => [end, after(end, end + 1)]));

/** Whether so many candles give the float32 values that the whole series gives. */
const enough = (feature: (typeof FEATURES)[number], candles: number): boolean =>
  ENDS.every((end) =>
    Object.is(
      Math.fround(feature.value(after(end, candles))),
      Math.fround(feature.value(whole.get(end) ?? expect.fail())),
    ),
  );

describe('the stated warm-up', () => {
  it('is enough for every feature to forget where the series began', () => {
    expect(FEATURES.filter((feature) => !enough(feature, feature.warmUpHours)).map(({ name }) => name)).toEqual([]);
  });

  it('is not one candle more than returns, volatilities and their ratios need', () => {
    const exact = FEATURES.filter(({ name }) =>
      /^(btc_|relative_)?(return|realised_volatility|volatility_ratio|mean_distance)_|^(beta|correlation)_/.test(name),
    );
    expect(exact.length).toBeGreaterThan(25);
    expect(exact.filter((feature) => enough(feature, feature.warmUpHours - 1)).map(({ name }) => name)).toEqual([]);
  });
});
