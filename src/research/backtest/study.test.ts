import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { BTC, FROM, generated, options, quietThen, seriesOf, signalsAt } from './fixture.test-helper.ts';
import { runBacktest } from './run-backtest.ts';
import { runStudy } from './study.ts';
import { withoutGuardian } from './unguarded.ts';

describe('the run without the Guardian', () => {
  test('is the same one where nothing was ever wanted, and is then not run', () => {
    const { series } = generated(4, [BTC], 6_000);
    const [only] = series;
    if (only === undefined) throw new Error('no series');
    const quiet = options(series, new Map([[BTC, signalsAt(only)]]), { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: FROM + 3_000 * HOUR_MS });
    const study = runStudy({ ...quiet, model: null });
    expect(study.result.decisions).toMatchObject({ entered: 0, denied: 0 });
    expect(study.unguarded.curve).toBe(study.result.curve);
    const explicit = runBacktest({ ...quiet, applyTo: withoutGuardian });
    expect({ hash: explicit.orderHash, equity: [...explicit.curve.equity], decisions: explicit.decisions }).toEqual({ hash: study.result.orderHash, equity: [...study.result.curve.equity], decisions: study.result.decisions });
  });

  test('is run where an entry was wanted, even if none was made', () => {
    const series = seriesOf(BTC, quietThen(50_000, [[50_000, 50_100, 49_900, 50_000]]));
    const study = runStudy({ ...options([series], new Map([[BTC, signalsAt(series, FROM - HOUR_MS)]])), model: null });
    expect(study.result.decisions.entered + study.result.decisions.denied).toBeGreaterThan(0);
    expect(study.unguarded.curve).not.toBe(study.result.curve);
  });
});
