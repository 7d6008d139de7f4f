import fc from 'fast-check';
import { decimal, decimalFromNumber, mulDown, neg } from '../../core/decimal.ts';
import { BTC, ETH, seconds, World } from '../../core/engine/world.test-helper.ts';
import { DAY_MS } from '../../core/units.ts';
import type { UnlockPreview } from '../../ports/operator.ts';
import { unlockPreview } from './unlock-preview.ts';

/** What may happen before an /unlock, and between its question and its button. */
const KINDS = [
  'enter',
  'price',
  'beside-the-book',
  'lose-cash',
  'lose-coins',
  'overdraw-cash',
  'overdraw-coins',
  'loss',
  'halt',
  'read',
  'compare',
  'drift',
  'hours',
  'day',
  'stops',
  'mark',
] as const;

export interface Act {
  readonly kind: (typeof KINDS)[number];
  /** From 0 to 1: how much of it. */
  readonly size: number;
  readonly symbol: string;
  /** Time that passes after it: none, so that two things fall into one moment, or some seconds. */
  readonly gap: 0 | 5;
}

/** Everything before the question. */
export interface History {
  readonly cash: string;
  /** Whether both symbols are held from the beginning, with stops that do not fill. */
  readonly invested: boolean;
  /** Whether no order gets out from then on: what would be sold stays. */
  readonly stuck: boolean;
  /** High-water mark over the opening equity. */
  readonly peak: number;
  readonly acts: readonly Act[];
}

const sizes = fc.oneof(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom(0, 0.0001, 0.03, 0.4, 1));

const act = (kinds: readonly Act['kind'][]): fc.Arbitrary<Act> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    size: sizes,
    symbol: fc.constantFrom(BTC, ETH),
    gap: fc.constantFrom<Act['gap'][]>(0, 5),
  });

export const actsBetween = (minLength: number, maxLength: number): fc.Arbitrary<readonly Act[]> =>
  fc.array(act(KINDS), { minLength, maxLength });

/** Only what has been compared may be accepted: mostly a loss, then a comparison, then more of everything. */
const comparedLosses = fc
  .tuple(
    actsBetween(0, 4),
    fc.array(act(['lose-cash', 'lose-coins', 'overdraw-cash', 'overdraw-coins']), { maxLength: 3 }),
    actsBetween(0, 4),
  )
  .map(([first, lost, then]): readonly Act[] => [
    ...first,
    ...lost,
    { kind: 'compare', size: 0, symbol: BTC, gap: 5 },
    ...then,
  ]);

export const histories: fc.Arbitrary<History> = fc.record({
  cash: fc.constantFrom('10000', '150'),
  invested: fc.boolean(),
  stuck: fc.boolean(),
  peak: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 1.2, noNaN: true })),
  acts: fc.oneof(comparedLosses, actsBetween(4, 16)),
});

const share = (world: World, asset: string, size: number) => mulDown(world.exchange.of(asset), decimalFromNumber(size));

const compare = (world: World): void => {
  world.command({ name: 'reconcile' });
  for (let reading = 0; reading < 2; reading += 1) world.account();
};

const DEEDS: Readonly<Record<Act['kind'], (world: World, size: number, symbol: string) => void>> = {
  enter: (world, _size, symbol) => void world.predict(symbol),
  price: (world, size, symbol) =>
    void world.quotes({ [symbol]: (world.exchange.prices[symbol] ?? 0) * (0.9 + size * 0.15) }),
  'beside-the-book': (world, size, symbol) => {
    const price = world.exchange.prices[symbol] ?? 1;
    world.apply({
      type: 'quotes',
      quotes: [{ symbol, last: price * (1 + 0.2 * size), bid: price * 0.9999, ask: price * 1.0001, at: world.at }],
    });
  },
  'lose-cash': (world, size) => world.exchange.move('USDT', neg(share(world, 'USDT', size))),
  'lose-coins': (world, size, symbol) => {
    const asset = symbol.slice(0, 3);
    world.exchange.move(asset, neg(share(world, asset, size)));
  },
  // Sums whatever is there: more than the account has, too, as where a reading is older than a sale.
  'overdraw-cash': (world, size) => world.exchange.move('USDT', decimal((-1 - size * 600).toFixed(2))),
  'overdraw-coins': (world, _size, symbol) => world.exchange.move(symbol.slice(0, 3), decimal('-0.1')),
  loss: (world, _size, symbol) => {
    const { guardian } = world.state;
    guardian.lossStreak = [...guardian.lossStreak, { symbol, pnlFraction: -0.01, closedAt: world.at }];
    world.timer();
  },
  halt: (world) => void world.command({ name: 'halt', reason: '' }),
  read: (world, size) => {
    world.account();
    if (size > 0.3) world.account();
  },
  compare,
  drift: (world, size) =>
    void world.apply({
      type: 'model-status',
      valid: true,
      detail: '',
      drift: size < 0.2 ? null : { value: size, limit: 0.25 },
    }),
  hours: (world, size) => world.hours(1 + Math.floor(size * 7)),
  day: (world) => {
    world.pass(DAY_MS);
    world.quotes();
  },
  stops: (world, size) => void (world.exchange.stopsFill = size > 0.5),
  mark: (world, size) => {
    const { guardian } = world.state;
    guardian.highWaterMark = (guardian.highWaterMark ?? 0) * (1 + size * 0.1);
    world.timer();
  },
};

export const play = (world: World, acts: readonly Act[]): World => {
  for (const { kind, size, symbol, gap } of acts) {
    DEEDS[kind](world, size, symbol);
    world.pass(seconds(gap));
  }
  return world;
};

export const worldAfter = ({ cash, invested, stuck, peak, acts }: History): World => {
  const world = new World({ balances: { USDT: cash } }).ready();
  if (invested) {
    for (const symbol of [BTC, ETH]) world.predict(symbol);
    world.exchange.stopsFill = false;
  }
  if (stuck) world.fate = () => ({ kind: 'not-sent' });
  world.state.guardian.highWaterMark = (world.state.guardian.highWaterMark ?? 0) * peak;
  world.timer();
  return play(world, acts);
};

export const previewOf = (world: World): UnlockPreview =>
  unlockPreview(world.state, { market: world.at, wall: world.wall });

export const confirm = (
  world: World,
  { shown: { serials: _serials, ...shown }, locks, newLossPermitted }: UnlockPreview,
): ReturnType<World['command']> =>
  world.command({ name: 'unlock', reason: '', ...shown, lockIds: locks.map(({ id }) => id), newLossPermitted });
