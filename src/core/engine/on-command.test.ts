import { expect, test } from 'vitest';
import { HOUR_MS, DAY_MS } from '../units.ts';
import { BTC, MONDAY, seconds, World } from './world.test-helper.ts';

test('an unlock that comes as the first thing of a new day finds the lock of the day before gone, and does not use up the one of its own', () => {
  const world = new World().ready().enter();
  world.quotes({ [BTC]: 47_500 });
  expect(world.locks()).toContain('daily-drawdown');
  world.hours(15);
  world.pass(MONDAY + DAY_MS - seconds(10) - world.at);
  world.quotes();
  world.apply({ type: 'clock-skew', skew: 0 });
  world.pass(seconds(20));
  expect(world.unlock(['daily-drawdown'], (world.state.cashNumber ?? 0) * 0.02)).toMatchObject({
    ok: false,
    code: 'nothing-locked',
  });
  expect([world.locks(), world.state.guardian.unlockDay]).toEqual([[], null]);
  expect(world.at).toBeLessThan(MONDAY + DAY_MS + HOUR_MS);
});
