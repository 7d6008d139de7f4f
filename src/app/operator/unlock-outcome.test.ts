import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalFromNumber, mulDown, neg } from '../../core/decimal.ts';
import { markEquity } from '../../core/engine/marking.ts';
import { BTC, ETH, seconds, World } from '../../core/engine/world.test-helper.ts';
import { LOCKS } from '../../core/guardian/lock.ts';
import { DAY_MS } from '../../core/units.ts';
import { money } from '../../core/words.ts';
import { unlockPreview } from './unlock-preview.ts';

type Act = {
  readonly kind: 'price' | 'beside-the-book' | 'lose-cash' | 'lose-coins' | 'loss' | 'halt' | 'compare' | 'day';
  readonly size: number;
  readonly symbol: string;
};

const acts = (maxLength: number) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom<Act['kind'][]>(
        'price',
        'beside-the-book',
        'lose-cash',
        'lose-coins',
        'loss',
        'halt',
        'compare',
        'day',
      ),
      size: fc.double({ min: 0, max: 1, noNaN: true }),
      symbol: fc.constantFrom(BTC, ETH),
    }),
    { maxLength },
  );

const losses = fc.array(
  fc.record({
    kind: fc.constantFrom<Act['kind'][]>('lose-cash', 'lose-coins'),
    size: fc.constantFrom(0, 0.0001, 0.03, 0.4, 1),
    symbol: fc.constantFrom(BTC, ETH),
  }),
  { maxLength: 3 },
);

const share = (world: World, asset: string, size: number) => mulDown(world.exchange.of(asset), decimalFromNumber(size));

const COMPARE: Act = { kind: 'compare', size: 0, symbol: BTC };

const compare = (world: World): void => {
  world.command({ name: 'reconcile' });
  for (let reading = 0; reading < 2; reading += 1) world.account();
};

const perform = (world: World, { kind, size, symbol }: Act): void => {
  const price = world.exchange.prices[symbol] ?? 1;
  const { guardian } = world.state;
  switch (kind) {
    case 'price':
      return void world.quotes({ [symbol]: price * (0.96 + 0.08 * size) });
    case 'beside-the-book':
      return void world.apply({
        type: 'quotes',
        quotes: [{ symbol, last: price * (1 + 0.2 * size), bid: price * 0.9999, ask: price * 1.0001, at: world.at }],
      });
    case 'lose-cash':
      return world.exchange.move('USDT', neg(share(world, 'USDT', size)));
    case 'lose-coins':
      return world.exchange.move(symbol.slice(0, 3), neg(share(world, symbol.slice(0, 3), size)));
    case 'loss':
      guardian.lossStreak = [...guardian.lossStreak, { symbol, pnlFraction: -0.01, closedAt: world.at }];
      return;
    case 'halt':
      return void world.command({ name: 'halt', reason: '' });
    case 'compare':
      return compare(world);
    case 'day':
      world.pass(DAY_MS);
      return void world.quotes();
  }
};

test('whatever has happened, /unlock does what it has shown: it clears those locks, moves those baselines, and what trips of it was named', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1.2, noNaN: true }), acts(4), losses, acts(4), (peak, first, lost, then) => {
      const world = new World().ready().enter().enter(ETH);
      world.exchange.stopsFill = false;
      world.state.guardian.highWaterMark = 10_000 * peak;
      world.fate = () => ({ kind: 'not-sent' });
      for (const act of [...first, ...lost, COMPARE, ...then]) {
        perform(world, act);
        world.pass(seconds(5));
      }
      const { shown, locks, baselines, newLossPermitted, refusals } = unlockPreview(world.state, {
        market: world.at,
        wall: world.wall,
      });
      const before = world.locks();
      const result = world.command({
        name: 'unlock',
        reason: '',
        ...shown,
        lockIds: locks.map(({ id }) => id),
        newLossPermitted,
      });
      const story = JSON.stringify([
        peak,
        first,
        lost,
        then,
        before,
        locks.map(({ id }) => id),
        baselines,
        refusals,
        result.text,
        world.locks(),
      ]);
      expect([result.ok, story]).toEqual([locks.length > 0, story]);
      const { guardian } = world.state;
      const cleared = locks.map(({ id }) => id);
      const equity = markEquity(world.state, world.at, world.wall).value;
      if (shown.shownEquity !== undefined)
        expect([Math.abs(shown.shownEquity - (equity ?? 0)) < 0.01, story]).toEqual([true, story]);
      for (const [name, value] of [
        ['day baseline', guardian.dayBaseline],
        ['high-water mark', guardian.highWaterMark],
      ] as const) {
        const line = baselines.find((text) => text.startsWith(name));
        if (line !== undefined) expect([line.split(' -> ')[1], story]).toEqual([money(value ?? 0), story]);
      }
      const tripped = world
        .locks()
        .filter((id) => id !== 'execution' && (!before.includes(id) || cleared.includes(id)));
      const named = Object.entries(LOCKS).flatMap(([kind, { title }]) =>
        baselines.some((line) => line.includes(`: ${title} locks`)) ? [kind] : [],
      );
      expect([tripped, story]).toEqual([named.sort(), story]);
    }),
    {
      numRuns: 500,
      seed: 1,
      examples: [
        [
          1.05,
          [{ kind: 'beside-the-book', size: 0.2, symbol: ETH }],
          [{ kind: 'lose-coins', size: 0.4, symbol: ETH }],
          [],
        ],
      ],
    },
  );
});
