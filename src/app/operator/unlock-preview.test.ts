import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimal, toNumber, ZERO } from '../../core/decimal.ts';
import { BTC, ETH, World } from '../../core/engine/world.test-helper.ts';
import { SECOND_MS } from '../../core/units.ts';
import type { UnlockPreview } from '../../ports/operator.ts';
import { unlockPreview } from './unlock-preview.ts';

/** What may happen before an /unlock, and between its question and its button. `size`: from 0 to 1, how much of it. */
const EVENTS: Readonly<Record<string, (world: World, size: number) => void>> = {
  enterBtc: (world) => void world.predict(BTC),
  enterEth: (world) => void world.predict(ETH),
  moveBtc: (world, size) => void world.quotes({ [BTC]: (world.exchange.prices[BTC] ?? 0) * (0.9 + size * 0.15) }),
  moveEth: (world, size) => void world.quotes({ [ETH]: (world.exchange.prices[ETH] ?? 0) * (0.9 + size * 0.15) }),
  loseCash: (world, size) => world.exchange.move('USDT', decimal((-1 - size * 600).toFixed(2))),
  loseCoins: (world) => world.exchange.move('ETH', decimal('-0.1')),
  read: (world, size) => {
    world.account();
    if (size > 0.3) world.account();
  },
  reconcile: (world) => {
    world.command({ name: 'reconcile' });
    world.account();
    world.account();
  },
  halt: (world) => void world.command({ name: 'halt', reason: '' }),
  drift: (world, size) =>
    void world.apply({
      type: 'model-status',
      valid: true,
      detail: '',
      drift: size < 0.2 ? null : { value: size, limit: 0.25 },
    }),
  hours: (world, size) => world.hours(1 + Math.floor(size * 7)),
  stops: (world, size) => void (world.exchange.stopsFill = size > 0.5),
  mark: ({ state: { guardian } }, size) =>
    void (guardian.highWaterMark = (guardian.highWaterMark ?? 0) * (1 + size * 0.1)),
};

const anEvent = fc.tuple(
  fc.constantFrom(...Object.keys(EVENTS)),
  fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
);
type History = readonly (readonly [string, number])[];

const play = (world: World, history: History): World => {
  for (const [name, size] of history) EVENTS[name]?.(world, size);
  return world;
};
const worldAfter = (USDT: string, history: History): World => play(new World({ balances: { USDT } }).ready(), history);
const money = fc.constantFrom('150', '10000');
const before = fc.array(anEvent, { minLength: 4, maxLength: 16 });

const previewOf = (world: World): UnlockPreview => unlockPreview(world.state, { market: world.at, wall: world.wall });
const confirm = (world: World, { shown, locks, newLossPermitted }: UnlockPreview): ReturnType<World['command']> =>
  world.command({ name: 'unlock', reason: '', ...shown, lockIds: locks.map(({ id }) => id), newLossPermitted });
const amount = (text = '0'): number => Number(text.replaceAll(',', ''));

test('a silence that no rule can see end in this run is among what /unlock clears', () => {
  const world = worldAfter('10000', []);
  world.apply({ type: 'reach', unreachable: 'no alert has got through for 600 s' });
  expect(previewOf(world)).toMatchObject({ locks: [{ id: 'operators-unreachable' }], staying: [] });
});

test('what /unlock shows is what it does, whatever was before', () => {
  fc.assert(
    fc.property(money, before, (cash, history) => {
      const world = worldAfter(cash, history);
      const preview = previewOf(world);
      if (preview.locks.length === 0) return;
      expect(confirm(world, preview)).toMatchObject({ ok: true });
      const { dayBaseline, highWaterMark } = world.state.guardian;
      for (const line of preview.baselines) {
        const [, name, value] = /^(day baseline|high-water mark) .* -> ([\d,.]+)$/.exec(line) ?? [];
        if (value !== undefined)
          expect(name === 'day baseline' ? dayBaseline : highWaterMark, line).toBeCloseTo(amount(value), 1);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('whatever comes between, no more cash is booked as withdrawn, no mark falls further and no more drift is accepted than was shown', () => {
  fc.assert(
    fc.property(money, before, fc.array(anEvent, { minLength: 1, maxLength: 4 }), (cash, history, between) => {
      const world = worldAfter(cash, history);
      const preview = previewOf(world);
      if (preview.locks.length === 0) return;
      world.pass(SECOND_MS);
      play(world, between);
      const { guardian, ledger } = world.state;
      const then = {
        cash: ledger.cash,
        deposits: ledger.deposits,
        day: guardian.dayBaseline ?? 0,
        mark: guardian.highWaterMark ?? 0,
        drift: guardian.acceptedDrift ?? 0,
      };
      confirm(world, preview);
      const shownCash = preview.baselines.reduce(
        (total, line) => total + amount(/^([\d,.]+) USDT out of/.exec(line)?.[1]),
        0,
      );
      expect(toNumber(then.cash ?? ZERO) - toNumber(ledger.cash ?? ZERO)).toBeLessThanOrEqual(shownCash + 0.01);
      const out = toNumber(then.deposits) - toNumber(ledger.deposits);
      const least = (preview.shown.shownEquity ?? 0) * 0.98;
      expect(guardian.dayBaseline ?? 0).toBeGreaterThanOrEqual(Math.min(least, then.day - out) - 0.01);
      expect(guardian.highWaterMark ?? 0).toBeGreaterThanOrEqual(Math.min(least, then.mark - out) - 0.01);
      expect(guardian.acceptedDrift ?? 0).toBeLessThanOrEqual(Math.max(then.drift, preview.shown.shownDrift ?? 0));
    }),
    { numRuns: 300, seed: 7 },
  );
});
