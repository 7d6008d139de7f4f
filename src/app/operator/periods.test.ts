import { beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../../core/engine/world.test-helper.ts';
import { DAY_MS, HOUR_MS } from '../../core/units.ts';
import type { EquityPoint } from '../../ports/store.ts';
import { equityAt } from './equity-at.ts';
import { noRecords, OperatorBench } from './operator-bench.test-helper.ts';
import { periodViews } from './periods.ts';
import { pnlView } from './pnl-view.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

describe('results by period', () => {
  test('change of equity without deposits, the running period first, back to the first point', () => {
    const day = Date.UTC(2026, 0, 5);
    const points: readonly EquityPoint[] = [
      { at: day - DAY_MS, equity: 1000 },
      { at: day - HOUR_MS, equity: 1010 },
      { at: day + HOUR_MS, equity: 1210 },
    ];
    const records = noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
      depositsBetween: (from, to) => (from <= day + 1 && day + 1 < to ? 200 : 0),
    });
    const views = periodViews(records, 'day', 5, day + 2 * HOUR_MS, 1220);
    expect(views.map((view) => [view.from, view.pnl])).toEqual([
      [day, 10],
      [day - DAY_MS, 10],
    ]);
  });
});

describe('a deposit between the start of a span and the point of equity beside it', () => {
  const day = Date.UTC(2026, 0, 5);
  const recordsOf = (points: readonly EquityPoint[], deposit: number) =>
    noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
      depositsBetween: (from, to) => (deposit >= from && deposit < to ? 500 : 0),
    });

  test.each([
    [
      'after the point of the hour before: it is no profit of the day',
      [{ at: day - HOUR_MS, equity: 1000 }],
      day - HOUR_MS / 2,
    ],
    [
      'before the point of the hour after: it is no loss of the day',
      [
        { at: day - HOUR_MS, equity: 1000 },
        { at: day + HOUR_MS / 4, equity: 1500 },
      ],
      day + HOUR_MS / 8,
    ],
    ['at the very moment of the point, which holds it', [{ at: day + 5, equity: 1500 }], day + 5],
  ])('%s', (_case, points, deposit) => {
    const records = recordsOf(points, deposit);
    const [today] = periodViews(records, 'day', 1, day + 2 * HOUR_MS, 1507);
    expect(today?.pnl).toBe(7);
    world.at = day + 2 * HOUR_MS;
    world.wall = world.at;
    world.quotes();
    const view = pnlView(world.state, records, 'today', bench.now());
    expect((view.equity ?? 0) - view.deposits - (view.startEquity ?? 0)).toBe((view.equity ?? 0) - 1500);
  });
});

describe('results by period, at midnight', () => {
  test('the point of midnight ends one day and begins the next, and the days add up', () => {
    const day = Date.UTC(2026, 0, 5);
    // Two percent are lost in the last hour of the 4th; the baseline of the 5th is after it.
    const points: readonly EquityPoint[] = [
      { at: day - DAY_MS, equity: 1000 },
      { at: day - HOUR_MS, equity: 1020 },
      { at: day + 5, equity: 1000 },
      { at: day + HOUR_MS, equity: 995 },
    ];
    const records = noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
    });
    const views = periodViews(records, 'day', 5, day + 2 * HOUR_MS, 990);
    expect(views.map(({ pnl }) => pnl)).toEqual([-10, 0]);
    expect(equityAt(records, day)).toEqual(points[2]);
    // Taken long after midnight (the bot was down), the last one before is nearer.
    expect(
      equityAt(
        noRecords({
          equityBefore: () => ({ at: day - 60_000, equity: 7 }),
          equityBetween: () => [{ at: day + 50 * 60_000, equity: 8 }],
        }),
        day,
      )?.equity,
    ).toBe(7);
    expect(equityAt(noRecords(), day)).toBeNull();
  });
});
