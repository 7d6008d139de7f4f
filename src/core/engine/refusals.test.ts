import { describe, expect, test } from 'vitest';
import type { Alert } from './alert.ts';
import { BTC, last, seconds, World, type Fate } from './world.test-helper.ts';

const REJECT: Fate = { kind: 'reject' };
const ACCEPT: Fate = { kind: 'accept' };

/** Looks at the market every five seconds, and the alerts of each hour. */
const passHours = (world: World, hours: number): Alert[][] => {
  world.take();
  return Array.from({ length: hours }, () => {
    for (let look = 0; look < 720; look += 1) {
      world.pass(seconds(5));
      world.apply({ type: 'clock-skew', skew: 0 });
      world.quotes();
    }
    return world
      .take()
      .flatMap((effect) =>
        effect.type === 'alert' &&
        effect.alert.symbol === BTC &&
        effect.alert.kind !== 'data' &&
        effect.alert.kind !== 'lock'
          ? [effect.alert]
          : [],
      );
  });
};

describe('a market that takes no order', () => {
  test('for a day: each of the first failures is told, then one an hour with how many there were', () => {
    const world = new World().ready().enter();
    world.fate = () => REJECT;
    world.command({ name: 'flatten', symbol: BTC });
    const hours = passHours(world, 24);
    // The first two came with the command.
    expect(hours[0]?.map(({ title }) => title)).toEqual([
      'BTC/USDT: exit rejected',
      'BTC/USDT: stop rejected',
      'BTC/USDT: stop rejected',
      'BTC/USDT: exit rejected',
    ]);
    expect(last(hours[0] ?? []).lines).toEqual([
      '-2010 refused by the test',
      'It is tried again, at least once a minute; from now on that it fails is told once an hour.',
    ]);
    expect(hours.slice(1).map((alerts) => alerts.length)).toEqual(Array.from({ length: 23 }, () => 1));
    expect(hours[5]?.[0]?.lines[1]).toMatch(
      /^4\d\d more orders of this position have failed since this was told last, 2\d{3} in all\.$/,
    );
    // Nothing is tried less often for it.
    expect(world.state.orderSequence).toBeGreaterThan(10_000);
  });

  test('but for stops: that one is back in place after each exit that failed is no news for ever', () => {
    const world = new World().ready().enter();
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    const [first = [], ...later] = passHours(world, 5);
    expect(first.map(({ title }) => title.replace(/ @.*/, ''))).toEqual(
      [1, 2, 3, 4, 5].flatMap(() => ['BTC/USDT: exit rejected', 'BTC stop placed']),
    );
    expect(later.map((alerts) => alerts.map(({ title }) => title))).toEqual(
      later.map(() => ['BTC/USDT: exit rejected']),
    );
  });

  test('that a stop is in place no longer is told whatever was told before', () => {
    const world = new World().ready().enter();
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    world.command({ name: 'flatten', symbol: BTC });
    passHours(world, 1);
    world.fate = () => REJECT;
    const [alerts = []] = passHours(world, 1);
    expect(alerts.map(({ title }) => title)).toContain('BTC/USDT: stop rejected');
    expect(alerts.length).toBeLessThanOrEqual(3);
    world.fate = ({ purpose }) => (purpose === 'exit' ? REJECT : ACCEPT);
    expect(passHours(world, 1)[0]?.map(({ title }) => title.replace(/ @.*/, ''))).toContain('BTC stop placed');
  });

  test('a restart forgets nothing of it, and it ends as soon as an order is taken', () => {
    const world = new World().ready().enter();
    world.fate = () => REJECT;
    world.command({ name: 'flatten', symbol: BTC });
    passHours(world, 1);
    world.restart();
    world.apply({ type: 'clock-skew', skew: 0 });
    expect(passHours(world, 2).map((alerts) => alerts.filter(({ kind }) => kind === 'order-failure').length)).toEqual([
      1, 1,
    ]);
    world.fate = () => ACCEPT;
    world.pass(seconds(60));
    world.quotes();
    expect(world.managed()).toBeNull();
  });
});
