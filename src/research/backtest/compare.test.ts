import { describe, expect, test } from 'vitest';
import type { Input } from '../../core/engine/input.ts';
import { step } from '../../core/engine/step.ts';
import { HOUR_MS } from '../../core/units.ts';
import { assumedLiquidity } from './broker.ts';
import { comparisonLines } from './compare-lines.ts';
import { compareRuns, effectsOf, type Cause } from './compare.ts';
import { BTC, ETH, FROM, generated, options, PLAIN } from './fixture.test-helper.ts';
import { runRecorded } from './recorded-run.ts';
import { runBacktest } from './run-backtest.ts';

/** The journal of a run: every input as it was applied. */
const recorded = (latency = 0): readonly Input[] => {
  const inputs: Input[] = [];
  const { series, predictions } = generated(8, [BTC, ETH], 120 * 24 + 900);
  runBacktest(
    options(series, predictions, {
      assumptions: { ...PLAIN, latency },
      from: FROM,
      to: FROM + 800 * HOUR_MS,
      applyTo: (state) => (input) => {
        inputs.push(JSON.parse(JSON.stringify(input)) as Input);
        return step(state, input);
      },
    }),
  );
  return inputs;
};

const causes = (inputs: readonly Input[], changes: Partial<Parameters<typeof runRecorded>[0]> = {}): Partial<Record<Cause, number>> => {
  const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs, assumptions: PLAIN, ...changes }).effects);
  expect(signals.length).toBeGreaterThan(8);
  return Object.fromEntries([...Map.groupBy(signals, ({ cause }) => cause)].map(([cause, list]) => [cause, list.length]));
};

describe('a recorded run beside a backtest on the same prices', () => {
  const inputs = recorded();

  test('with the same costs they are the same, entry by entry', () => {
    expect(causes(inputs)).toEqual({ same: expect.any(Number) });
  });

  test('filters that the exchange changed meanwhile hold for the orders of both', () => {
    const [start, ...rest] = inputs;
    if (start?.type !== 'started') throw new Error('a journal begins with a start');
    const coarse = start.instruments.map((instrument) => ({ ...instrument, stepSize: '0.1', minQuantity: '0.1', tickSize: '1' }));
    const changed: Input = { type: 'instruments', at: start.at, wall: start.wall, instruments: start.instruments };
    const [opening, ...others] = rest.slice(rest.findIndex(({ type }) => type === 'account'));
    if (opening === undefined) throw new Error('no account');
    const before = rest.slice(0, rest.indexOf(opening));
    expect(causes(inputs, { inputs: [{ ...start, instruments: coarse }, ...before, opening, changed, ...others] })).toEqual({ same: expect.any(Number) });
  });

  test('other costs show as fills', () => {
    const assumptions = { ...PLAIN, slippage: 0.0005 };
    const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs, assumptions, liquidity: assumedLiquidity(assumptions) }).effects);
    const fills = signals.filter(({ cause }) => cause === 'fill');
    expect(fills.length / signals.length).toBeGreaterThan(0.7);
    expect(fills[0]?.why).toMatch(/filled -5\.0 bp from the assumed price/);
    expect(comparisonLines(signals)[0]).toContain(`${fills.length} fill`);
  });

  test('a slow venue shows as latency', () => {
    const found = causes(recorded(8_000));
    expect(found.latency).toBeGreaterThan(8);
    expect(found.fill ?? 0).toBeLessThan(found.latency ?? 0);
  });

  test('a lock that one of them did not have is named', () => {
    const first = inputs.findIndex((input) => input.type === 'prediction');
    const at = inputs[first]?.at ?? 0;
    const pause: Input = { type: 'command', at, wall: at, commandId: 'p', by: 'test', command: { name: 'pause', reason: 'test' } };
    const paused = [...inputs.slice(0, first), pause, ...inputs.slice(first)];
    const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs: paused, assumptions: PLAIN }).effects);
    expect(signals.every(({ backtest }) => backtest === null)).toBe(true);
    expect(signals.map(({ cause }) => cause)).toContain('lock');
    expect(signals.find(({ cause }) => cause === 'lock')?.why).toContain('operator-pause');
  });

  test('an hour that one of them did not live through is absent, not a difference of opinion', () => {
    const half = inputs[0]?.at ?? 0;
    const short = inputs.filter((input) => input.at < half + 300 * HOUR_MS);
    const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs: short, assumptions: PLAIN }).effects);
    const late = signals.filter(({ signal }) => signal > half + 301 * HOUR_MS);
    expect(late.length).toBeGreaterThan(0);
    expect(late.every(({ cause }) => cause === 'absent')).toBe(true);
  });
});
