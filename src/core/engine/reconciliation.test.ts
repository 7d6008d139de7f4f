import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { seconds, World } from './world.test-helper.ts';

/** 300 USDT are missing, which has locked, and /reconcile has compared again. */
const short = (): World => {
  const world = new World().ready();
  world.exchange.move('USDT', decimal('-300'));
  world.account();
  world.account();
  world.timer(seconds(1));
  world.command({ name: 'reconcile' });
  world.account();
  world.take();
  return world;
};

describe('/unlock of a difference', () => {
  test('accepts what two readings have shown, not what one cut short says: the money would be gone from the books', () => {
    const world = short();
    world.timer(seconds(60));
    world.apply({ type: 'account', balances: [], failure: null, foreignOrders: [] });
    expect(world.unlock().ok).toBe(true);
    expect([world.state.cashNumber, world.state.guardian.highWaterMark]).toEqual([9_700, 9_700]);
    world.timer(seconds(1));
    expect(world.locks()).toEqual([]);
  });
});
