import { describe, expect, test } from 'vitest';
import { decimal, toNumber } from '../../core/decimal.ts';
import type { Lock } from '../../core/guardian/lock.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/units.ts';
import {
  BTC,
  config,
  enterInto,
  FROM,
  options,
  PLAIN,
  quietThen,
  seriesOf,
  signalsAt,
  type Hours,
} from './fixture.test-helper.ts';
import { lockCosts } from './lock-costs.ts';
import { runStudy } from './study.ts';
import { studyJson } from './study-json.ts';
import { summaryLines } from './summary.ts';
import { reportPage } from './report/page.ts';

test('a position that a lock closed is held against the same entry of the other run, whatever second of its hour that was filled in', () => {
  const result = enterInto([[50_000, 52_000, 49_900, 51_900]]);
  const [trade] = result.trades;
  if (trade === undefined) throw new Error('a trade was expected');
  const lock: Lock = {
    id: 'daily-drawdown',
    kind: 'daily-drawdown',
    symbol: null,
    since: trade.openedAt + 30 * MINUTE_MS,
    reason: 'test',
    limit: 0.02,
    value: 0.02,
  };
  const guarded = {
    ...result,
    trades: [
      {
        ...trade,
        exitReason: 'daily drawdown',
        closedAt: lock.since + SECOND_MS,
        pnlFraction: trade.pnlFraction - 0.05,
      },
    ],
    locks: [{ lock, until: null, by: null, equity: 10_000 }],
  };
  const notional = toNumber(trade.quantity) * toNumber(trade.entryPrice);
  for (const [later, difference] of [
    [0, 0.05 * notional],
    [2 * SECOND_MS, 0.05 * notional],
    [HOUR_MS, 0],
  ] as const) {
    const [cost] = lockCosts(guarded, { ...result, trades: [{ ...trade, openedAt: trade.openedAt + later }] });
    expect(cost?.flattened).toBe(1);
    expect(cost?.flattenedDifference).toBeCloseTo(difference, 6);
  }
});

test('a position counts for one lock alone, where midnight has cleared one and another of its kind has tripped within the hour', () => {
  const result = enterInto([[50_000, 52_000, 49_900, 51_900]]);
  const [trade] = result.trades;
  if (trade === undefined) throw new Error('a trade was expected');
  const lock = (since: number): Lock => ({
    id: 'daily-drawdown',
    kind: 'daily-drawdown',
    symbol: null,
    since,
    reason: 'test',
    limit: 0.02,
    value: 0.02,
  });
  const midnight = trade.openedAt;
  const spans = [
    { lock: lock(midnight - 20 * MINUTE_MS), until: midnight, by: 'a new day', equity: 10_000 },
    { lock: lock(midnight + 10 * MINUTE_MS), until: null, by: null, equity: 10_000 },
  ];
  const guarded = {
    ...result,
    locks: spans,
    trades: [{ ...trade, exitReason: 'daily drawdown', closedAt: midnight + 10 * MINUTE_MS + SECOND_MS }],
  };
  expect(lockCosts(guarded, result).map(({ flattened }) => flattened)).toEqual([0, 1]);
});

describe('a run that was stopped', () => {
  // Two stop-outs of about 1 % of equity each trip a limit of 1.5 %, which nobody may unlock; then four targets of 3 %
  // each that only the other run is there for.
  const loss: Hours = [
    [50_000, 50_050, 49_000, 50_000],
    ...Array.from({ length: 7 }, () => [50_000, 50_100, 49_900, 50_000] as const),
  ];
  const profit: Hours = [
    [50_000, 52_000, 49_900, 50_000],
    ...Array.from({ length: 7 }, () => [50_000, 50_100, 49_900, 50_000] as const),
  ];
  const series = seriesOf(BTC, quietThen(50_000, [...loss, ...loss, ...profit, ...profit, ...profit, ...profit]));
  const signals = signalsAt(series, ...Array.from({ length: 6 }, (_, index) => FROM + (index * 8 - 1) * HOUR_MS));
  const assumptions = { ...PLAIN, operator: { unlockAfter: HOUR_MS, totalDrawdownUnlocks: 0 } };
  const study = runStudy({
    ...options([series], new Map([[BTC, signals]]), {
      assumptions,
      config: config([BTC], { maxTotalDrawdown: 0.015 }),
    }),
    model: null,
  });

  test('has in the costs of the lock that stopped it what the other run did from then on', () => {
    expect(study.result.stopped?.lock).toBe('total-drawdown');
    expect(study.unguarded.trades).toBe(6);
    const [cost, ...others] = study.lockCosts.filter(({ missedTrades }) => missedTrades > 0);
    expect(others).toEqual([]);
    expect(cost).toMatchObject({ title: 'Total drawdown', missedTrades: 4, missedTradesAfterStop: 4 });
    // By hand: risk 1 % / (stop 1.5 % + fees 0.2 % + slippage allowance 0.1 %) = 55.6 % of equity in each; a target
    // makes 1.03 x 0.999 x 0.999 - 1 = 2.794 % of that.
    expect(cost?.missed).toBeCloseTo((cost?.equity ?? Number.NaN) * ((1 + 0.02794 * (0.01 / 0.018)) ** 4 - 1), -0.5);
    expect(cost?.missedAfterStop).toBe(cost?.missed);
  });

  test('never saves more than there was to lose: results follow one another', () => {
    const [trade] = study.result.trades;
    if (trade === undefined) throw new Error('a trade was expected');
    const { to, openingBalance } = study.result;
    const flat = { at: Float64Array.of(to), equity: Float64Array.of(openingBalance), exposure: Float64Array.of(0) };
    // A hundred trades that lose 5 % of equity each: 0.95 ^ 100 is left of it, six thousandths.
    const losing = {
      ...study.result,
      stopped: null,
      curve: flat,
      trades: Array.from({ length: 100 }, (_, k) => ({
        ...trade,
        openedAt: to + k * HOUR_MS,
        pnl: decimal(String(-0.05 * openingBalance)),
      })),
    };
    const cost = lockCosts(study.result, losing).find(({ title }) => title === 'Total drawdown');
    expect(cost?.missed).toBeCloseTo((0.95 ** 100 - 1) * (cost?.equity ?? Number.NaN), 4);
  });

  test('is told from the other by what the locks cost and by the rest', () => {
    const { total, locks, rest } = study.guardianCost;
    expect(total).toBe(study.unguarded.finalEquity - study.guarded.finalEquity);
    expect(locks).toBe(study.lockCosts.reduce((sum, { cost }) => sum + cost, 0));
    expect(locks + rest).toBeCloseTo(total, 9);
    // Here the runs are nearly the same up to the stop, and what follows is the lock's.
    expect(Math.abs(rest)).toBeLessThan(0.05 * total);
  });

  test('says so on every page', () => {
    const split =
      /Without the Guardian it ended [\d\u202f]+\.\d\d USDT higher: \+[\d\u202f]+\.\d\d by the locks, -?\+?\d+\.\d\d by what followed/;
    expect(summaryLines(study).join('\n')).toMatch(split);
    expect(reportPage(study, [], [])).toMatch(split);
    expect(JSON.parse(studyJson(study))).toMatchObject({ guardianCost: study.guardianCost });
    const line =
      /After the stop the other run made 4 more trades, \+\d+\.\d\d USDT in the equity of this one: they count for total drawdown, which stopped it/;
    expect(summaryLines(study).join('\n')).toMatch(line);
    expect(summaryLines(study).join('\n')).toMatch(/STOPPED on .* are of the time until then/);
    expect(reportPage(study, [], [])).toMatch(line);
    expect(JSON.parse(studyJson(study))).toMatchObject({
      locks: study.lockCosts.map(({ missedTradesAfterStop, missedAfterStop }) => ({
        missedTradesAfterStop,
        missedAfterStop,
      })),
    });
  });
});
