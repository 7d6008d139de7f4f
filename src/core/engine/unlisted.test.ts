import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { BTC, ETH, instrumentText, seconds, stopIdOf, trades, World } from './world.test-helper.ts';

/** Both held, each with its stop; then the exchange takes ETH off its list, and with it the stop. */
const delisted = (): World => {
  const world = new World({ limits: { maxSymbolExposure: 0.4 } }).ready().enter().enter(ETH);
  world.timer(seconds(5));
  world.account();
  world.exchange.end(stopIdOf(world, ETH), 'cancelled');
  world.take();
  read(world);
  return world;
};

const read = (world: World, unlisted: readonly string[] = [ETH]) =>
  world.apply({ type: 'account', balances: world.exchange.balances(), failure: null, foreignOrders: [], unlisted });

/** Prices of the other market alone. */
const btcOnly = (world: World, last: number): void => {
  world.exchange.prices[ETH] = Number.NaN;
  world.quotes({ [BTC]: last });
};

describe('a market that leaves the exchange while it is held', () => {
  test('locks entries and tells what is held where, once', () => {
    const world = delisted();
    const held = world.held(ETH);
    expect(world.locks()).toEqual(['unlisted']);
    expect(world.state.guardian.locks['unlisted']?.reason).toContain(`ETH/USDT (${held} ETH)`);
    const told = () =>
      world.take().filter((effect) => effect.type === 'alert' && effect.alert.kind === 'reconciliation');
    expect(told()).toMatchObject([
      {
        alert: {
          title: `ETH/USDT is not listed any more: ${held} ETH cannot be sold here`,
          lines: [expect.stringContaining(`${held} ETH, bought at 2,5`), expect.any(String), expect.any(String)],
        },
      },
    ]);
    read(world);
    expect(told()).toEqual([]);
    world.config = { ...world.config, symbols: [BTC] };
    world.instruments = [instrumentText(BTC)];
    world.restart();
    read(world);
    expect([told(), world.locks()]).toEqual([[], ['unlisted']]);
  });

  test('gets no order, whatever wants to sell it: each would be refused, and counted as a failure', () => {
    const world = delisted();
    const sent = world.placed().length;
    for (let minute = 0; minute < 30; minute += 1) world.timer(seconds(60));
    expect(world.placed().filter(({ symbol }) => symbol === ETH)).toHaveLength(2);
    expect(world.placed()).toHaveLength(sent);
    expect(world.command({ name: 'flatten', symbol: ETH })).toMatchObject({
      ok: false,
      code: 'unlisted',
      text: expect.stringContaining('cannot be sold here'),
    });
    expect(world.command({ name: 'flatten', symbol: null })).toMatchObject({
      ok: true,
      text: 'Closing BTC/USDT. Not ETH/USDT, which the exchange no longer lists.',
    });
    expect(world.managed(ETH)).not.toBeNull();
  });

  test('leaves the stops and exits of the others as they are', () => {
    const world = delisted();
    btcOnly(world, 49_200);
    expect(trades(world).map(({ symbol, exitReason }) => [symbol, exitReason])).toEqual([[BTC, 'stop']]);
    const exiting = delisted();
    btcOnly(exiting, 51_600);
    exiting.timer();
    expect(trades(exiting).map(({ symbol, exitReason }) => [symbol, exitReason])).toEqual([[BTC, 'take-profit']]);
  });

  test('is over when the coins have left and an operator has said so: neither a profit nor a loss', () => {
    const world = delisted();
    world.exchange.move('ETH', decimal(`-${world.held(ETH)}`));
    read(world);
    read(world);
    expect(world.locks()).toEqual(['reconciliation', 'unlisted']);
    world.command({ name: 'reconcile' });
    read(world);
    expect(world.unlock(['reconciliation'])).toMatchObject({ ok: true });
    expect([world.managed(ETH), world.held(ETH), world.locks()]).toEqual([null, '0', []]);
    expect(trades(world)).toEqual([]);
    expect(imbalance(world.state.ledger)).toBe(0n);
    expect(
      Object.values(world.state.orders).filter(({ draft, status }) => draft.symbol === ETH && status === 'working'),
    ).toEqual([]);
  });

  test('and comes back is looked after as before', () => {
    const world = delisted();
    read(world, []);
    expect(world.locks()).toEqual([]);
    world.report(stopIdOf(world, ETH));
    world.timer(seconds(2));
    expect(world.managed(ETH)?.phase).toBe('protected');
  });

  test('of which nothing is held locks nothing', () => {
    const world = new World().ready();
    world.take();
    read(world);
    expect([world.locks(), world.take().filter((effect) => effect.type === 'alert')]).toEqual([[], []]);
    world.predict(ETH);
    expect(world.decision().text).toContain('is not traded now');
  });

  test('while its entry is under way: what was bought is a position that is shown, and nothing is sold', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'unknown', arrives: true });
    world.predict(ETH);
    read(world);
    world.fate = () => ({ kind: 'accept' });
    world.resolve();
    expect(world.managed(ETH)?.averageEntry).not.toBeNull();
    expect([world.placed().length, world.locks()]).toEqual([1, ['unlisted']]);
  });
});
