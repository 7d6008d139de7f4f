import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../risk/limits.ts';
import { DAY_MS, HOUR_MS } from '../units.ts';
import type { Change } from './change.ts';
import { evaluateEquity, passEquities, percent, shiftBaselines } from './equity-locks.ts';
import { createGuardian, type GuardianState } from './state.ts';

const DAY = Date.UTC(2024, 7, 5);

/** A guardian under evaluation, one market minute after the other. */
const watch = (start = DAY) => {
  const state: GuardianState = createGuardian();
  let at = start;
  const see = (equity: number | null, to?: number): Change[] => {
    at = to ?? at + 60_000;
    const changes: Change[] = [];
    evaluateEquity(state, { at, changes }, equity, DEFAULT_LIMITS);
    return changes;
  };
  return { state, see, locks: () => Object.keys(state.locks) };
};

const shift = (state: GuardianState, amount: number): Change[] => {
  const changes: Change[] = [];
  shiftBaselines(state, amount, changes);
  return changes;
};

describe('the daily drawdown', () => {
  test.each([
    [980.01, []],
    [980, ['daily-drawdown']],
    [979.99, ['daily-drawdown']],
  ])('1000 down to %d locks %j', (equity, expected) => {
    const { see, locks } = watch();
    see(1000);
    see(equity);
    expect(locks()).toEqual(expected);
  });

  test("is measured from the baseline, not from the day's high", () => {
    const { see, locks } = watch();
    see(1000);
    see(1050);
    see(1000);
    expect(locks()).toEqual([]);
  });

  test('states limit, value and both amounts, once', () => {
    const { state, see } = watch();
    see(1000);
    expect(see(975).filter((change) => change.type === 'lock-set')).toHaveLength(1);
    expect(see(970)).toEqual([]);
    expect(state.locks['daily-drawdown']).toMatchObject({
      since: DAY + 120_000,
      limit: 0.02,
      value: 0.025000000000000022,
      reason: "equity 975.00 is 2.50 % below the day's baseline 1,000.00 (limit 2.00 %)",
    });
  });

  test('is cleared by the next UTC day, when its equity is known, and not before', () => {
    const { see, locks } = watch();
    see(1000);
    see(970);
    see(1000);
    expect(locks()).toEqual(['daily-drawdown']);
    see(null, DAY + DAY_MS);
    see(null, DAY + DAY_MS + HOUR_MS);
    expect(locks()).toEqual(['daily-drawdown']);
    expect(see(1000)).toContainEqual(expect.objectContaining({ type: 'lock-cleared', by: 'rule: new UTC day' }));
    expect(locks()).toEqual([]);
  });

  test('of the new day itself is not cleared by that day', () => {
    const { see, locks } = watch();
    see(1000);
    see(1000, DAY + DAY_MS - 1);
    see(970, DAY + DAY_MS);
    // The higher side of midnight is 1000: the first look at the new day is a loss of it.
    expect(locks()).toEqual(['daily-drawdown']);
    see(970);
    expect(locks()).toEqual(['daily-drawdown']);
  });

  test('locks where equity is no number at all', () => {
    const { see, locks } = watch();
    see(1000);
    see(Number.NaN);
    expect(locks()).toEqual(['daily-drawdown', 'total-drawdown']);
  });
});

describe('an account without money', () => {
  test('has no part of it to lose: neither drawdown locks, whatever doubles leave over of a withdrawal of everything', () => {
    const { state, see, locks } = watch();
    see(0);
    expect(locks()).toEqual(['minimum-balance']);
    shift(state, 1000.3);
    see(1000.3);
    shift(state, -1000.1);
    shift(state, -0.2);
    expect(state.dayBaseline).not.toBe(0);
    expect(see(0)).toEqual([]);
    expect(locks()).toEqual(['minimum-balance']);
  });

  test('that has lost before what was left was withdrawn is locked, and so is one whose equity is no number or below nothing', () => {
    for (const [paid, equity] of [
      [-990, 0],
      [-1000, Number.NaN],
      [-1000, -1],
    ] as const) {
      const { state, see, locks } = watch();
      see(1000);
      shift(state, paid);
      see(equity);
      expect(locks()).toEqual(expect.arrayContaining(['daily-drawdown', 'total-drawdown']));
    }
  });
});

describe("the day's baseline", () => {
  test.each([
    ['a gap down over midnight', 1000, 990, 1000],
    ['a gap up over midnight', 1000, 1010, 1010],
  ])('%s: the higher side', (_what, before, after, baseline) => {
    const { state, see } = watch();
    see(before, DAY + DAY_MS - 1);
    const changes = see(after, DAY + DAY_MS);
    expect(state.dayBaseline).toBe(baseline);
    expect(changes).toContainEqual({
      type: 'baseline',
      name: 'day',
      before: null,
      after: baseline,
      cause: 'new UTC day',
    });
  });

  test('is not known while equity is not known on the new side', () => {
    const { state, see } = watch();
    see(1000);
    see(null, DAY + DAY_MS);
    expect(state.dayBaseline).toBeNull();
    expect(state.priorEquity).toBe(1000);
    see(null, DAY + DAY_MS + HOUR_MS);
    see(995, DAY + DAY_MS + 2 * HOUR_MS);
    expect(state.dayBaseline).toBe(1000);
  });

  test('of the very first day is the first equity known', () => {
    const { state, see } = watch();
    see(null);
    expect(state.dayBaseline).toBeNull();
    see(1000);
    expect(state.dayBaseline).toBe(1000);
  });

  test('after days away is the last equity known before, if that was higher', () => {
    const { state, see } = watch();
    see(1000);
    see(950, DAY + 5 * DAY_MS + HOUR_MS);
    expect(state.day).toBe(DAY + 5 * DAY_MS);
    expect(state.dayBaseline).toBe(1000);
  });

  test('is net of a deposit before it is known', () => {
    const { state, see } = watch();
    see(1000);
    see(null, DAY + DAY_MS);
    shift(state, 500);
    see(1490);
    expect(state.dayBaseline).toBe(1500);
  });
});

describe('money from outside', () => {
  test('moves every baseline by its amount, audited with before and after', () => {
    const { state, see, locks } = watch();
    see(1000);
    expect(shift(state, 500)).toEqual([
      { type: 'baseline', name: 'day', before: 1000, after: 1500, cause: 'deposit' },
      { type: 'baseline', name: 'high-water-mark', before: 1000, after: 1500, cause: 'deposit' },
    ]);
    expect(state.lastEquity?.value).toBe(1500);
    see(1471);
    expect(locks()).toEqual([]);
    see(1470);
    expect(locks()).toEqual(['daily-drawdown']);
  });

  test('taken out is no loss', () => {
    const { state, see, locks } = watch();
    see(1000);
    expect(shift(state, -400).map((change) => change.type === 'baseline' && change.cause)).toEqual([
      'withdrawal',
      'withdrawal',
    ]);
    see(600);
    expect(locks()).toEqual([]);
    see(588);
    expect(locks()).toEqual(['daily-drawdown']);
  });

  test('before anything is known moves nothing', () => {
    expect(shift(createGuardian(), 5)).toEqual([]);
  });
});

describe('the total drawdown', () => {
  test.each([
    [900.01, false],
    [900, true],
  ])('from a mark of 1000 at %d: %s', (equity, locked) => {
    const { see, locks, state } = watch();
    see(900);
    see(1000);
    see(950, DAY + DAY_MS);
    see(equity, DAY + 2 * DAY_MS);
    expect(locks().includes('total-drawdown')).toBe(locked);
    expect(state.highWaterMark).toBe(1000);
  });

  test('outlives the day', () => {
    const { see, locks } = watch();
    see(1000);
    see(890);
    see(890, DAY + DAY_MS);
    see(990, DAY + 2 * DAY_MS);
    expect(locks()).toEqual(['total-drawdown']);
  });

  test('states its limit and value', () => {
    const { state, see } = watch();
    see(1000);
    see(880);
    expect(state.locks['total-drawdown']).toMatchObject({
      limit: 0.1,
      value: 0.12,
      reason: 'equity 880.00 is 12.00 % below its high-water mark 1,000.00 (limit 10.00 %)',
    });
  });
});

describe('the minimum balance', () => {
  test.each([
    [100, false],
    [99.99, true],
  ])('at %d: %s', (equity, locked) => {
    const { see, locks } = watch();
    see(equity);
    expect(locks().includes('minimum-balance')).toBe(locked);
  });

  test('states its limit and value, once, and stays though the balance is restored', () => {
    const { state, see, locks } = watch();
    expect(see(90).filter((change) => change.type === 'lock-set')).toHaveLength(1);
    expect(state.locks['minimum-balance']).toMatchObject({
      limit: 100,
      value: 90,
      reason: 'equity 90.00 is below the minimum 100.00',
    });
    expect(see(89).filter((change) => change.type === 'lock-set')).toHaveLength(0);
    see(150);
    expect(locks()).toEqual(['minimum-balance']);
  });
});

describe('announcements', () => {
  const steps = (changes: readonly Change[]): (number | string)[] =>
    changes.flatMap((change) => (change.type === 'drawdown-step' ? [change.name, change.step] : []));

  test('of a day: at 50, 75 and 90 % of the limit, each once, again after a recovery to the baseline', () => {
    const { see } = watch();
    see(1000);
    expect(steps(see(990.1))).toEqual([]);
    expect(steps(see(990))).toEqual(['daily', 0.5]);
    expect(steps(see(989))).toEqual([]);
    expect(steps(see(982))).toEqual(['daily', 0.9]);
    expect(steps(see(985))).toEqual([]);
    expect(steps(see(999))).toEqual([]);
    expect(steps(see(990))).toEqual([]);
    see(1000);
    expect(steps(see(985))).toEqual(['daily', 0.75]);
  });

  test('of the whole: carries its limit and value', () => {
    const { see } = watch();
    see(1000);
    see(985, DAY + DAY_MS);
    see(970, DAY + 2 * DAY_MS);
    see(955, DAY + 3 * DAY_MS);
    const changes = see(945, DAY + 4 * DAY_MS);
    expect(steps(changes)).toEqual(['daily', 0.5, 'total', 0.5]);
    expect(changes.find((change) => change.type === 'drawdown-step' && change.name === 'total')).toMatchObject({
      limit: 0.1,
      drawdown: 0.05500000000000005,
    });
    see(1000);
    expect(steps(see(949))).toContain('total');
  });

  test('begin anew with the day', () => {
    const { see } = watch();
    see(1000);
    see(990);
    expect(steps(see(990, DAY + DAY_MS))).toEqual([]);
    expect(steps(see(980.1))).toEqual(['daily', 0.5]);
  });
});

test('a fraction is written as a percentage with two decimals, or as many as are asked for', () => {
  expect(percent(0.02)).toBe('2.00 %');
  expect(percent(0.12345, 1)).toBe('12.3 %');
});

/** Whether one equity would be passed. */
const isQuiet = (state: GuardianState, at: number, equity: number): boolean =>
  passEquities(state, at, Float64Array.of(equity), 1, DEFAULT_LIMITS, false) === 1;

describe('a look ahead', () => {
  const factor = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const moves = fc.array(
    fc.record({
      by: fc.oneof(
        { arbitrary: factor(0.994, 1.005), weight: 6 },
        { arbitrary: factor(0.9, 1.05), weight: 2 },
        { arbitrary: factor(0.05, 0.2), weight: 1 },
      ),
      hours: fc.integer({ min: 1, max: 30 }),
    }),
    { minLength: 2, maxLength: 30 },
  );

  test('says of an equity that it changes no more than marks exactly when evaluating it sets, clears and announces nothing', () => {
    let quiet = 0;
    fc.assert(
      fc.property(moves, fc.boolean(), (steps, keepsLocks) => {
        const { state, see } = watch();
        see(1000);
        let [at, equity] = [DAY + 60_000, 1000];
        for (const { by, hours } of steps) {
          equity *= by;
          at += hours * HOUR_MS;
          // As after an /unlock: the lock is gone, the loss is not.
          if (!keepsLocks) state.locks = {};
          const said = isQuiet(state, at, equity);
          const held = Object.keys(state.locks);
          const changes = see(equity, at).filter(({ type }) => type !== 'baseline');
          if (said) {
            expect(changes).toEqual([]);
            quiet += 1;
          } else if (held.length === 0) expect(changes).not.toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
    expect(quiet).toBeGreaterThan(500);
  });

  test('equities passed together leave the state that evaluating them one by one leaves, days that begin among them', () => {
    const held = fc.constantFrom(null, 'daily-drawdown', 'total-drawdown', 'minimum-balance');
    const move = fc.oneof(
      { arbitrary: factor(0.998, 1.003), weight: 30 },
      { arbitrary: factor(0.98, 1.05), weight: 1 },
    );
    const moves = fc.array(move, { minLength: 1, maxLength: 60, size: 'max' });
    let longest = 0;
    fc.assert(
      fc.property(held, fc.integer({ min: 0, max: 23 }), moves, (lock, hour, factors) => {
        const { state, see } = watch();
        see(1000);
        if (lock !== null)
          state.locks = {
            [lock]: { id: lock, kind: lock, symbol: null, since: DAY, reason: '', limit: null, value: null },
          };
        const from = DAY + hour * HOUR_MS + HOUR_MS;
        const equities = Float64Array.from(factors);
        for (let k = 0, equity = 1000; k < equities.length; k += 1) equities[k] = equity *= factors[k] ?? 1;
        const untouched = JSON.stringify(state);
        const hours = passEquities(state, from, equities, equities.length, DEFAULT_LIMITS, false);
        expect(JSON.stringify(state)).toBe(untouched);
        const passed: GuardianState = structuredClone(state);
        expect(passEquities(passed, from, equities, hours, DEFAULT_LIMITS, true)).toBe(hours);
        for (let k = 0; k < hours; k += 1)
          expect(see(equities[k] ?? 0, from + k * HOUR_MS).filter(({ type }) => type !== 'baseline')).toEqual([]);
        expect(passed).toEqual(state);
        if (hours < equities.length) {
          // Under a lock an hour may be left although it would change nothing.
          const changes = see(equities[hours] ?? 0, from + hours * HOUR_MS).filter(({ type }) => type !== 'baseline');
          if (lock === null) expect(changes).not.toEqual([]);
        }
        longest = Math.max(longest, hours);
      }),
      { numRuns: 500 },
    );
    expect(longest).toBeGreaterThan(30);
  });

  test('sees the minimum, too, where no drawdown is near', () => {
    const { state, see } = watch();
    see(100.4);
    expect(isQuiet(state, DAY + HOUR_MS, 100)).toBe(true);
    expect(isQuiet(state, DAY + HOUR_MS, 99.99)).toBe(false);
  });

  test('passes no hour of an account that has nothing to lose: what is announced of it begins anew, and the two must not part', () => {
    const { state } = watch();
    const held = (id: 'daily-drawdown' | 'total-drawdown' | 'minimum-balance') => ({
      id,
      kind: id,
      symbol: null,
      since: DAY,
      reason: '',
      limit: null,
      value: null,
    });
    Object.assign(state, {
      day: DAY,
      dayBaseline: 4e-7,
      highWaterMark: 4e-7,
      lastEquity: { value: 2e-7, at: DAY },
      announced: { daily: 3, total: 3 },
    });
    state.locks = {
      'daily-drawdown': held('daily-drawdown'),
      'total-drawdown': held('total-drawdown'),
      'minimum-balance': held('minimum-balance'),
    };
    expect(isQuiet(state, DAY + HOUR_MS, 1e-7)).toBe(false);
    evaluateEquity(state, { at: DAY + HOUR_MS, changes: [] }, 1e-7, DEFAULT_LIMITS);
    expect(state.announced).toEqual({ daily: 0, total: 0 });
  });

  test('knows nothing before the first equity', () => {
    const { state } = watch();
    expect(isQuiet(state, DAY, 1000)).toBe(false);
  });
});
