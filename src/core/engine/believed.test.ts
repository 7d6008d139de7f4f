import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { DAY_MS } from '../units.ts';
import { BTC, ETH, last, MONDAY, seconds, World } from './world.test-helper.ts';

const marks = (world: World) => ({
  mark: world.state.guardian.highWaterMark ?? 0,
  day: world.state.guardian.dayBaseline ?? 0,
});

/** Holding, with targets far away, so that a price upward is a price upward only. */
const holding = (): World => {
  const world = new World({
    limits: { takeProfit: 0.5 },
    config: {
      model: { name: 'fixture', hash: 'h', schemaHash: 's', stop: 0.015, target: 0.5, horizonHours: 24, margin: 0.001 },
    },
  })
    .ready()
    .enter();
  world.quotes();
  return world;
};

test("a real leap over midnight, of which an outage shows only the end, is in the day's baseline: the first equity known after it counts", () => {
  const world = holding();
  world.at = world.wall = MONDAY + DAY_MS + 600_000;
  world.quotes({ [BTC]: 55_000 });
  expect(marks(world).day).toBe(0);
  world.pass(seconds(5)).quotes({ [BTC]: 55_010 });
  const equity = (world.state.cashNumber ?? 0) + Number(world.held()) * 55_010;
  expect(marks(world).day).toBeCloseTo(equity, 6);
  expect(marks(world).mark).toBeCloseTo(equity, 6);
  // A last trade beyond the book waits for nothing: the next reading would say the same.
  world.at = world.wall = MONDAY + 2 * DAY_MS + 5_000;
  world.apply({ type: 'quotes', quotes: [{ symbol: BTC, last: 55_020, bid: 54_995, ask: 55_005, at: world.at }] });
  expect(marks(world).day).toBeCloseTo(equity, -1);
});

describe('one wild price upward', () => {
  test('lifts no mark, so that the prices after it lock nothing', () => {
    const world = holding();
    const before = marks(world);
    world.pass(seconds(5)).quotes({ [BTC]: 70_000 });
    expect(marks(world)).toEqual(before);
    world.pass(seconds(5)).quotes({ [BTC]: 50_000 });
    world.pass(seconds(5)).quotes();
    expect([marks(world), world.locks()]).toEqual([before, []]);
  });

  test('that the next one bears out is the market: the mark follows it then', () => {
    const world = holding();
    world.pass(seconds(5)).quotes({ [BTC]: 70_000 });
    world.pass(seconds(5)).quotes({ [BTC]: 70_100 });
    const held = Number(world.held());
    expect(marks(world).mark).toBeCloseTo((world.state.cashNumber ?? 0) + held * 70_100, 6);
  });

  test('of the last trade alone, beside a book that stands where it stood, counts for nothing but what the book bears out', () => {
    const world = holding();
    const before = marks(world).mark;
    const wild = { symbol: BTC, last: 52_000, bid: 49_995, ask: 50_005, at: world.at };
    for (let reading = 0; reading < 3; reading += 1) world.apply({ type: 'quotes', quotes: [wild] });
    expect(marks(world).mark - before).toBeLessThan(1);
  });

  test('makes no entry in another market larger: it is sized by what is believed', () => {
    const sized = (wild: boolean) => {
      const world = holding();
      world.hour();
      if (wild)
        world.apply({
          type: 'quotes',
          quotes: [{ symbol: BTC, last: 74_000, bid: 49_995, ask: 50_005, at: world.at }],
        });
      world.predict(ETH);
      return world.decision().sizing;
    };
    const calm = sized(false);
    const risk = (of: typeof calm): number => Number(formatDecimal(of?.riskAmount ?? ZERO));
    expect(risk(calm)).toBeCloseTo(99.9445, 3);
    expect(Math.abs(risk(sized(true)) - risk(calm))).toBeLessThan(0.01);
  });

  test('at midnight makes no baseline of the day, before it or after it', () => {
    for (const early of [true, false]) {
      const world = holding();
      const before = marks(world).day;
      const midnight = MONDAY + DAY_MS;
      world.at = early ? midnight - 1_000 : midnight + 1_000;
      world.wall = world.at;
      world.quotes({ [BTC]: 70_000 });
      world.at = midnight + 5_000;
      world.wall = world.at;
      world.quotes({ [BTC]: 50_000 });
      world.pass(seconds(5)).quotes();
      expect(marks(world).day, String(early)).toBeCloseTo(before, -2);
      expect(world.locks()).not.toContain('daily-drawdown');
    }
  });

  test('is no point of the equity curve', () => {
    const world = holding();
    world.pass(seconds(3_600)).quotes({ [BTC]: 70_000 });
    expect(last(world.effects.filter((effect) => effect.type === 'equity')).equity).toBeLessThan(10_100);
  });

  test('is not what /unlock takes for the new mark', () => {
    const world = holding();
    world.exchange.stopsFill = false;
    world.fate = (draft) => (draft.purpose === 'exit' ? { kind: 'reject' } : { kind: 'accept' });
    for (let reading = 0; reading < 2; reading += 1) world.pass(seconds(5)).quotes({ [BTC]: 40_000 });
    expect(world.locks()).toContain('total-drawdown');
    world.pass(seconds(5)).quotes({ [BTC]: 70_000 });
    expect(world.unlock(['total-drawdown'])).toMatchObject({ ok: true });
    expect(marks(world).mark).toBeLessThan(9_000);
  });
});

test('a wild price while an operator lets coins go takes out of the baselines no more than was in them: the limits go on from there', () => {
  const world = holding();
  world.account();
  world.exchange.move('BTC', decimal(`-${world.held()}`));
  world.account();
  world.account();
  world.command({ name: 'reconcile' });
  world.account();
  const cash = world.state.cashNumber ?? 0;
  world.pass(seconds(5)).quotes({ [BTC]: 100_000 });
  expect(world.unlock(['reconciliation'])).toMatchObject({ ok: true });
  expect(imbalance(world.state.ledger)).toBe(0n);
  expect(marks(world).mark).toBeGreaterThanOrEqual(cash);
  expect(marks(world).day).toBeGreaterThanOrEqual(cash);
  expect(marks(world).day).toBeLessThan(cash * 1.01);
});

test('one wild price downward still locks at once: what tightens waits for nothing', () => {
  const world = holding();
  world.exchange.stopsFill = false;
  world.pass(seconds(5)).quotes({ [BTC]: 42_000 });
  expect(world.locks()).toContain('daily-drawdown');
});
