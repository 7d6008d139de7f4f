import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { DAY_MS } from '../units.ts';
import { BTC, ETH, seconds, trades, World } from './world.test-helper.ts';

const told = (world: World): readonly string[] =>
  world
    .take()
    .flatMap((effect) =>
      effect.type === 'alert' && effect.alert.key.startsWith('reconciliation:fee:') ? [effect.alert.title] : [],
    );

/** Buys, and is stopped out a little below the trigger. */
const roundTrip = (world: World, symbol = BTC): void => {
  world.enter(symbol);
  world.quotes({ [symbol]: (world.exchange.prices[symbol] ?? 0) * 0.9845 });
  world.timer(seconds(5));
};

describe('fees above those that the configuration states', () => {
  test.each(['quote', 'base'] as const)('charged in %s are told once, and the next entry is sized by them', (coin) => {
    const world = new World().ready();
    world.exchange.feeRate = decimal('0.006');
    world.exchange.feeCoin = coin;
    roundTrip(world);
    expect(told(world)).toEqual(['BTC/USDT: fees of 0.6 % are charged, 0.1 % was known']);
    expect(world.state.config?.takerFee).toBeCloseTo(0.006, 8);
    roundTrip(world, ETH);
    expect(told(world)).toEqual([]);
    const [first, second] = trades(world).map(({ pnl }) => -Number(pnl) / 1e16);
    // The risk is 1 % of equity: known fees keep to it, unknown ones did not.
    expect(first).toBeGreaterThan(140);
    expect(second).toBeLessThan(100);
  });

  test('outlive a restart, and end with an order that is charged less', () => {
    const world = new World().ready();
    world.exchange.feeRate = decimal('0.006');
    roundTrip(world);
    world.restart();
    expect(world.state.config?.takerFee).toBeCloseTo(0.006, 8);
    world.exchange.feeRate = decimal('0.001');
    world.pass(seconds(4 * 3600));
    world.ready();
    roundTrip(world);
    expect(world.state.config?.takerFee).toBe(0.001);
    expect(world.state.symbols[BTC]).not.toHaveProperty('chargedFee');
  });

  test('that are rounded up on a small fill are none', () => {
    const world = new World({ balances: { USDT: '10000' } }).ready();
    world.exchange.feeCoin = 'base';
    world.fate = (draft) => ({ kind: 'accept', ...(draft.purpose === 'entry' ? { part: 0.00133 } : {}) });
    world.enter();
    expect([told(world), world.state.config?.takerFee]).toEqual([[], 0.001]);
  });

  test('so dear that no signal is worth an entry lapse after a month, and this is told: no order could ever show a lower one', () => {
    const world = new World().ready();
    world.exchange.feeRate = decimal('0.02');
    roundTrip(world, ETH);
    world.exchange.feeRate = decimal('0.001');
    const tries = (days: number): string => {
      world.pass(days * DAY_MS);
      world.ready().predict(BTC, 0.9);
      world.hour();
      world.predict(BTC, 0.9);
      return world.decision().outcome;
    };
    expect([tries(28), world.state.config?.takerFee]).toEqual(['no-edge', expect.closeTo(0.02, 8)]);
    world.take();
    expect(tries(2)).toBe('entered');
    expect(
      world
        .take()
        .flatMap((effect) =>
          effect.type === 'alert' && effect.alert.key.startsWith('reconciliation:fee-lapsed:')
            ? [effect.alert.title]
            : [],
        ),
    ).toEqual(['ETH/USDT: fees of 0.1 % count again, no more 2 %']);
    expect(world.state.symbols[ETH]).not.toHaveProperty('chargedAt');
  });

  test('of a market that is traded no longer count no more: nothing will ever be charged there', () => {
    const world = new World().ready();
    world.exchange.feeRate = decimal('0.02');
    roundTrip(world, ETH);
    world.config = { ...world.config, symbols: [BTC] };
    world.restart();
    expect(world.state.config?.takerFee).toBe(0.001);
    world.config = { ...world.config, symbols: [BTC, ETH] };
    world.restart();
    expect(world.state.config?.takerFee).toBeCloseTo(0.02, 8);
  });

  test('sell no position of another market: they are paid on the way out sooner or later, and are no word of the model', () => {
    const world = new World().ready().enter();
    world.exchange.feeRate = decimal('0.05');
    world.enter(ETH);
    expect(world.state.config?.takerFee).toBeCloseTo(0.05, 8);
    world.hour();
    world.predict(BTC, 0.21);
    expect(world.decision().outcome).toBe('holding');
    world.hour();
    world.predict(BTC, 0.19);
    expect(world.decision().outcome).toBe('exit');
  });
});
