import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { BTC, World } from './world.test-helper.ts';

const drill = (world: World) => world.command({ name: 'round-trip', symbol: BTC });
const close = (world: World) => {
  world.command({ name: 'flatten', symbol: BTC });
  world.timer(1000);
  world.timer(1000);
};

describe('a drill of the smallest size', () => {
  test('goes through the whole path: approval, stop on the exchange, exit', () => {
    const world = new World().ready();
    expect(drill(world)).toMatchObject({ ok: true, code: 'done' });
    const [entry] = world.placed('entry');
    // A little above the least notional of 5, so that its stop and its exit pass the filter, too.
    expect(entry?.quantity).toBeGreaterThan(0n);
    expect(world.placed('stop')).toHaveLength(1);
    const notional = ((Number(entry?.quantity) / 1e16) * Number(entry?.limitPrice)) / 1e16;
    expect(notional).toBeGreaterThan(5);
    expect(notional).toBeLessThan(10);
    close(world);
    expect(world.managed()).toBeNull();
  });

  test('three that lose throw the kill-switch, which denies the fourth', () => {
    const world = new World().ready();
    for (let trip = 0; trip < 3; trip += 1) {
      expect(drill(world)).toMatchObject({ ok: true });
      close(world);
    }
    expect(world.locks()).toContain('kill-switch');
    expect(drill(world)).toMatchObject({ ok: false, code: 'state-halted' });
  });

  test('is held by every lock and by the throttle, and never happens in live', () => {
    const paused = new World().ready();
    paused.command({ name: 'pause', reason: '' });
    expect(drill(paused)).toMatchObject({ ok: false, code: 'state-reducing' });
    expect(paused.placed('entry')).toHaveLength(0);

    const live = new World({ config: { mode: 'live' } }).ready();
    expect(drill(live)).toMatchObject({ ok: false, code: 'not-in-live' });
    expect(new World().ready().command({ name: 'round-trip', symbol: 'DOGE/USDT' })).toMatchObject({
      ok: false,
      code: 'unknown-symbol',
    });
  });

  test('never enlarges what risk allows', () => {
    const world = new World({
      balances: { USDT: '1000' },
      limits: { maxSymbolExposure: 0.01, maxGrossExposure: 0.01 },
    }).ready();
    const before = drill(world);
    if (before.ok) expect(world.placed('entry')[0]?.quantity).toBeLessThanOrEqual(decimal('0.001'));
  });
});
