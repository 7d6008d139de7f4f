import { beforeEach, describe, expect, test } from 'vitest';
import { BTC, ETH, instrumentText, World } from '../../core/engine/world.test-helper.ts';
import { DAY_MS, HOUR_MS } from '../../core/units.ts';
import type { EntryBarView } from '../../ports/operator.ts';
import { OperatorBench } from './operator-bench.test-helper.ts';
import { unlockPreview } from './unlock-preview.ts';
import { lockViews, positionViews, riskView, statusView } from './views.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

/** A start at which one of the two was read that have to be. */
const begun = (read: 'account' | 'clock'): void => {
  bench.world = world = new World();
  world.start();
  for (const symbol of [BTC, ETH]) world.warm(symbol);
  if (read === 'account') world.account();
  else world.apply({ type: 'clock-skew', skew: 0 });
  world.quotes();
  world.quotes();
};

describe('what people see', () => {
  test('a protected position with its stop, target and distance', () => {
    world.predict(BTC);
    const [position] = positionViews(world.state);
    expect(position).toMatchObject({ symbol: BTC, stopWorking: true });
    expect(position?.stopPrice ?? 0).toBeCloseTo((position?.entryPrice ?? 0) * 0.985, -1);
    expect(position?.targetPrice).toBeCloseTo((position?.entryPrice ?? 0) * 1.03, 6);
  });

  test('why the exchange would not take the sale of a position, while it would not', () => {
    world.predict(BTC);
    expect(positionViews(world.state)[0]).not.toHaveProperty('unsellable');
    for (const [minNotional, why] of [
      ['100000', /min-notional 100000/],
      ['5', undefined],
    ] as const) {
      world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { minNotional })] });
      expect(positionViews(world.state)[0]?.unsellable).toEqual(
        why === undefined ? undefined : expect.stringMatching(why),
      );
    }
  });

  test('equity that is not known is said to be unknown, with the reason, never zero', () => {
    world.predict(BTC);
    world.pass(2 * HOUR_MS);
    const status = statusView(world.state, bench.now());
    expect(status.equity).toBeNull();
    expect(status.equityUnknown).toContain(BTC);
    expect(status.dayPnl).toBeNull();
    expect(
      riskView(world.state, bench.now()).limits.find((limit) => limit.name === 'daily drawdown')?.value,
    ).toBeNull();
  });

  test('that the day was rebased by /unlock, until the day is over', () => {
    expect(statusView(world.state, bench.now()).dayRebased).toBe(false);
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    const { newLossPermitted } = unlockPreview(world.state, bench.now());
    expect(world.unlock(['daily-drawdown'], newLossPermitted).ok).toBe(true);
    expect(statusView(world.state, bench.now())).toMatchObject({ dayRebased: true, dayPnl: 0 });
    world.hours(17);
    expect(statusView(world.state, bench.now()).dayRebased).toBe(false);
  });

  test('when a pause that holds was asked for again', () => {
    world.command({ name: 'pause', reason: 'look' });
    expect(lockViews(world.state)[0]).not.toHaveProperty('renewed');
    world.pass(1000);
    world.command({ name: 'pause', reason: 'look again' });
    expect(lockViews(world.state)).toMatchObject([{ since: world.at - 1000, renewed: world.at }]);
  });

  test.each<readonly [string, () => void, readonly EntryBarView[], boolean]>([
    ['nothing', () => undefined, [], true],
    [
      'a stale symbol',
      () => bench.quoteOnlyEth(),
      [{ code: 'symbol-locked', why: 'Stale data', symbols: [BTC] }],
      true,
    ],
    [
      'a bot that is paused',
      () => void world.command({ name: 'pause', reason: 'look' }),
      [{ code: 'state-reducing', why: 'Paused by operator', symbols: [BTC, ETH] }],
      false,
    ],
    [
      'an account that could not be read',
      () => void world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] }),
      [{ code: 'equity-unknown', why: 'The account could not be read', symbols: [BTC, ETH] }],
      false,
    ],
    [
      'a start at which no account was read',
      () => begun('clock'),
      [{ code: 'baseline-unknown', why: "The day's baseline is not known yet", symbols: [BTC, ETH] }],
      false,
    ],
    [
      'a start at which no clock was measured',
      () => begun('account'),
      [{ code: 'clock-unknown', why: 'The exchange clock is not known', symbols: [BTC, ETH] }],
      false,
    ],
  ])('what bars entries under %s is what an order would be refused for', (_what, happen, entryBars, mayEnter) => {
    happen();
    const status = statusView(world.state, bench.now());
    expect(status).toMatchObject({ entryBars, mayEnter });
    for (const symbol of [BTC, ETH]) {
      world.predict(symbol);
      const bar = status.entryBars.find(({ symbols }) => symbols.includes(symbol));
      expect([symbol, world.decision().text]).toEqual([
        symbol,
        expect.stringMatching(bar === undefined ? /^entry / : new RegExp(`^denied, ${bar.code}: `)),
      ]);
    }
  });

  test('a day that has begun since the newest input bars nothing; data that has grown old since does', () => {
    const midnight = Math.ceil(world.at / DAY_MS) * DAY_MS;
    while (world.at + HOUR_MS < midnight) world.hour();
    world.at = midnight - 5;
    world.quotes();
    world.pass(10);
    expect(statusView(world.state, bench.now())).toMatchObject({ entryBars: [], mayEnter: true });
    world.pass(301_000);
    expect(statusView(world.state, bench.now())).toMatchObject({
      entryBars: [{ code: 'price-unknown', why: 'No fresh price', symbols: [BTC, ETH] }],
      mayEnter: false,
    });
  });
});
