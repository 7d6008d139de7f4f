import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../risk/limits.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../units.ts';
import type { Change } from './change.ts';
import {
  clockIsKnown,
  evaluateExecution,
  evaluateModel,
  evaluateSkew,
  recordFailure,
  recordStart,
} from './health-locks.ts';
import { evaluateFreshness, evaluateVolatility, isStale, staleness, type DataFreshness } from './data-locks.ts';
import { recordTrade } from './streak-lock.ts';
import { createGuardian, type GuardianState } from './state.ts';
import { createVolatility } from './volatility.ts';

const NOON = Date.UTC(2024, 7, 5, 12);
const RULE = { maxAge: 300 * SECOND_MS, wallGrace: 0 };
const BTC = 'BTC/USDT';
const STALE = 'stale-data:BTC/USDT';

const data = (changes: Partial<DataFreshness> = {}): DataFreshness => ({
  symbol: BTC,
  staleLockId: STALE,
  priceAt: NOON,
  priceWall: NOON,
  newestCandleOpen: NOON - HOUR_MS,
  freshPolls: 0,
  ...changes,
});
const during = (work: (changes: Change[]) => void): string[] => {
  const changes: Change[] = [];
  work(changes);
  return changes.map((change) =>
    change.type === 'lock-set'
      ? `set ${change.lock.id}`
      : change.type === 'lock-cleared'
        ? `cleared ${change.lock.id}`
        : change.type,
  );
};

describe('stale data', () => {
  test.each([
    ['a price of 300 s', data(), NOON + 300_000, null],
    ['a price of 300.001 s', data(), NOON + 300_001, 'price is 300 s old (limit 300 s)'],
    ['no price', data({ priceAt: null }), NOON, 'no price yet'],
    ['no wall time of the price', data({ priceWall: null }), NOON, 'no price yet'],
    ['no candle', data({ newestCandleOpen: null }), NOON, 'no closed candle yet'],
    ['a candle that is 300 s late', data({ priceAt: NOON + HOUR_MS + 300_000 }), NOON + HOUR_MS + 300_000, null],
    [
      'a candle that is 300.001 s late',
      data({ priceAt: NOON + HOUR_MS + 300_001 }),
      NOON + HOUR_MS + 300_001,
      'newest candle closed 65 min ago',
    ],
  ])('%s', (_what, of, at, why) => {
    expect(isStale(of, at, at, RULE)).toBe(why !== null);
    expect(staleness(of, at, at, RULE)).toBe(why);
  });

  test('in demo a price is fresh while it is young on either clock', () => {
    const rule = { maxAge: 300_000, wallGrace: 2_000 };
    expect(isStale(data({ newestCandleOpen: NOON }), NOON + HOUR_MS, NOON + 2_000, rule)).toBe(false);
    expect(isStale(data({ newestCandleOpen: NOON }), NOON + HOUR_MS, NOON + 2_001, rule)).toBe(true);
    expect(isStale(data({ newestCandleOpen: NOON }), NOON + 300_000, NOON + 60_000, rule)).toBe(false);
    // Without such a grace the wall clock has no say.
    expect(isStale(data({ newestCandleOpen: NOON }), NOON + HOUR_MS, NOON, RULE)).toBe(true);
  });

  test('trips once, on age', () => {
    const state = createGuardian();
    const of = data({ freshPolls: 7 });
    const look = (at: number): string[] =>
      during((changes) => evaluateFreshness(state, of, { at: at, wall: at, changes }, RULE, 0));
    expect(look(NOON + 300_000)).toEqual([]);
    expect(look(NOON + 301_000)).toEqual([`set ${STALE}`]);
    expect(look(NOON + 302_000)).toEqual([]);
    expect(state.locks[STALE]).toMatchObject({
      limit: 300,
      value: 301,
      reason: 'BTC/USDT: price is 301 s old (limit 300 s)',
      symbol: BTC,
    });
    expect(of.freshPolls).toBe(0);
  });

  test('clears after two fresh polls, not one', () => {
    const state = createGuardian();
    const of = data();
    during((changes) => evaluateFreshness(state, of, { at: NOON + 301_000, wall: NOON + 301_000, changes }, RULE, 0));
    const fresh = (polls: number): string[] =>
      during((changes) =>
        evaluateFreshness(state, data({ freshPolls: polls }), { at: NOON, wall: NOON, changes }, RULE, 0),
      );
    expect(fresh(1)).toEqual([]);
    expect(fresh(2)).toEqual([`cleared ${STALE}`]);
    expect(fresh(3)).toEqual([]);
  });

  test('a start without any price has one limit of time before it is called stale', () => {
    const state = createGuardian();
    const none = data({ priceAt: null, priceWall: null });
    const look = (wall: number): string[] =>
      during((changes) => evaluateFreshness(state, none, { at: wall, wall: wall, changes }, RULE, NOON));
    expect(look(NOON + 300_000)).toEqual([]);
    expect(look(NOON + 300_001)).toEqual([`set ${STALE}`]);
    expect(state.locks[STALE]?.value).toBeNull();
  });
});

describe('volatility', () => {
  test('becomes a lock while it is high or unknown, and goes when it is calm', () => {
    const state = createGuardian();
    const volatility = createVolatility();
    const id = 'volatility:BTC/USDT';
    const look = (): string[] =>
      during((changes) =>
        evaluateVolatility(
          state,
          { symbol: BTC, volatilityLockId: id, volatility },
          { at: NOON, wall: NOON, changes },
          DEFAULT_LIMITS,
        ),
      );
    expect(look()).toEqual([`set ${id}`]);
    expect(state.locks[id]?.reason).toBe(
      'BTC/USDT: 0 days of volatility are known, 90 are needed and then 6 calm candles',
    );
    expect(look()).toEqual([]);
    volatility.status = 'calm';
    expect(look()).toEqual([`cleared ${id}`]);
    expect(look()).toEqual([]);
    Object.assign(volatility, { status: 'high', ratio: 0.0312, threshold: 0.03 });
    expect(look()).toEqual([`set ${id}`]);
    expect(state.locks[id]).toMatchObject({
      limit: 0.03,
      value: 0.0312,
      reason: 'BTC/USDT: ATR/close 3.12 % is above percentile 99 of the year, 3.00 %',
    });
    // Lively hours ago, and calmer since: no figure is called above one that it is below.
    delete state.locks[id];
    Object.assign(volatility, { status: 'high', ratio: 0.0243, threshold: 0.0398 });
    expect(look()).toEqual([`set ${id}`]);
    expect(state.locks[id]?.reason).toBe(
      'BTC/USDT: ATR/close was above percentile 99 of the year and has not been calm for 6 candles since; now 2.43 %, the percentile is 3.98 %',
    );
  });
});

describe('clock skew', () => {
  const measured = (skew: number | null, skewWall: number | null = NOON): GuardianState => ({
    ...createGuardian(),
    skew,
    skewTried: true,
    skewWall,
  });
  const look = (state: GuardianState, wall = NOON): string[] =>
    during((changes) => evaluateSkew(state, { at: NOON, wall, changes }));

  test.each([
    [1_000, []],
    [1_001, ['set clock-skew']],
    [-1_000, []],
    [-1_001, ['set clock-skew']],
    [null, ['set clock-skew']],
    [Number.NaN, ['set clock-skew']],
  ])('%s ms', (skew, expected) => {
    expect(look(measured(skew))).toEqual(expected);
  });

  test.each([
    [500, false],
    [499, true],
    [-500, false],
    [-499, true],
  ])('at %d ms it clears: %s', (skew, clears) => {
    const state = measured(2_000);
    look(state);
    state.skew = skew;
    expect(look(state)).toEqual(clears ? ['cleared clock-skew'] : []);
  });

  test('a measurement counts for half an hour', () => {
    const state = measured(0);
    expect(look(state, NOON + 30 * MINUTE_MS)).toEqual([]);
    expect(clockIsKnown(state, NOON + 30 * MINUTE_MS)).toBe(true);
    expect(look(state, NOON + 30 * MINUTE_MS + 1)).toEqual(['set clock-skew']);
    expect(clockIsKnown(state, NOON + 30 * MINUTE_MS + 1)).toBe(false);
    expect(look(measured(0, null))).toEqual(['set clock-skew']);
  });

  test('before the first try there is no lock, but the clock is not known', () => {
    expect(look(createGuardian())).toEqual([]);
    expect(clockIsKnown(createGuardian(), NOON)).toBe(false);
    expect(clockIsKnown(measured(1_000), NOON)).toBe(true);
    expect(clockIsKnown(measured(1_001), NOON)).toBe(false);
    expect(clockIsKnown(measured(null), NOON)).toBe(false);
    expect(clockIsKnown(measured(0, null), NOON)).toBe(false);
  });

  test('names limit and value', () => {
    const state = measured(-1_500.4);
    look(state);
    expect(state.locks['clock-skew']).toMatchObject({
      limit: 1_000,
      value: -1_500.4,
      reason: 'clocks differ by -1500 ms (limit 1000 ms)',
    });
  });
});

describe('execution', () => {
  const look = (state: GuardianState, wall: number, unknownSince: number | null = null): string[] =>
    during((changes) => evaluateExecution(state, { at: NOON, wall, changes }, unknownSince));

  test('three failures in a row lock, two do not', () => {
    const state = createGuardian();
    recordFailure(state, NOON);
    recordFailure(state, NOON + 1);
    expect(look(state, NOON + 1)).toEqual([]);
    recordFailure(state, NOON + 2);
    expect(look(state, NOON + 2)).toEqual(['set execution']);
    expect(state.locks['execution']).toMatchObject({
      limit: 3,
      value: 3,
      reason: '3 order failures in a row (limit 3)',
    });
    expect(look(state, NOON + 3)).toEqual([]);
  });

  test('an outcome unknown for longer than 60 s locks', () => {
    const state = createGuardian();
    expect(look(state, NOON + 60_000, NOON)).toEqual([]);
    expect(look(state, NOON + 60_001, NOON)).toEqual(['set execution']);
    expect(state.locks['execution']).toMatchObject({
      limit: 60,
      value: 60,
      reason: 'the outcome of an order is unknown for 60 s (limit 60 s)',
    });
  });

  test('clears when everything is resolved and five minutes were quiet', () => {
    const state = createGuardian();
    look(state, NOON + 60_001, NOON);
    const last = NOON + 90_000;
    look(state, last, NOON);
    expect(look(state, last + 299_999)).toEqual([]);
    expect(look(state, last + 300_000, last + 290_000)).toEqual([]);
    expect(look(state, last + 300_000)).toEqual(['cleared execution']);
    expect(state.orderFailures).toBe(0);
  });

  test('a failure meanwhile begins the five minutes anew', () => {
    const state = createGuardian();
    for (let count = 0; count < 3; count += 1) recordFailure(state, NOON);
    look(state, NOON);
    recordFailure(state, NOON + 200_000);
    expect(look(state, NOON + 300_000)).toEqual([]);
    expect(look(state, NOON + 500_000)).toEqual(['cleared execution']);
    expect(look(state, NOON + 500_001)).toEqual([]);
  });

  test('holds where it is not known when the last trouble was', () => {
    const state = createGuardian();
    for (let count = 0; count < 3; count += 1) recordFailure(state, NOON);
    look(state, NOON);
    state.lastTroubleWall = null;
    expect(look(state, NOON + 1e9)).toEqual([]);
  });
});

describe('the model', () => {
  const look = (state: GuardianState): string[] =>
    during((changes) => evaluateModel(state, { at: NOON, wall: NOON, changes }));

  test('a fault holds until it is gone', () => {
    const state = { ...createGuardian(), modelFault: 'hash differs' };
    expect(look(state)).toEqual(['set model']);
    expect(look(state)).toEqual([]);
    state.modelFault = null as never;
    expect(look(state)).toEqual(['cleared model']);
  });

  test('drift above its limit holds until an operator accepts it; what is accepted locks again only when it has grown', () => {
    const state = createGuardian();
    state.drift = { value: 0.25, limit: 0.25 };
    expect(look(state)).toEqual([]);
    state.drift = { value: 0.26, limit: 0.25 };
    expect(look(state)).toEqual(['set model-drift']);
    expect(state.locks['model-drift']).toMatchObject({
      limit: 0.25,
      value: 0.26,
      reason: 'drift of the prediction 0.26 is above 0.25',
    });
    state.drift = { value: 0.1, limit: 0.25 };
    expect(look(state)).toEqual([]);
    expect(state.locks['model-drift']).toBeDefined();
    delete state.locks['model-drift'];
    state.drift = { value: 0.3, limit: 0.25 };
    state.acceptedDrift = 0.3;
    expect(look(state)).toEqual([]);
    state.drift = { value: 0.425, limit: 0.25 };
    expect(look(state)).toEqual([]);
    state.drift = { value: 0.43, limit: 0.25 };
    expect(look(state)).toEqual(['set model-drift']);
  });

  test('acceptance ends when the drift is gone or not known', () => {
    const state = createGuardian();
    state.acceptedDrift = 0.4;
    look(state);
    expect(state.acceptedDrift).toBeNull();
    state.acceptedDrift = 0.4;
    state.drift = { value: 0.2, limit: 0.25 };
    look(state);
    expect(state.acceptedDrift).toBeNull();
  });
});

describe('starts', () => {
  test('five within ten minutes lock, spread over more they do not', () => {
    const state = createGuardian();
    const start = (wall: number): string[] => during((changes) => recordStart(state, { at: NOON, wall, changes }));
    for (const minute of [0, 2, 4, 6]) expect(start(NOON + minute * MINUTE_MS)).toEqual([]);
    expect(start(NOON + 10 * MINUTE_MS)).toEqual([]);
    expect(start(NOON + 11 * MINUTE_MS)).toEqual(['set crash-loop']);
    expect(state.locks['crash-loop']).toMatchObject({ limit: 5, value: 5, reason: '5 starts within ten minutes' });
    expect(state.starts).toHaveLength(5);
  });
});

describe('losing trades', () => {
  const close = (state: GuardianState, lost: boolean, closedAt = NOON, symbol = BTC): string[] =>
    during((changes) => recordTrade(state, { symbol, pnlFraction: -0.0123, lost, closedAt }, DEFAULT_LIMITS, changes));

  test('three in a row lock, named with their span', () => {
    const state = createGuardian();
    close(state, true, NOON, 'ETH/USDT');
    expect(close(state, true, NOON + HOUR_MS)).toEqual([]);
    expect(close(state, true, NOON + 3 * HOUR_MS)).toEqual(['set kill-switch']);
    expect(state.locks['kill-switch']).toMatchObject({
      limit: 3,
      value: 3,
      since: NOON + 3 * HOUR_MS,
      reason: '3 losses in a row (ETH -1.23 %, BTC -1.23 %, BTC -1.23 %, over 3 hours)',
    });
  });

  test('one, where the limit is one, is no row over a span', () => {
    const state = createGuardian();
    during((changes) =>
      recordTrade(
        state,
        { symbol: BTC, pnlFraction: -0.0123, lost: true, closedAt: NOON },
        { ...DEFAULT_LIMITS, maxConsecutiveLosses: 1 },
        changes,
      ),
    );
    expect(state.locks['kill-switch']?.reason).toBe('1 loss (BTC -1.23 %)');
  });

  test.each([
    [HOUR_MS, 'one hour'],
    [47 * HOUR_MS, '47 hours'],
    [49 * HOUR_MS, '2 days'],
  ])('a span of %d ms is %s', (span, words) => {
    const state = createGuardian();
    close(state, true);
    close(state, true);
    close(state, true, NOON + span);
    expect(state.locks['kill-switch']?.reason).toContain(`over ${words})`);
  });

  test('a trade that did not lose ends the row', () => {
    const state = createGuardian();
    close(state, true);
    close(state, true);
    close(state, false);
    close(state, true);
    expect(close(state, true)).toEqual([]);
    expect(state.lossStreak).toHaveLength(2);
  });

  test('a long row is kept to what is shown', () => {
    const state = createGuardian();
    for (let count = 0; count < 14; count += 1) close(state, true, NOON + count);
    expect(state.lossStreak).toHaveLength(10);
    expect(state.lossStreak.at(-1)?.closedAt).toBe(NOON + 13);
  });
});
