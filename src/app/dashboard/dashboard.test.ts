import { describe, expect, test } from 'vitest';
import { fc, test as property } from '@fast-check/vitest';
import { FEATURE_COUNT, FEATURE_NAMES } from '../../core/features/catalogue.ts';
import type { DriftReference } from '../../core/features/drift.ts';
import { createEngineState } from '../../core/engine/state.ts';
import { DENIALS } from '../../core/guardian/denial.ts';
import type { Clock } from '../../ports/clock.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { EquityBucket, RowCursor } from '../../ports/dashboard.ts';
import type { Model } from '../../ports/model.ts';
import type { EngineHost } from '../engine-host.ts';
import { STALL_LIMIT } from '../watchdog.ts';
import { readCheck } from '../check-words.ts';
import { createDashboard, type DashboardOptions } from './dashboard.ts';
import { withDrawdown } from './equity-curve.ts';
import { createFeatureExplainer } from './explain-features.ts';
import { createHealth } from './health.ts';

const distribution = { edges: [1, 2, 3, 4, 5, 6, 7, 8, 9], shares: Array.from({ length: 10 }, () => 0.1) };
const reference: DriftReference = {
  features: Object.fromEntries(FEATURE_NAMES.map((name) => [name, distribution])),
  prediction: distribution,
};

/** Answers 0.01 x first feature - 0.02 x second. */
const linear: Model = {
  description: {
    name: 'linear',
    hash: '',
    schemaHash: '',
    featureCount: FEATURE_COUNT,
    stop: 0.015,
    target: 0.03,
    horizonHours: 24,
    margin: 0.002,
    demonstratedEdge: false,
    purpose: 'fixture',
  },
  predict: (features) => Promise.resolve(0.5 + 0.01 * (features[0] ?? 0) - 0.02 * (features[1] ?? 0)),
  predictBatch: (rows) =>
    Promise.resolve(
      Float32Array.from(
        { length: rows.length / FEATURE_COUNT },
        (_, row) => 0.5 + 0.01 * (rows[row * FEATURE_COUNT] ?? 0) - 0.02 * (rows[row * FEATURE_COUNT + 1] ?? 0),
      ),
    ),
  close: () => Promise.resolve(),
};
const features = Array.from({ length: FEATURE_COUNT }, (_, index) => (index === 0 ? 9 : index === 1 ? 6 : 0));

describe('which features mattered', () => {
  test('each against its usual value alone: for a linear model exactly weight x distance', async () => {
    const { effects } = await createFeatureExplainer(linear, reference).explain(
      features,
      Math.fround(0.5 + 0.09 - 0.12),
    );
    expect(
      effects?.map(({ name, value, typical, effect }) => [name, value, typical, Number(effect.toFixed(6))]),
    ).toEqual([
      [FEATURE_NAMES[0], 9, 5, 0.04],
      [FEATURE_NAMES[1], 6, 5, -0.02],
    ]);
  });

  test('an answer that the loaded model does not give is not explained by it', async () => {
    const explain = createFeatureExplainer(linear, reference);
    expect(await explain.explain(features, 0.9)).toEqual({
      effects: null,
      missing: 'the decision was made by another model than the one now loaded',
    });
    expect((await explain.explain([1, 2], 0.5)).missing).toMatch(/another feature catalogue/);
    expect((await createFeatureExplainer(linear, null).explain(features, 0.47)).missing).toMatch(/no reference/);
    expect((await createFeatureExplainer(null, reference).explain(features, 0.47)).missing).toMatch(/no model/);
  });

  test('a value that was not known stays unknown in every row but its own', async () => {
    const holes = features.map((value, index) => (index === 5 ? null : value));
    const rows: Float32Array[] = [];
    const model: Model = { ...linear, predictBatch: (batch) => (rows.push(batch), linear.predictBatch(batch)) };
    await createFeatureExplainer(model, reference).explain(holes, 0.47);
    const at = (row: number): number => rows[0]?.[row * FEATURE_COUNT + 5] ?? 0;
    expect([at(0), at(1), at(6)]).toEqual([Number.NaN, Number.NaN, 5]);
  });
});

describe('drawdown along a curve', () => {
  const bucket = (at: number, equity: number, high = equity, low = equity, deposited = 0): EquityBucket => ({
    at,
    equity,
    high,
    low,
    exposure: 0,
    deposited,
  });

  test('from the highest so far; a low within a stretch counts', () => {
    const { points, maxDrawdown } = withDrawdown([bucket(1, 100), bucket(2, 110, 120, 100), bucket(3, 118, 118, 90)]);
    expect(points.map(({ drawdown }) => Number(drawdown.toFixed(4)))).toEqual([0, Number((10 / 120).toFixed(4)), 0.25]);
    expect(maxDrawdown).toBe(0.25);
  });

  test('a deposit is no gain and a withdrawal no loss', () => {
    const { points, peak } = withDrawdown([bucket(1, 100), bucket(2, 150, 100, 100, 50), bucket(3, 80, 100, 100, -20)]);
    expect(points.map(({ drawdown, deposited }) => [drawdown, deposited])).toEqual([
      [0, 0],
      [0, 50],
      [0, -70],
    ]);
    expect(peak).toBe(80);
  });

  test('within a stretch of many points neither: 100, then 150 with 50 deposited, then 75 with 70 withdrawn', () => {
    const { points, peak } = withDrawdown([bucket(1, 100), bucket(4, 75, 100, 95, -20)]);
    expect(points.map(({ drawdown }) => Number(drawdown.toFixed(4)))).toEqual([0, 0.05]);
    expect(peak).toBe(80);
  });

  test('nothing on record is not "no drawdown"', () => {
    expect(withDrawdown([])).toEqual({ points: [], peak: 0, maxDrawdown: null });
  });

  property.prop([
    fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 60 }),
    fc.integer({ min: 1, max: 9 }),
  ])('thinning never shows more than there was', (values, width) => {
    const full = withDrawdown(values.map((value, index) => bucket(index, value))).maxDrawdown ?? 0;
    const stretches = Array.from({ length: Math.ceil(values.length / width) }, (_, index) =>
      values.slice(index * width, (index + 1) * width),
    );
    const thin =
      withDrawdown(
        stretches.map((part, index) => bucket(index, part.at(-1) ?? 0, Math.max(...part), Math.min(...part))),
      ).maxDrawdown ?? 0;
    expect(thin).toBeLessThanOrEqual(full + 1e-12);
  });
});

describe('candles for a reader that goes on', () => {
  const rows = { decisions: [], fills: [], trades: [], orders: [], alerts: [], locks: [], equity: [] };
  const counts = { decisions: 0, fills: 0, trades: 0, orders: 0, alerts: 0, locks: 0, equity: 0 };
  const setUp = () => {
    const state = createEngineState();
    state.config = { symbols: ['BTC/USDT', 'ETH/USDT'] } as unknown as typeof state.config;
    const held: Record<string, { openTime: number; open: number; high: number; low: number; close: number }[]> = {
      'BTC/USDT': [],
      'ETH/USDT': [],
    };
    const close = (symbol: string, hour: number) =>
      held[symbol]?.push({ openTime: (480_000 + hour) * HOUR_MS, open: 1, high: 1, low: 1, close: 1 });
    const dashboard = createDashboard({
      host: { state },
      records: { cursor: () => counts, between: () => rows },
      recent: (symbol: string, count: number) => held[symbol]?.slice(-count) ?? [],
    } as unknown as DashboardOptions);
    const told = (after: RowCursor) =>
      dashboard
        .between(after, dashboard.cursor())
        ?.candles.map(({ symbol, openTime }) => `${symbol.slice(0, 3)} ${openTime / HOUR_MS - 480_000}`);
    return { dashboard, close, told, held };
  };

  test('the one of a symbol that comes later than another of the same hour is not left out', () => {
    const { dashboard, close, told } = setUp();
    for (const symbol of ['BTC/USDT', 'ETH/USDT']) for (let hour = 0; hour < 9; hour += 1) close(symbol, hour);
    const before = dashboard.cursor();
    expect(told(before)).toEqual([]);
    close('BTC/USDT', 9);
    expect(told(before)).toContain('BTC 9');
    const between = dashboard.cursor();
    close('ETH/USDT', 9);
    expect(told(between)).toContain('ETH 9');
    expect(told(before)).toEqual(expect.arrayContaining(['BTC 9', 'ETH 9']));
    // After an outage each may have missed another number of hours.
    for (let hour = 10; hour < 15; hour += 1) close('ETH/USDT', hour);
    expect(told(between)).toEqual(expect.arrayContaining(['ETH 9', 'ETH 10', 'ETH 14']));
  });

  test('who has missed too many, or counted otherwise, begins anew', () => {
    const { dashboard, close, told, held } = setUp();
    close('BTC/USDT', 0);
    const before = dashboard.cursor();
    close('BTC/USDT', 300);
    expect(told(before)).toBeUndefined();
    expect(told({ ...dashboard.cursor(), candles: 480_000 * HOUR_MS })).toBeUndefined();
    // While a bot that was started again reads its history it has fewer, or none of a symbol: no reason to begin anew.
    expect(told({ ...dashboard.cursor(), candles: dashboard.cursor().candles + 5_000 })).toEqual([]);
    const ofBoth = dashboard.cursor();
    close('ETH/USDT', 300);
    expect(told(ofBoth)).toEqual([]);
    held['ETH/USDT'] = [];
    // Of nothing, all that is there comes at once.
    expect(told({ ...before, candles: 0 })).toEqual(['BTC 0', 'BTC 300']);
  });
});

describe('checks in words', () => {
  test('every rule has words of its own, and its values have units', () => {
    for (const code of Object.keys(DENIALS))
      expect(readCheck({ ok: true, code, limit: null, value: null }).words, code).not.toBe(code);
    expect(readCheck({ ok: false, code: 'spread-collar', limit: 0.005, value: 0.0071 })).toMatchObject({
      limit: '0.5 %',
      value: '0.71 %',
    });
    expect(readCheck({ ok: false, code: 'resting-after-stop', limit: 1_704_067_200_000, value: null })).toMatchObject({
      limit: '01-01 00:00',
      value: '',
    });
    expect(readCheck({ ok: true, code: 'leverage', limit: 1, value: '0.5' })).toMatchObject({
      limit: '1x',
      value: '0.5',
    });
    expect(readCheck({ ok: true, code: 'a-rule-of-tomorrow', limit: 1, value: 'x' })).toMatchObject({
      words: 'a-rule-of-tomorrow',
      limit: '1',
      value: 'x',
    });
  });
});

describe('health', () => {
  const setUp = () => {
    const now = { span: 0, rounds: 0, inputs: 0, ready: true, ended: false };
    const state = createEngineState();
    const clock: Clock = {
      marketNow: () => 0,
      wallNow: () => now.span,
      monotonicNow: () => now.span,
      sleep: () => Promise.resolve(),
    };
    const host: EngineHost = { state, apply: () => undefined, onEffect: () => undefined, progress: 0 };
    const health = createHealth({
      host,
      clock,
      progress: () => now,
      ready: () => now.ready,
      ended: () => now.ended,
      facts: () => [{ name: 'books', ok: false, detail: 'differ' }],
    });
    const pass = (what: { readonly engine: boolean; readonly guardian: boolean; readonly market: boolean }) => {
      now.span += STALL_LIMIT / 2;
      if (what.engine) now.inputs += 1;
      if (what.guardian) state.wall += 1;
      if (what.market) now.rounds += 1;
      return health();
    };
    return { now, health, pass };
  };
  const bad = (health: {
    readonly checks: readonly { readonly name: string; readonly ok: boolean | null }[];
  }): readonly string[] => health.checks.filter(({ ok }) => ok !== true).map(({ name }) => name);

  test('engine, Guardian and market loop each have to move; facts are shown and do not decide', () => {
    const { health, pass } = setUp();
    health();
    const all = { engine: true, guardian: true, market: true };
    for (let time = 0; time < 5; time += 1) expect(pass(all).ok).toBe(true);
    expect(bad(pass(all))).toEqual(['books']);
  });

  test.each(['engine', 'guardian', 'market'] as const)(
    'a %s that stands still is noticed though everything else moves',
    (which) => {
      const { health, pass } = setUp();
      health();
      const but = { engine: true, guardian: true, market: true, [which]: false };
      expect(pass(but).ok).toBe(true);
      const later = pass(but);
      expect(later.ok).toBe(false);
      expect(bad(later)).toEqual([which === 'market' ? 'market loop' : which, 'books']);
    },
  );

  test('not well before start-up is complete; well when the simulated market is over', () => {
    const { now, health, pass } = setUp();
    now.ready = false;
    expect(health().ok).toBe(false);
    now.ready = true;
    now.ended = true;
    pass({ engine: false, guardian: false, market: false });
    expect(pass({ engine: false, guardian: false, market: false }).ok).toBe(true);
  });
});
