import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCandleFolder } from '../../src/adapters/candles/candle-files.ts';
import { openDatabase, type Database } from '../../src/adapters/sqlite/database.ts';
import { verify } from '../../src/app/replay.ts';
import { step } from '../../src/core/engine/step.ts';
import { HOUR_MS } from '../../src/core/units.ts';
import { DEFAULT_ASSUMPTIONS } from '../../src/research/backtest/assumptions.ts';
import { BTC, config, FROM, generated, momentumOf, options } from '../../src/research/backtest/fixture.test-helper.ts';
import type { BacktestResult } from '../../src/research/backtest/result.ts';
import { runBacktest, type BacktestOptions } from '../../src/research/backtest/run-backtest.ts';
import type { Limits } from '../../src/core/risk/limits.ts';

const HOURS = 500;

let directory = '';
let database: Database | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-backtest-'));
});
afterEach(() => {
  database?.close();
  database = null;
  rmSync(directory, { recursive: true, force: true });
});

const run = (changes: Partial<BacktestOptions> = {}, limits: Partial<Limits> = {}): BacktestResult => {
  const { series, predictions } = generated(6, [BTC], 120 * 24 + HOURS + 1);
  return runBacktest(
    options(series, predictions, {
      assumptions: DEFAULT_ASSUMPTIONS,
      from: FROM,
      to: FROM + HOURS * HOUR_MS,
      config: config([BTC], limits),
      ...changes,
    }),
  );
};

/** The same with every input committed to a database before it is applied, and every effect recorded. */
const journaled = (name: string, limits: Partial<Limits> = {}): BacktestResult => {
  database?.close();
  const opened = openDatabase({ path: join(directory, `${name}.db`), mode: 'paper', account: 'backtest' });
  database = opened;
  return run(
    { applyTo: (state) => (input) => opened.journal.commit([input], (given) => step(state, given))[0] ?? [] },
    limits,
  );
};

describe('a backtest is the live engine', () => {
  test('with the journal on it does the same, the journal replays bit for bit, and a changed limit changes both', {
    timeout: 120_000,
  }, () => {
    const plain = run();
    expect(plain.trades.length).toBeGreaterThan(5);
    expect(journaled('standard').orderHash).toBe(plain.orderHash);
    expect(database === null ? null : verify(database.journal)).toMatchObject({ ok: true, firstDifference: null });

    const limits = { maxConsecutiveLosses: 1 };
    const tighter = run({}, limits);
    expect(tighter.orderHash).not.toBe(plain.orderHash);
    expect(journaled('tighter', limits).orderHash).toBe(tighter.orderHash);
  });

  test('recorded candles give the same order list each time (needs MARKET_DATA_DIR)', {
    timeout: 120_000,
  }, async (context) => {
    const data = process.env['MARKET_DATA_DIR'];
    if (data === undefined) return context.skip('needs MARKET_DATA_DIR, the folder of recorded candles');
    const hourly = openCandleFolder(data).series(BTC);
    const series = [
      { symbol: BTC, hourly, finer: [{ span: HOUR_MS / 4, columns: openCandleFolder(data, '15m').series(BTC) }] },
    ];
    const recorded = (): BacktestResult =>
      runBacktest(
        options(series, new Map([[BTC, momentumOf(hourly)]]), {
          assumptions: DEFAULT_ASSUMPTIONS,
          from: Date.UTC(2022, 0, 1),
          to: Date.UTC(2025, 0, 1),
        }),
      );
    const first = recorded();
    await context.annotate(`order list ${first.orderHash}, ${first.trades.length} trades`);
    expect(first.trades.length).toBeGreaterThan(50);
    expect(recorded().orderHash).toBe(first.orderHash);
  });
});
