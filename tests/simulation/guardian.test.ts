import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeState, encodeEffects, encodeState } from '../../src/core/engine/codec.ts';
import { LOCKS } from '../../src/core/guardian/lock.ts';
import { createEngineState, symbolOf } from '../../src/core/engine/state.ts';
import { step } from '../../src/core/engine/step.ts';
import { BTC, ETH, seconds, World, type Fate } from '../../src/core/engine/world.test-helper.ts';
import { happen, happening, type Happening } from './guardian-model.test-helper.ts';
import { invariants } from './guardian-invariants.test-helper.ts';

/** Histories per property: 500 in all in `npm test`, 10,000 with NIGHTLY=1. */
const NIGHTLY = process.env['NIGHTLY'] === '1';
const RUNS = NIGHTLY ? 5_000 : 250;
const TIME = { timeout: NIGHTLY ? 900_000 : 60_000 };
const ACCEPT: Fate = { kind: 'accept' };

/** Lives one history; every step is checked. */
const live = (
  history: readonly Happening[],
  cash: boolean,
  opening = '10000',
  begin: (world: World) => void = () => undefined,
): World => {
  const balances = cash ? { USDT: opening, BNB: '0.1' } : { USDT: opening };
  const world = new World({ balances, config: { feeAsset: cash ? 'BNB' : null } });
  world.after = invariants(world);
  begin(world);
  world.ready();
  const fates = { entry: ACCEPT, stop: ACCEPT, exit: ACCEPT };
  for (const what of history) happen(world, what, fates);
  return world;
};

/** The exchange behaves again and the operator wants out: whatever is locked, everything is sold. */
const leave = (world: World): void => {
  world.fate = () => ACCEPT;
  world.cancelWorks = true;
  world.exchange.stopsFill = true;
  for (let round = 0; round < 40; round += 1) {
    world.resolve();
    // Every market is listed again.
    world.account();
    world.command({ name: 'flatten', symbol: null });
    world.quotes();
    world.timer(seconds(5));
  }
};

/** The exchange answers, data are fresh and calm, days go by, and an operator looks after what wants one. */
const getWell = (world: World): void => {
  world.fate = () => ACCEPT;
  world.cancelWorks = true;
  world.exchange.stopsFill = true;
  for (let day = 0; day < 4; day += 1) {
    for (let minute = 0; minute < 7; minute += 1) {
      world.timer(seconds(60));
      beWell(world);
    }
    world.command({ name: 'reconcile' });
    beWell(world);
    world.command({ name: 'resume' });
    world.unlock(undefined, (world.state.guardian.lastEquity?.value ?? 0) * world.config.limits.maxDailyDrawdown);
    for (let hour = 0; hour < 30; hour += 1) world.hour({ [BTC]: 0.0005, [ETH]: 0.0005 });
    world.command({ name: 'flatten', symbol: null });
    beWell(world);
  }
};

const beWell = (world: World): void => {
  world.resolve();
  world.apply({ type: 'clock-skew', skew: 0 });
  world.apply({ type: 'model-status', valid: true, detail: '', drift: { value: 0.01, limit: 0.25 } });
  world.apply({ type: 'reach', unreachable: null });
  world.account();
  world.account();
  world.quotes();
  world.quotes();
};

/** Beside the world's engine goes one that is restored from its snapshot every so many steps. */
const followRestored = (world: World, every: number): void => {
  let restored = createEngineState();
  let steps = 0;
  world.restart = () => void world.start();
  world.step = (input) => {
    steps += 1;
    if (steps % every === 0) restored = decodeState(encodeState(restored));
    const effects = step(world.state, input);
    expect(firstDifference(encodeEffects(step(restored, structuredClone(input))), encodeEffects(effects))).toBeNull();
    if (steps % every === 0) expect(firstDifference(encodeState(restored), encodeState(world.state))).toBeNull();
    return effects;
  };
};

/** Where two texts part, with what stands around it; null when they are equal. */
const firstDifference = (a: string, b: string): string | null => {
  if (a === b) return null;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return `${a.slice(Math.max(0, at - 80), at + 40)} <> ${b.slice(Math.max(0, at - 80), at + 40)}`;
};

const longer = { maxLength: 120, size: 'max' } as const;

/** What the histories have reached: properties over histories in which nothing happens would prove nothing. */
const seen = new Map<string, number>();
const note = (world: World): void => {
  for (const effect of world.effects) {
    const what =
      effect.type === 'lock'
        ? `${effect.lock.kind} ${effect.change}`
        : effect.type === 'place'
          ? `place ${effect.order.draft.purpose}`
          : effect.type;
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
};

describe('whatever happens', () => {
  test(
    'no entry under a lock or on unknowns, caps and loss budget hold, locks loosen by their rule only, the books balance',
    TIME,
    () => {
      fc.assert(
        fc.property(fc.array(happening(true), longer), fc.constantFrom('10000', '10000', '54'), (history, opening) => {
          note(live(history, true, opening));
        }),
        { numRuns: RUNS },
      );
    },
  );

  test('exits get through any lock, and then the ledger is the exchange to the last decimal', TIME, () => {
    fc.assert(
      fc.property(fc.array(happening(false), longer), (history) => {
        const world = live(history, false);
        leave(world);
        for (const name of [BTC, ETH]) {
          expect(world.managed(name)).toBeNull();
          // What is left was dust when the position closed; the price may have risen since.
          expect(world.state.ledger.positions[name]?.trade ?? null).toBeNull();
          expect(symbolOf(world.state, name).heldNumber * (world.exchange.prices[name] ?? 0)).toBeLessThan(10);
          expect(world.state.ledger.positions[name]?.quantity ?? 0n).toBe(world.exchange.of(name.split('/')[0] ?? ''));
        }
        expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
        expect(world.exchange.openOrders()).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('a restart anywhere changes nothing: the journal replays to the same effects and the same state', TIME, () => {
    fc.assert(
      fc.property(fc.array(happening(true), longer), (history) => {
        const world = live(history, true);
        const state = createEngineState();
        const effects = world.journal.flatMap((input) => step(state, input));
        expect(firstDifference(encodeEffects(effects), encodeEffects(world.effects))).toBeNull();
        expect(firstDifference(encodeState(state), encodeState(world.state))).toBeNull();
      }),
      { numRuns: Math.ceil(RUNS / 5) },
    );
  });

  test(
    'a bot restored from a snapshot at any point decides and tells what the one that was never stopped does, step by step',
    TIME,
    () => {
      fc.assert(
        fc.property(fc.array(happening(true), longer), fc.integer({ min: 1, max: 12 }), (history, every) => {
          live(history, true, '10000', (world) => followRestored(world, every));
        }),
        { numRuns: Math.ceil(RUNS / 25) },
      );
    },
  );

  test(
    'nothing stays locked once the world is well and an operator has cleared what wants a person: both symbols are bought and protected',
    TIME,
    () => {
      fc.assert(
        fc.property(fc.array(happening(false), longer), (history) => {
          const world = live(history, false);
          getWell(world);
          expect(world.locks()).toEqual([]);
          for (const name of [BTC, ETH]) {
            world.predict(name);
            expect([world.decision().text, world.managed(name)?.phase]).toEqual([
              expect.stringContaining('entry'),
              'protected',
            ]);
          }
        }),
        { numRuns: Math.ceil(RUNS / 10) },
      );
    },
  );

  test('and the histories are worth it: most kinds of lock are set in them, orders of every kind are placed', () => {
    const rare: readonly string[] = ['start-gate', 'crash-loop', 'volatility', 'total-drawdown'];
    for (const kind of Object.keys(LOCKS))
      if (!rare.includes(kind)) expect(seen.has(`${kind} set`), `${kind} set`).toBe(true);
    for (const purpose of ['entry', 'stop', 'exit']) expect(seen.get(`place ${purpose}`), purpose).toBeGreaterThan(100);
    expect(seen.get('trade')).toBeGreaterThan(100);
  });
});
