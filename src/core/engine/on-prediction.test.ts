import { expect, test } from 'vitest';
import { toNumber } from '../decimal.ts';
import { MINUTE_MS } from '../units.ts';
import { BTC, ETH, instrumentText, last, seconds, World } from './world.test-helper.ts';

/** The ask and a tenth of a percent. */
const ETH_LIMIT = 2_500.25 * 1.001;

const stepOf = (world: World, rule: string): number => {
  const step = world.decision().sizing?.steps.find((each) => each.rule === rule);
  return step === undefined ? Number.NaN : toNumber(step.quantity);
};

test('the eleventh entry within an hour is denied, whatever its symbol, and may go when the first is an hour old', () => {
  const symbols = Array.from({ length: 12 }, (_, i) => `C${i}/USDT`);
  const world = new World({ config: { symbols }, limits: { riskPerTrade: 0.0005 } });
  world.instruments = symbols.map((symbol) => instrumentText(symbol));
  for (const symbol of symbols) world.exchange.prices[symbol] = 100;
  world.ready();
  for (const symbol of symbols.slice(0, 10)) world.enter(symbol);
  world.predict(symbols[10] ?? '');
  expect(world.decision()).toMatchObject({
    outcome: 'denied',
    checks: expect.arrayContaining([{ ok: false, code: 'entry-throttle', limit: 10, value: 10 }]),
  });
  world.pass(29 * MINUTE_MS);
  world.quotes();
  world.predict(symbols[10] ?? '');
  expect(world.decision().checks.at(-1)).toMatchObject({ ok: false, code: 'entry-throttle' });
  world.hour();
  world.enter(symbols[10]);
});

test('a position whose price is through its stop already counts at what it fetches now, less the allowance', () => {
  const world = new World().ready().enter();
  world.exchange.stopsFill = false;
  world.quotes({ [BTC]: 48_700 });
  const [held, cash] = [Number(world.held()), world.state.cashNumber ?? 0];
  world.predict(ETH);
  const room = cash + held * 48_700 * 0.995 * 0.999 - 9_800;
  const loss = ETH_LIMIT * 1.001 - ETH_LIMIT * 0.985 * 0.995 * 0.999;
  expect(stepOf(world, 'loss-budget')).toBeCloseTo(room / loss, 3);
});

/** An entry in BTC that is under way, and what one in ETH may then be. */
const underWay = (world: World): { readonly open: number; readonly price: number } => {
  world.fate = () => ({ kind: 'silence' });
  world.predict(BTC);
  const { quantity, limitPrice } = last(world.placed('entry'));
  world.predict(ETH);
  return { open: toNumber(quantity), price: toNumber(limitPrice ?? quantity) };
};

test('an entry that is under way takes its loss at the stop out of what another may lose', () => {
  const world = new World({ limits: { maxDailyDrawdown: 0.015 } }).ready();
  const { open, price } = underWay(world);
  const unitLoss = (of: number): number => of * 1.001 - of * 0.985 * 0.995 * 0.999;
  expect(stepOf(world, 'loss-budget')).toBeCloseTo((150 - open * unitLoss(price)) / unitLoss(ETH_LIMIT), 2);
});

test('an entry that is under way has spent its cash', () => {
  const world = new World({ balances: { USDT: '1000', BNB: '2' }, config: { feeAsset: 'BNB' } }).ready();
  const { open, price } = underWay(world);
  expect(open * price * 1.001).toBeGreaterThan(999);
  expect(world.decision()).toMatchObject({ outcome: 'denied', text: expect.stringContaining('cash') });
});

test('a signal lives a minute by the clock as it is now, also where that was set back', () => {
  const world = new World().ready();
  world.timer(seconds(10));
  world.wall -= seconds(3_600);
  world.apply({ type: 'clock-skew', skew: 0 });
  world.enter();
  expect(last(world.placed('entry')).expiresAtWall).toBe(world.wall + seconds(60));
});

test('of two fresh polls that clear stale data one before a restart does not count', () => {
  const world = new World().ready();
  world.timer(seconds(301));
  world.quotes();
  world.restart();
  world.quotes();
  expect(world.locks()).toContain(`stale-data:${BTC}`);
  world.quotes();
  expect(world.locks()).not.toContain(`stale-data:${BTC}`);
});

test('a price that stands still is no younger for having been read again, by the wall clock either', () => {
  const world = new World({ config: { staleWallGrace: seconds(2) } }).ready();
  const { at } = world;
  const again = (): void =>
    void world.apply({
      type: 'quotes',
      quotes: [BTC, ETH].map((symbol) => ({
        symbol,
        last: world.exchange.prices[symbol] ?? 0,
        bid: world.exchange.prices[symbol] ?? 0,
        ask: world.exchange.prices[symbol] ?? 0,
        at,
      })),
    });
  world.at += seconds(301);
  world.wall += seconds(1);
  again();
  expect(world.locks()).toEqual([]);
  world.wall += seconds(1.5);
  again();
  expect(world.locks()).toEqual([`stale-data:${BTC}`, `stale-data:${ETH}`]);
});
