import { describe, expect, test } from 'vitest';
import { decimalFromNumber } from '../decimal.ts';
import type { OrderRecord } from '../orders/record.ts';
import { HOUR_MS } from '../units.ts';
import { passQuietHours } from './quiet-hours.ts';
import { HOURS, only, passes, trading, type Run, type Writable } from './quiet-hours.test-helper.ts';
import type { EngineState, ManagedPosition } from './state.ts';
import { BTC, ETH } from './world.test-helper.ts';

describe('hours in which positions rest on their stops', () => {
  test('passed as one, they leave the state that steps leave: one position or two, and the kill-switch that they set', () => {
    let held = 0;
    let locked = 0;
    for (const seed of [4, 5, 6]) {
      for (const symbols of [[BTC], [BTC, ETH]]) {
        const run = trading(seed, symbols);
        while (run.hour < HOURS) {
          // An hour that was looked at to its end leaves nothing to tell.
          run.step({ told: run.hour % 5 !== 0 });
          const halted = run.world.state.guardian.locks['kill-switch'] !== undefined;
          const hours = run.passAndCompare();
          if (halted) locked += hours;
        }
        held += run.held;
      }
    }
    expect(held).toBeGreaterThan(150);
    expect(locked).toBeGreaterThan(500);
  });

  /** A run with a position that rests on its stop, in an hour from which on could be passed. */
  const held = (): Run => {
    const run = trading(5, [BTC]);
    while (!(run.exposed && passQuietHours(run.copy(), run.stretch()) >= 3) && run.hour < HOURS) run.step();
    return run;
  };
  const managedOf = (state: EngineState): ManagedPosition => only(state).managed ?? expect.unreachable('no position');
  const stopOf = (state: EngineState): OrderRecord => state.openOrders[0] ?? expect.unreachable('no stop');

  test('(with a position as it stands it passes three at least)', () => {
    expect(passes(held(), () => undefined)).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, (state: EngineState) => void]>([
    ['that is not protected yet', (state) => (managedOf(state).phase = 'protecting')],
    ['without a known stop', (state) => (managedOf(state).unprotectedSince = state.wall)],
    ['that is to be sold', (state) => (managedOf(state).exitReason = 'take-profit')],
    ['whose stop the price has gone through', (state) => (managedOf(state).triggeredSince = state.wall)],
    ['whose horizon has come', (state) => (managedOf(state).horizonAt = state.at + HOUR_MS)],
    ['whose target is at the price', (state) => (managedOf(state).targetPrice = only(state).last * 0.5)],
    ['without a target', (state) => (managedOf(state).targetPrice = null)],
    [
      'whose stop is above the price',
      (state) => (managedOf(state).stopPrice = decimalFromNumber(only(state).last * 2)),
    ],
    ['without a stop price', (state) => (managedOf(state).stopPrice = null)],
    ['whose stop is being cancelled', (state) => (stopOf(state).cancelling = true)],
    ['whose stop could not be cancelled', (state) => (stopOf(state).cancelSince = state.wall)],
    ['whose stop is filled in part', (state) => (stopOf(state).executed = 1n as never)],
    ['whose stop nobody knows of', (state) => (stopOf(state).status = 'unknown')],
    ['with another order than its stop', (state) => (managedOf(state).stopOrderId = 'another')],
    ['that the exchange no longer lists', (state) => (only(state).unlisted = true)],
    ['when older prices count as fresh', (state) => (state.freshness = { ...state.freshness, maxAge: HOUR_MS })],
    ['when prices are fresh by wall time', (state) => (state.freshness = { ...state.freshness, wallGrace: 1 })],
  ])('with a position %s', (_name, change) => {
    expect(passes(held(), change)).toBe(0);
  });

  test('with an order that would act at the price, or before the model has given the position up', () => {
    const run = held();
    const { series, ...stretch } = run.stretch();
    expect(
      passQuietHours(run.copy(), {
        ...stretch,
        series: series.map((each) => ({ ...each, alarm: () => each.open[stretch.rows[0] ?? 0] ?? 0 })),
      }),
    ).toBe(0);
    series[0]?.probability.fill(0.1, (stretch.rows[0] ?? 0) + 1);
    expect(passQuietHours(run.copy(), run.stretch())).toBe(2);
  });

  test.each([1.5, -0.1, Number.POSITIVE_INFINITY])(
    'before an answer of the model that is no probability: %d',
    (answer) => {
      const run = held();
      (run.market[0] as Writable).probability.fill(answer, (run.stretch().rows[0] ?? 0) + 1);
      expect(passQuietHours(run.copy(), run.stretch())).toBe(2);
    },
  );

  /** A position between barriers far away. */
  const withFarBarriers = (run: Run): EngineState => {
    const state = run.copy();
    managedOf(state).targetPrice = only(state).last * 10;
    managedOf(state).stopPrice = decimalFromNumber(1);
    return state;
  };

  /**
   * An hour after the newest candle of `state` whose low would tighten the volatility lock, though its close would not.
   */
  const reachFar = (state: EngineState, columns: Writable, row: number): void => {
    const { atr, threshold, previousClose } = only(state).volatility;
    const close = previousClose ?? 0;
    // Wilder's average of this range is at the threshold of a price just below the close.
    const range = 14 * (threshold ?? 0) * close * 0.999 - 13 * atr;
    columns.open[row + 1] = columns.close[row] = columns.open[row] = close;
    columns.low[row] = close * 0.99;
    columns.high[row] = close * 0.99 + range;
    expect(range).toBeGreaterThan(0.011 * close);
  };

  /** The same, under a volatility lock that no price tightens: what an hour does beside that. */
  const farFromBarriers = (run: Run): EngineState => {
    const state = withFarBarriers(run);
    Object.assign(only(state).volatility, { status: 'high', calmCandles: 0 });
    return state;
  };

  test('before an hour that opens far from the close before, or at the target', () => {
    const run = held();
    const stretch = run.stretch();
    const [columns, row] = [run.market[0] as Writable, (stretch.rows[0] ?? 0) + 2];
    const opened = columns.open[row] ?? 0;
    const reached = farFromBarriers(run);
    columns.open[row] = managedOf(reached).targetPrice = 1.001 * Math.max(...columns.high.subarray(row - 3, row));
    expect(passQuietHours(reached, { ...run.stretch(), crossesNothing: () => true }), 'at the target').toBe(2);
    columns.open[row] = opened * 1.06;
    expect(passQuietHours(farFromBarriers(run), run.stretch())).toBe(2);
    columns.open[row] = opened * 1.04;
    expect(passQuietHours(farFromBarriers(run), run.stretch())).toBeGreaterThan(2);
    columns.close[row - 1] = opened * 0.98;
    columns.low[row - 1] = opened * 0.97;
    expect(passQuietHours(farFromBarriers(run), run.stretch())).toBe(2);
    const state = farFromBarriers(run);
    managedOf(state).targetPrice = opened * 1.04;
    expect(passQuietHours(state, run.stretch())).toBe(2);
  });

  test('(a price that got far within the hour is believed when it opens where the hour before closed)', () => {
    const run = held();
    const stretch = run.stretch();
    const [columns, row] = [run.market[0] as Writable, stretch.rows[0] ?? 0];
    const opened = columns.open[row] ?? 0;
    columns.close[row] = columns.open[row + 1] = columns.high[row] = opened * 1.06;
    const state = farFromBarriers(run);
    expect(passQuietHours(state, { ...stretch, to: stretch.from + 2 * HOUR_MS, crossesNothing: () => true })).toBe(2);
    expect(only(state).believed).toBe(columns.open[row + 1]);
  });

  test('before an hour in which the price of something else leaps, believed or not', () => {
    const run = trading(5, [BTC, ETH]);
    while (
      !(
        run.world.state.symbols[BTC]?.managed !== null &&
        run.world.state.symbols[ETH]?.managed === null &&
        passQuietHours(run.copy(), run.stretch()) >= 3
      ) &&
      run.hour < HOURS
    )
      run.step();
    expect(run.hour).toBeLessThan(HOURS);
    const [row, columns] = [run.stretch().rows[1] ?? 0, run.market[1] as Writable];
    columns.open[row + 1] = (columns.close[row] ?? 0) * 1.06;
    expect(passQuietHours(run.copy(), run.stretch())).toBe(1);
    const state = run.copy();
    Object.assign(state.symbols[ETH] as object, { heldNumber: 0 });
    expect(passQuietHours(state, run.stretch()), 'not even dust is held of it').toBe(1);
  });

  test('after an hour with a position whose low would tighten the volatility lock, though its close would not', () => {
    const run = held();
    const stretch = run.stretch();
    const [columns, row] = [run.market[0] as Writable, stretch.rows[0] ?? 0];
    const probe = withFarBarriers(run);
    passQuietHours(probe, { ...stretch, to: stretch.from + HOUR_MS });
    reachFar(probe, columns, row);
    expect(passQuietHours(withFarBarriers(run), { ...run.stretch(), crossesNothing: () => true })).toBe(1);
  });

  test('when the hour that is still to be told would tighten the volatility lock, though its close would not', () => {
    const run = held();
    const state = withFarBarriers(run);
    const stretch = run.stretch();
    expect(stretch.told).toBe(true);
    expect(passes(run, () => undefined)).toBeGreaterThan(0);
    reachFar(state, run.market[0] as Writable, (stretch.rows[0] ?? 0) - 1);
    expect(passQuietHours(state, run.stretch())).toBe(0);
  });

  test('when the first one opens far from the last price, though near the open before it: an hour that was looked at to its end has told its close', () => {
    const run = held();
    run.step({ told: false });
    const state = farFromBarriers(run);
    expect(passQuietHours(state, run.stretch())).toBeGreaterThan(0);
    const leapt = farFromBarriers(run);
    only(leapt).last *= 0.94;
    expect(passQuietHours(leapt, run.stretch())).toBe(0);
  });

  test('(one hour after one with a position that was looked at to its end, and it leaves what a step leaves)', () => {
    const run = held();
    run.step({ told: false });
    expect(run.passAndCompare(run.hour + 1)).toBe(1);
  });

  test('after an hour with a position whose prices cross something', () => {
    const run = held();
    expect(passQuietHours(run.copy(), { ...run.stretch(), crossesNothing: (index) => index < 1 })).toBe(2);
  });
});
