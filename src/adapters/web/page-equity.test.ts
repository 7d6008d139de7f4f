import { expect, test } from 'vitest';

interface Point {
  readonly at: number;
  readonly equity: number;
  readonly exposure: number;
  readonly deposited: number;
}
interface Curve {
  readonly points: readonly (Point & { readonly drawdown: number })[];
  readonly peak: number;
}
interface EquityPoints {
  continued(curve: Curve, lines: readonly Point[]): Curve & { readonly more: Curve['points'] };
  within(curve: Curve, from: number): Curve | null;
  summary(
    points: Curve['points'],
  ): { readonly result: number; readonly deposits: number; readonly worst: number } | null;
}

const { continued, summary, within } = (await import(
  new URL('page/equity-points.mjs', import.meta.url).href
)) as EquityPoints;
const point = (at: number, equity: number, deposited = 0): Point => ({ at, equity, exposure: 0, deposited });
const began: Curve = { points: [{ ...point(1, 1_000), drawdown: 0 }], peak: 1_000 };

test('on an open page a withdrawal is no drawdown and no loss, a deposit no gain', () => {
  const withdrawn = continued(began, [point(2, 400, -600)]);
  expect(withdrawn.points.map(({ drawdown }) => drawdown)).toEqual([0, 0]);
  expect(summary(withdrawn.points)).toMatchObject({ result: 0, deposits: -600, worst: 0 });
  const deposited = continued(withdrawn, [point(3, 1_400, 1_000), point(4, 1_330)]);
  expect(deposited.points.map(({ drawdown }) => Number(drawdown.toFixed(4)))).toEqual([0, 0, 0, 0.05]);
  expect(summary(deposited.points)).toMatchObject({ result: -70, deposits: 400 });
});

test('a point that the curve holds already is not taken twice', () => {
  const twice = continued(began, [point(1, 1_000, -600), point(2, 900)]);
  expect(twice.more).toHaveLength(1);
  expect(twice.peak).toBe(1_000);
  expect(summary([])).toBeNull();
});

test('of a span the page goes on to show that span: what falls out of it takes its peak along, as after loading', () => {
  const { points } = continued(began, [point(2, 800), point(3, 820), point(4, 1_231, 500), point(5, 1_300)]);
  expect(within({ points, peak: 1_300 }, 1)).toBeNull();
  const left = within({ points, peak: 1_300 }, 3);
  expect(left?.points.map(({ at, drawdown, deposited }) => [at, Number(drawdown.toFixed(4)), deposited])).toEqual([
    [3, 0, 0],
    [4, 0.0674, 500],
    [5, 0.0152, 0],
  ]);
  expect(left?.peak).toBe(1_320);
  expect(within({ points, peak: 1_300 }, 9)).toEqual({ points: [], peak: 0 });
});
