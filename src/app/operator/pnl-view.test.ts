import { expect, test } from 'vitest';
import { World } from '../../core/engine/world.test-helper.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { EquityPoint, Records } from '../../ports/store.ts';
import { pnlView } from './pnl-view.ts';

const records = (points: readonly EquityPoint[], flows: ReturnType<Records['flowsBetween']>): Records => ({
  trades: () => ({ total: 0, trades: [] }),
  tradesBetween: () => [],
  equityBetween: () => points,
  equityBefore: () => null,
  depositsBetween: () => 0,
  flowsBetween: () => flows,
  feesBetween: () => 0,
  decisions: () => [],
  fills: () => [],
});

test('the curve of /pnl has the drawdown that its words tell: a withdrawal is none, and the deepest is not thinned away', () => {
  const world = new World().ready();
  const begin = world.at - 2_000 * HOUR_MS;
  // 20,000, of which half is withdrawn at hour 1,000; one hour, 1,501, is 7 % down.
  const points = Array.from({ length: 2_000 }, (_, hour) => ({
    at: begin + hour * HOUR_MS,
    equity: hour < 1_000 ? 20_000 : hour === 1_501 ? 9_300 : 10_000,
  }));
  const view = pnlView(world.state, records(points, [{ at: begin + 1_000 * HOUR_MS, amount: -10_000 }]), 'all', {
    market: world.at,
    wall: world.wall,
  });
  expect(view.maxDrawdown).toBeCloseTo(0.07, 9);
  expect(view.curve.length).toBeLessThanOrEqual(500);
  expect(Math.max(...view.curve.map(({ drawdown }) => drawdown))).toBeCloseTo(0.07, 9);
  expect(view.curve.filter(({ drawdown }) => drawdown > 0)).toHaveLength(1);
  expect([view.curve[0]?.at, view.curve.at(-1)?.at]).toEqual([begin, world.at]);
});
