import { describe, expect, test } from 'vitest';
import type { Input } from '../../core/engine/input.ts';
import { step } from '../../core/engine/step.ts';
import { HOUR_MS } from '../../core/units.ts';
import { fixed } from '../../sim/matching/fixed.ts';
import { assumedLiquidity, BacktestBroker } from './broker.ts';
import { comparisonLines } from './compare-lines.ts';
import { compareRuns, effectsOf, type Cause } from './compare.ts';
import { BTC, ETH, FROM, generated, options, PLAIN } from './fixture.test-helper.ts';
import { recordedInstrument } from './instruments.ts';
import { runRecorded } from './recorded-run.ts';
import { runBacktest } from './run-backtest.ts';

/** The journal of a run: every input as it was applied. */
const recorded = (latency = 0, broker: BacktestBroker | null = null): readonly Input[] => {
  const inputs: Input[] = [];
  const { series, predictions } = generated(8, [BTC, ETH], 120 * 24 + 900);
  runBacktest(
    options(series, predictions, {
      assumptions: { ...PLAIN, latency },
      from: FROM,
      to: FROM + 800 * HOUR_MS,
      ...(broker === null ? {} : { broker }),
      applyTo: (state) => (input) => {
        inputs.push(JSON.parse(JSON.stringify(input)) as Input);
        return step(state, input);
      },
    }),
  );
  return inputs;
};

const causes = (
  inputs: readonly Input[],
  changes: Partial<Parameters<typeof runRecorded>[0]> = {},
): Partial<Record<Cause, number>> => {
  const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs, assumptions: PLAIN, ...changes }).effects);
  expect(signals.length).toBeGreaterThan(8);
  return Object.fromEntries(
    [...Map.groupBy(signals, ({ cause }) => cause)].map(([cause, list]) => [cause, list.length]),
  );
};

describe('a recorded run beside a backtest on the same prices', () => {
  const inputs = recorded();

  test('with the same costs they are the same, entry by entry', () => {
    expect(causes(inputs)).toEqual({ same: expect.any(Number) });
  });

  test('filters that the exchange changed meanwhile hold for the orders of both', () => {
    const [start, ...rest] = inputs;
    if (start?.type !== 'started') throw new Error('a journal begins with a start');
    const coarse = start.instruments.map((instrument) => ({
      ...instrument,
      stepSize: '0.1',
      minQuantity: '0.1',
      tickSize: '1',
    }));
    const changed: Input = { type: 'instruments', at: start.at, wall: start.wall, instruments: start.instruments };
    const [opening, ...others] = rest.slice(rest.findIndex(({ type }) => type === 'account'));
    if (opening === undefined) throw new Error('no account');
    const before = rest.slice(0, rest.indexOf(opening));
    expect(
      causes(inputs, { inputs: [{ ...start, instruments: coarse }, ...before, opening, changed, ...others] }),
    ).toEqual({ same: expect.any(Number) });
  });

  test('other costs show as fills', () => {
    const assumptions = { ...PLAIN, slippage: 0.0005 };
    const signals = compareRuns(
      effectsOf(inputs),
      runRecorded({ inputs, assumptions, liquidity: assumedLiquidity(assumptions) }).effects,
    );
    const fills = signals.filter(({ cause }) => cause === 'fill');
    expect(fills.length / signals.length).toBeGreaterThan(0.65);
    expect(fills[0]?.why).toMatch(/filled -5\.0 bp from the assumed price/);
    expect(comparisonLines(signals)[0]).toContain(`${fills.length} fill`);
  });

  test('what ended otherwise is not put down to the few basis points of its entry', () => {
    const assumptions = { ...PLAIN, slippage: 0.0005 };
    const signals = compareRuns(
      effectsOf(inputs),
      runRecorded({ inputs, assumptions, liquidity: assumedLiquidity(assumptions) }).effects,
    );
    const otherwise = signals.filter(
      ({ recorded: mine, backtest: other }) => mine !== null && other !== null && mine.exitReason !== other.exitReason,
    );
    expect(otherwise.length).toBeGreaterThan(0);
    expect(otherwise.filter(({ cause }) => cause !== 'price' && cause !== 'lock')).toEqual([]);
  });

  test('a slow venue shows as latency', () => {
    const found = causes(recorded(8_000));
    expect(found.latency).toBeGreaterThan(8);
    expect(found.fill ?? 0).toBeLessThan(found.latency ?? 0);
  });

  const instruments = [BTC, ETH].map(recordedInstrument);
  const firstOf = (journal: readonly Input[]) =>
    compareRuns(effectsOf(journal), runRecorded({ inputs: journal, assumptions: PLAIN }).effects)[0];

  test('an entry that the venue filled in part is a fill, and no drift of equity: there was none before the first', () => {
    const thin = new BacktestBroker(PLAIN, instruments, 'USDT', {
      ...assumedLiquidity(PLAIN),
      levelQuote: fixed('3000'),
    });
    const first = firstOf(recorded(0, thin));
    expect(first?.recorded?.quantity).toBeLessThan(first?.backtest?.quantity ?? 0);
    expect(first).toMatchObject({ cause: 'fill', why: '67.0 % of the entry was filled, in the backtest 100.0 %' });
  });

  test('another fee is a fill: results that differ are not the same', () => {
    const first = firstOf(recorded(0, new BacktestBroker({ ...PLAIN, fee: 0.00075 }, instruments, 'USDT')));
    expect(first?.recorded?.pnl).toBeGreaterThan((first?.backtest?.pnl ?? 0) + 1);
    expect(first).toMatchObject({ cause: 'fill', why: 'its fees were 0.075 % a side, not 0.100 %' });
  });

  test('a position that a lock closed in one of them is put down to the lock, not to prices between two looks', () => {
    const tighter = inputs.map(
      (input): Input =>
        input.type === 'started'
          ? { ...input, config: { ...input.config, limits: { ...input.config.limits, maxDailyDrawdown: 0.005 } } }
          : input,
    );
    const signals = compareRuns(effectsOf(inputs), runRecorded({ inputs: tighter, assumptions: PLAIN }).effects);
    const closed = signals.filter(
      ({ recorded: mine, backtest: other }) =>
        mine !== null && mine.exitReason !== 'daily drawdown' && other?.exitReason === 'daily drawdown',
    );
    expect(closed.length).toBeGreaterThan(0);
    expect(closed.map(({ cause }) => cause)).toEqual(closed.map(() => 'lock'));
  });

  test('a lock that one of them did not have is named', () => {
    const first = inputs.findIndex((input) => input.type === 'prediction');
    const at: number = inputs[first]?.at ?? 0;
    const pause: Input = {
      type: 'command',
      at,
      wall: at,
      commandId: 'p',
      by: 'test',
      command: { name: 'pause', reason: 'test' },
    };
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
