import { describe, expect, test } from 'vitest';
import { dailyReturns } from '../../core/ledger/metrics.ts';
import { HOUR_MS } from '../../core/units.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { dailyPoints } from './evaluate.ts';
import { BTC, config, FROM, generated, options, quietThen, seriesOf, signalsAt } from './fixture.test-helper.ts';
import type { Lock } from '../../core/guardian/lock.ts';
import { timeLocked, type LockSpan } from './record.ts';
import { runBacktest } from './run-backtest.ts';
import { studyJson } from './study-json.ts';
import { runStudy } from './study.ts';
import { summaryLines } from './summary.ts';
import { withoutGuardian } from './unguarded.ts';

describe('what the summary says', () => {
  test('hours in which the model gave no answer are told: no trade there means nothing', () => {
    const { series, predictions } = generated(4, [BTC], 6_000);
    const given = options(series, predictions, {
      assumptions: DEFAULT_ASSUMPTIONS,
      from: FROM,
      to: FROM + 500 * HOUR_MS,
    });
    expect(summaryLines(runStudy({ ...given, model: null })).join('\n')).not.toContain('no answer');
    const silent = new Map([[BTC, new Float32Array(6_000).fill(Number.NaN)]]);
    expect(summaryLines(runStudy({ ...given, predictions: silent, model: null })).join('\n')).toMatch(
      /The model gave no answer in 500 of 500 hours/,
    );
  });
});

describe('the days of a study', () => {
  test('are those of its span, for the run and for buy and hold: none before it, and the first hour is of the first one', () => {
    const series = seriesOf(BTC, quietThen(50_000, [[50_000, 55_100, 49_900, 55_000]], 71));
    const study = runStudy({
      ...options([series], new Map([[BTC, signalsAt(series)]]), {
        assumptions: DEFAULT_ASSUMPTIONS,
        from: FROM,
        to: FROM + 72 * HOUR_MS,
      }),
      model: null,
    });
    expect([study.guarded, study.unguarded, study.hold].map(({ performance }) => performance.days)).toEqual([3, 3, 3]);
    const { equityByDay } = JSON.parse(studyJson(study)) as {
      readonly equityByDay: Readonly<Record<string, readonly (readonly [string, number])[]>>;
    };
    const days = [0, 1, 2].map((day) => new Date(FROM + day * 24 * HOUR_MS).toISOString().slice(0, 10));
    for (const points of Object.values(equityByDay)) expect(points.map(([day]) => day)).toEqual(days);
    const growth = dailyReturns(dailyPoints(study.hold.curve)).reduce((product, { value }) => product * (1 + value), 1);
    expect(growth - 1).toBeCloseTo(study.hold.totalReturn, 12);
    expect(study.hold.totalReturn).toBeCloseTo(0.1 - 0.0014, 3);
  });
});

describe('the time spent locked', () => {
  const lock = (symbol: string | null, since: number): Lock =>
    ({
      id: `volatility ${String(symbol)}`,
      kind: symbol === null ? 'kill-switch' : 'volatility',
      symbol,
      since,
    }) as unknown as Lock;
  const span = (symbol: string | null, since: number, until: number | null): LockSpan => ({
    lock: lock(symbol, since),
    until,
    by: null,
    equity: 1,
  });

  test('entries are forbidden when every symbol of the run is locked, by one lock or by several', () => {
    expect(timeLocked([span(BTC, 10, 30)], [BTC], 0, 100)).toEqual({ halted: 0, noEntries: 0.2 });
    expect(timeLocked([span(BTC, 10, 30)], [BTC, 'ETH/USDT'], 0, 100).noEntries).toBe(0);
    expect(timeLocked([span(BTC, 10, 30), span('ETH/USDT', 20, null)], [BTC, 'ETH/USDT'], 0, 100).noEntries).toBe(0.1);
    expect(
      timeLocked(
        [span(BTC, 10, 30), span(null, 25, 50), span(null, 40, 60), span(null, -5, 5)],
        [BTC, 'ETH/USDT'],
        0,
        100,
      ),
    ).toEqual({ halted: 0.4, noEntries: 0.4 });
    expect(timeLocked([span(null, 10, 30)], [BTC], 5, 5)).toEqual({ halted: 0, noEntries: 0 });
  });
});

describe('the run without the Guardian', () => {
  test('is the same one where nothing was ever wanted, and is then not run', () => {
    const { series } = generated(4, [BTC], 6_000);
    const [only] = series;
    if (only === undefined) throw new Error('no series');
    const quiet = options(series, new Map([[BTC, signalsAt(only)]]), {
      assumptions: DEFAULT_ASSUMPTIONS,
      from: FROM,
      to: FROM + 3_000 * HOUR_MS,
    });
    const study = runStudy({ ...quiet, model: null });
    expect(study.result.decisions).toMatchObject({ entered: 0, denied: 0 });
    expect(study.unguarded.curve).toBe(study.result.curve);
    const explicit = runBacktest({ ...quiet, applyTo: withoutGuardian });
    expect({ hash: explicit.orderHash, equity: [...explicit.curve.equity], decisions: explicit.decisions }).toEqual({
      hash: study.result.orderHash,
      equity: [...study.result.curve.equity],
      decisions: study.result.decisions,
    });
  });

  test('is run where an entry was wanted, even if none was made', () => {
    const series = seriesOf(BTC, quietThen(50_000, [[50_000, 50_100, 49_900, 50_000]]));
    const study = runStudy({ ...options([series], new Map([[BTC, signalsAt(series, FROM - HOUR_MS)]])), model: null });
    expect(study.result.decisions.entered + study.result.decisions.denied).toBeGreaterThan(0);
    expect(study.unguarded.curve).not.toBe(study.result.curve);
  });

  describe('on an account below the minimum balance', () => {
    const series = seriesOf(
      BTC,
      quietThen(
        50_000,
        Array.from({ length: 40 }, () => [50_000, 50_100, 49_900, 50_000] as const),
      ),
    );
    const poor = (entry: number) =>
      runStudy({
        ...options([series], new Map([[BTC, signalsAt(series, entry)]]), {
          config: config([BTC], { minBalance: 20_000 }),
          from: FROM,
        }),
        model: null,
      });

    test("trades all the same: that limit is the Guardian's, and what it costs or saves is its doing", () => {
      const study = poor(FROM + 4 * HOUR_MS);
      expect(study.result).toMatchObject({ trades: [], denials: { 'state-halted minimum-balance': 1 } });
      expect(study.unguarded.trades).toBe(1);
      expect(study.lockCosts).toMatchObject([{ title: 'Minimum balance', missedTrades: 1 }]);
    });

    test('is run to the end of the span, though the other was stopped before anything was wanted', () => {
      const study = poor(FROM + 30 * HOUR_MS);
      expect(study.result.stopped?.lock).toBe('minimum-balance');
      expect(study.result.decisions).toMatchObject({ entered: 0, denied: 0 });
      expect(study.unguarded.trades).toBe(1);
    });
  });
});
