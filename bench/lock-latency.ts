/**
 * Time from the price that breaches a limit to the lock committed and the cancellations handed out, with the real
 * database on disk (WAL, synchronous=FULL). Usage: npm run bench -- lock-latency [RUNS]. Exit code 1 when the 99th
 * percentile is 10 ms or more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../src/adapters/sqlite/database.ts';
import { BTC, ETH, World } from '../src/core/engine/world.test-helper.ts';
import { step } from '../src/core/engine/step.ts';
import type { Effect } from '../src/core/engine/effect.ts';
import { DAY_MS, HOUR_MS } from '../src/core/units.ts';

const RUNS = Number(process.argv[2] ?? 200);
const LIMIT_MS = 10;

const directory = mkdtempSync(join(tmpdir(), 'guardian-bench-'));
const database = openDatabase({ path: join(directory, 'bench.db'), mode: 'paper', account: 'bench' });
const world = new World({ balances: { USDT: '1000000' } });
world.step = (input) => database.journal.commit([input], (each) => step(world.state, each))[0] ?? [];
world.ready();

/** A fresh day on which nothing is locked: what an operator and midnight would do, without their hundred inputs. */
const reset = (): void => {
  const { state } = world;
  Object.assign(state.guardian, {
    locks: {},
    lossStreak: [],
    dayBaseline: null,
    highWaterMark: null,
    lastEquity: null,
    priorEquity: null,
    unlockDay: null,
  });
  for (const symbol of Object.values(state.symbols)) {
    symbol.restUntil = null;
    symbol.lastTradedSignal = null;
    symbol.volatility.status = 'calm';
  }
};

const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;

const times: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  reset();
  world.exchange.prices[BTC] = 50_000;
  world.exchange.prices[ETH] = 2_500;
  world.at += DAY_MS - HOUR_MS;
  world.hour();
  world.quotes();
  reset();
  world.quotes();
  world.apply({ type: 'clock-skew', skew: 0 });
  world.enter(BTC);
  world.exchange.stopsFill = false;
  world.exchange.prices[BTC] = 47_800;
  const quotes = [BTC, ETH].map((symbol) => ({
    symbol,
    last: world.exchange.prices[symbol] ?? 0,
    bid: world.exchange.prices[symbol] ?? 0,
    ask: (world.exchange.prices[symbol] ?? 0) + 1,
    at: world.at,
  }));
  let done: readonly Effect[] = [];
  const from = performance.now();
  done = world.step({ type: 'quotes', at: world.at, wall: world.wall, quotes });
  times.push(performance.now() - from);
  if (
    !done.some((effect) => effect.type === 'lock' && effect.lock.kind === 'daily-drawdown') ||
    !done.some((effect) => effect.type === 'cancel')
  )
    throw new Error('the breach did not lock and cancel');
  for (const effect of done) if (effect.type === 'cancel') world.exchange.end(effect.clientOrderId, 'cancelled');
  for (const effect of done) if (effect.type === 'cancel') world.report(effect.clientOrderId);
  world.exchange.stopsFill = true;
  if (world.managed(BTC) !== null) throw new Error('the position was not closed');
}
database.close();
rmSync(directory, { recursive: true, force: true });
const sorted = times.toSorted((a, b) => a - b);
const [p50, p99, worst] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1) ?? Number.NaN];
console.log(
  `lock latency over ${RUNS} breaches, input to lock committed and cancellation issued: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, worst ${worst.toFixed(2)} ms (limit p99 ${LIMIT_MS} ms)`,
);
process.exitCode = p99 < LIMIT_MS ? 0 : 1;
