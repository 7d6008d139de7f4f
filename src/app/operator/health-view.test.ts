import { beforeEach, expect, test } from 'vitest';
import { BTC, ETH, World } from '../../core/engine/world.test-helper.ts';
import type { HealthCheckView } from '../../ports/operator-tools.ts';
import { OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

test('health says unknown where nothing is known', () => {
  bench.world = world = new World();
  world.start();
  const checks = bench.tools().health();
  expect(checks.find((check) => check.name === 'equity')).toMatchObject({ ok: false });
  expect(checks.find((check) => check.name === `data ${BTC}`)).toMatchObject({ ok: null, detail: 'no price yet' });
  expect(checks.find((check) => check.name === 'books')).toMatchObject({ ok: null });
});

test('health tells how old stale data is now, and what fresh data waits for', () => {
  const data = (): HealthCheckView | undefined =>
    bench
      .tools()
      .health()
      .find((check) => check.name === `data ${BTC}`);
  bench.quoteOnlyEth();
  world.pass(9_000);
  expect(data()).toMatchObject({ ok: false, detail: 'price is 310 s old (limit 300 s)' });
  world.quotes();
  expect(data()).toMatchObject({ ok: false, detail: 'price 0 s old, one more fresh poll clears the lock' });
  world.quotes();
  expect(data()).toMatchObject({ ok: true, detail: 'price 0 s old' });
});

test('health asks no data of a market that is traded no more, and of what is held there the price alone', () => {
  const data = (): readonly [string, boolean | null][] =>
    bench
      .tools()
      .health()
      .flatMap(({ name, ok }) => (name.startsWith('data ') ? [[name, ok]] : []));
  world.enter();
  world.config = { ...world.config, symbols: [ETH] };
  world.restart();
  world.hours(3);
  const prices = (): void =>
    void world.apply({
      type: 'quotes',
      quotes: [BTC, ETH].map((symbol) => ({
        symbol,
        last: world.exchange.prices[symbol] ?? 0,
        bid: world.exchange.prices[symbol] ?? 0,
        ask: world.exchange.prices[symbol] ?? 0,
        at: world.at,
      })),
    });
  prices();
  expect(data()).toEqual([
    [`data ${BTC}`, true],
    [`data ${ETH}`, true],
  ]);
  world.command({ name: 'flatten', symbol: BTC });
  world.hours(1);
  expect(data()).toEqual([[`data ${ETH}`, true]]);
});
