import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimal, toNumber } from '../../src/core/decimal.ts';
import { BTC, ETH, World, type Fate } from '../../src/core/engine/world.test-helper.ts';
import type { LockKind } from '../../src/core/guardian/lock.ts';
import type { GuardianState } from '../../src/core/guardian/state.ts';
import { EntryOracle } from './entry-oracle.test-helper.ts';
import { happen, happening, type Happening } from './guardian-model.test-helper.ts';
import { LockOracle } from './lock-oracles.test-helper.ts';

const NIGHTLY = process.env['NIGHTLY'] === '1';
const RUNS = NIGHTLY ? 5_000 : 60;
const ACCEPT: Fate = { kind: 'accept' };
const OFTEN: readonly LockKind[] = [
  'kill-switch',
  'daily-drawdown',
  'stale-data',
  'clock-skew',
  'execution',
  'crash-loop',
];
/** Reached in a few of a hundred histories. */
const SELDOM: readonly LockKind[] = ['total-drawdown', 'minimum-balance'];
const FOLLOWED: readonly LockKind[] = [...OFTEN, ...SELDOM];

/**
 * What the histories of the other properties seldom have: nights, wild books, old prices, confirmations that come late.
 */
type Rare =
  | { readonly kind: 'to-midnight'; readonly seconds: number; readonly factor: number }
  /** One position after the other falls through its stop, and is unlocked each time. */
  | { readonly kind: 'falls'; readonly typed: number }
  | {
      readonly kind: 'book';
      readonly symbol: string;
      readonly factor: number;
      readonly beside: number;
      readonly age: number;
    }
  | { readonly kind: 'quiet'; readonly seconds: number }
  | { readonly kind: 'starts'; readonly count: number; readonly apart: number }
  | { readonly kind: 'deposit'; readonly share: number }
  | { readonly kind: 'skew-at'; readonly skew: number | null }
  /** Drill after drill, each position sold at once. */
  | { readonly kind: 'drills'; readonly count: number; readonly apart: number }
  /** Everything is well and unlocked again, and a position is bought. */
  | { readonly kind: 'revive'; readonly symbol: string; readonly fate: Fate }
  | {
      readonly kind: 'unlock';
      readonly typed: number | null;
      readonly ago: number | null;
      readonly shown: number | null;
    };

const of = <K extends Rare['kind']>(kind: K): fc.Arbitrary<K> => fc.constant(kind);
const rare: fc.Arbitrary<Rare> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: of('revive'),
      symbol: fc.constantFrom(BTC, ETH),
      fate: fc.constantFrom<Fate>(
        ACCEPT,
        ACCEPT,
        { kind: 'reject' },
        { kind: 'unknown', arrives: true },
        { kind: 'unknown', arrives: false },
        { kind: 'silence' },
      ),
    }),
  },
  fc.record({ kind: of('drills'), count: fc.integer({ min: 1, max: 12 }), apart: fc.constantFrom(1, 330, 360, 361) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('to-midnight'),
      seconds: fc.constantFrom(-30, 0, 1, 200, 400),
      factor: fc.constantFrom(1, 0.995, 1.004, 0.98, 1.07),
    }),
  },
  fc.record({ kind: of('falls'), typed: fc.constantFrom(1, 0.979, 0.981, 1.019, 1.021) }),
  fc.record({
    kind: of('book'),
    symbol: fc.constantFrom(BTC, ETH),
    factor: fc.constantFrom(1.06, 1.2, 0.94, 0.995, 1, 1.002, 0.9),
    beside: fc.constantFrom(-0.01, 0, 0, 0.02),
    age: fc.constantFrom(0, 0, 100, 299, 300, 301),
  }),
  fc.record({ kind: of('quiet'), seconds: fc.constantFrom(60, 61, 240, 300, 300, 301, 1_800, 1_801) }),
  fc.record({ kind: of('starts'), count: fc.integer({ min: 1, max: 5 }), apart: fc.constantFrom(10, 149, 150, 151) }),
  fc.record({ kind: of('deposit'), share: fc.constantFrom(0.05, -0.015, 0.3, -0.25, -0.25) }),
  fc.record({ kind: of('skew-at'), skew: fc.constantFrom(0, 499, -499, 500, 999, 1_000, 1_001, -1_001, null) }),
  fc.record({
    kind: of('unlock'),
    typed: fc.constantFrom(1, 1, 1, 0.979, 0.981, 1.02, 1.03, null),
    ago: fc.constantFrom(null, null, 0, 100),
    shown: fc.constantFrom(null, 1, 1.019, 1.03),
  }),
);

const happenRarely = (world: World, what: Rare, fates: Record<'entry' | 'stop' | 'exit', Fate>): void => {
  switch (what.kind) {
    case 'to-midnight': {
      const midnight = Math.ceil(world.at / 86_400_000) * 86_400_000;
      world.pass(Math.max(0, midnight + what.seconds * 1_000 - world.at));
      return happen(world, { kind: 'price', symbol: BTC, factor: what.factor }, fates);
    }
    case 'falls':
      for (const symbol of [BTC, ETH]) {
        happenRarely(world, { kind: 'revive', symbol, fate: ACCEPT }, fates);
        happenRarely(world, { kind: 'book', symbol, factor: 0.94, beside: 0, age: 0 }, fates);
        happenRarely(world, { kind: 'unlock', typed: what.typed, ago: null, shown: null }, fates);
      }
      return;
    case 'book': {
      const last = Math.round((world.exchange.prices[what.symbol] ?? 1) * what.factor * 100) / 100;
      world.moveExchange(what.symbol, last);
      return void world.apply({
        type: 'quotes',
        quotes: [
          {
            symbol: what.symbol,
            last,
            bid: last * (1 + what.beside) * 0.9999,
            ask: last * (1 + what.beside) * 1.0001,
            at: world.at - what.age * 1_000,
          },
        ],
      });
    }
    case 'quiet':
      // One second short of it, and then it.
      world.timer((what.seconds - 1) * 1_000);
      return void world.timer(1_000);
    case 'starts':
      for (let count = 0; count < what.count; count += 1) {
        world.pass(what.apart * 1_000);
        world.restart();
      }
      return;
    case 'drills':
      for (let count = 0; count < what.count; count += 1) {
        world.pass(what.apart * 1_000);
        world.quotes();
        world.unlock(['kill-switch']);
        world.command({ name: 'round-trip', symbol: BTC });
        world.command({ name: 'flatten', symbol: BTC });
      }
      return;
    case 'deposit':
      world.exchange.move('USDT', decimal((toNumber(world.exchange.free('USDT')) * what.share).toFixed(2)));
      world.account();
      return void world.account();
    case 'skew-at':
      return void world.apply({ type: 'clock-skew', skew: what.skew });
    case 'revive': {
      happen(world, { kind: 'recover' }, fates);
      world.unlock(undefined, (world.state.guardian.lastEquity?.value ?? 0) * world.config.limits.maxDailyDrawdown);
      fates.stop = what.fate;
      if (what.fate.kind === 'reject') fates.exit = what.fate;
      return happen(world, { kind: 'signal', symbol: what.symbol }, fates);
    }
    case 'unlock': {
      const equity = world.state.guardian.lastEquity?.value ?? 0;
      const typed = what.typed === null ? null : what.typed * equity * world.config.limits.maxDailyDrawdown;
      const shown = what.ago === null ? {} : { shownAt: world.at - what.ago * 1_000 };
      const worth = what.shown === null ? {} : { shownEquity: what.shown * equity };
      return void world.command({
        name: 'unlock',
        reason: 'test',
        lockIds: world.locks(),
        newLossPermitted: typed,
        ...shown,
        ...worth,
      });
    }
  }
};

const isRare = (what: Happening | Rare): what is Rare =>
  ['to-midnight', 'falls', 'book', 'quiet', 'starts', 'deposit', 'skew-at', 'drills', 'revive', 'unlock'].includes(
    what.kind,
  );
const isFollowed = (id: string): boolean => (FOLLOWED as readonly string[]).includes(id.split(':')[0] ?? '');

/** Where the oracle and the Guardian are not of one mind, or null. */
const differenceOf = (oracle: LockOracle, { locks, dayBaseline, highWaterMark }: GuardianState): string | null => {
  for (const [id, since] of oracle.locks)
    if (locks[id]?.since !== since) return `${id} should be held since ${since}, not ${locks[id]?.since ?? 'at all'}`;
  for (const { id } of Object.values(locks))
    if (isFollowed(id) && !oracle.locks.has(id)) return `${id} should not be held`;
  const apart = (ours: number | null, theirs: number | null): boolean =>
    ours === null ? theirs !== null : theirs === null || !(Math.abs(ours - theirs) < 1e-6);
  if (apart(oracle.dayBaseline, dayBaseline))
    return `the day's baseline should be ${oracle.dayBaseline}, not ${dayBaseline}`;
  return apart(oracle.highWaterMark, highWaterMark)
    ? `the high-water mark should be ${oracle.highWaterMark}, not ${highWaterMark}`
    : null;
};

const seen = new Map<string, number>();

const followIt = (world: World): void => {
  const { limits } = world.config;
  const oracle = new LockOracle([BTC, ETH], {
    daily: limits.maxDailyDrawdown,
    total: limits.maxTotalDrawdown,
    least: limits.minBalance,
    age: limits.maxDataAgeSeconds * 1_000,
    losses: limits.maxConsecutiveLosses,
  });
  const entries = new EntryOracle(seen);
  world.after = (input, effects) => {
    oracle.step(input, effects, world.state);
    const { guardian } = world.state;
    if (oracle.closest < 1e-9) throw new fc.PreconditionFailure();
    const wrong = differenceOf(oracle, guardian) ?? entries.judge(world.state, effects, 500);
    if (wrong !== null) throw new Error(`after ${input.type}: ${wrong}`);
    for (const effect of effects)
      if (effect.type === 'lock')
        seen.set(`${effect.lock.kind} ${effect.change}`, (seen.get(`${effect.lock.kind} ${effect.change}`) ?? 0) + 1);
  };
};

test('locks are set and cleared exactly when their rules, written down naively, say so, and entries are as large and as frequent as the rules allow', {
  timeout: NIGHTLY ? 900_000 : 60_000,
}, () => {
  const any: fc.Arbitrary<Happening | Rare> = fc.oneof(
    { weight: 5, arbitrary: happening(true) },
    { weight: 3, arbitrary: rare },
  );
  fc.assert(
    fc.property(
      fc.array(any, { maxLength: 120, size: 'max' }),
      fc.constantFrom('10000', '10000', '125'),
      fc.boolean(),
      (history, opening, coin) => {
        const world = new World({
          balances: coin ? { USDT: opening, BNB: '0.1' } : { USDT: opening },
          config: { feeAsset: coin ? 'BNB' : null },
        });
        followIt(world);
        world.ready();
        const fates = { entry: ACCEPT, stop: ACCEPT, exit: ACCEPT };
        for (const what of history) {
          if (isRare(what)) happenRarely(world, what, fates);
          else if (what.kind !== 'listing') happen(world, what, fates);
        }
      },
    ),
    { numRuns: RUNS },
  );
  for (const kind of NIGHTLY ? FOLLOWED : OFTEN)
    for (const change of ['set', 'cleared']) expect(seen.has(`${kind} ${change}`), `${kind} ${change}`).toBe(true);
  for (const what of [
    'cut by risk-per-trade',
    'cut by exposure-gross',
    'cut by loss-budget',
    ...(NIGHTLY ? ['loss-budget', 'entry-throttle', 'entry-repeated'] : []),
  ])
    expect(seen.has(what), what).toBe(true);
});
