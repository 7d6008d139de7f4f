import { describe, expect, test } from 'vitest';
import { toNumber } from '../../core/decimal.ts';
import type { Lock } from '../../core/guardian/lock.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/units.ts';
import { BTC, config, enterInto, FROM, options, PLAIN, quietThen, seriesOf, signalsAt, type Hours } from './fixture.test-helper.ts';
import { lockCosts } from './lock-costs.ts';
import { runStudy } from './study.ts';
import { studyJson } from './study-json.ts';
import { summaryLines } from './summary.ts';
import { reportPage } from './report/page.ts';

test('a position that a lock closed is held against the same entry of the other run, whatever second of its hour that was filled in', () => {
  const result = enterInto([[50_000, 52_000, 49_900, 51_900]]);
  const [trade] = result.trades;
  if (trade === undefined) throw new Error('a trade was expected');
  const lock: Lock = { id: 'daily-drawdown', kind: 'daily-drawdown', symbol: null, since: trade.openedAt + 30 * MINUTE_MS, reason: 'test', limit: 0.02, value: 0.02 };
  const guarded = {
    ...result,
    trades: [{ ...trade, exitReason: 'daily drawdown', closedAt: lock.since + SECOND_MS, pnlFraction: trade.pnlFraction - 0.05 }],
    locks: [{ lock, until: null, by: null, equity: 10_000 }],
  };
  const notional = toNumber(trade.quantity) * toNumber(trade.entryPrice);
  for (const [later, difference] of [[0, 0.05 * notional], [2 * SECOND_MS, 0.05 * notional], [HOUR_MS, 0]] as const) {
    const [cost] = lockCosts(guarded, { ...result, trades: [{ ...trade, openedAt: trade.openedAt + later }] });
    expect(cost?.flattened).toBe(1);
    expect(cost?.flattenedDifference).toBeCloseTo(difference, 6);
  }
});

describe('a run that was stopped', () => {
  // Two stop-outs of about 1 % of equity each trip a limit of 1.5 %, which nobody may unlock; then four targets of 3 % each that only the other run is there for.
  const loss: Hours = [[50_000, 50_050, 49_000, 50_000], ...Array.from({ length: 7 }, () => [50_000, 50_100, 49_900, 50_000] as const)];
  const profit: Hours = [[50_000, 52_000, 49_900, 50_000], ...Array.from({ length: 7 }, () => [50_000, 50_100, 49_900, 50_000] as const)];
  const series = seriesOf(BTC, quietThen(50_000, [...loss, ...loss, ...profit, ...profit, ...profit, ...profit]));
  const signals = signalsAt(series, ...Array.from({ length: 6 }, (_, index) => FROM + (index * 8 - 1) * HOUR_MS));
  const assumptions = { ...PLAIN, operator: { unlockAfter: HOUR_MS, totalDrawdownUnlocks: 0 } };
  const study = runStudy({ ...options([series], new Map([[BTC, signals]]), { assumptions, config: config([BTC], { maxTotalDrawdown: 0.015 }) }), model: null });

  test('has in the costs of the lock that stopped it what the other run did from then on', () => {
    expect(study.result.stopped?.lock).toBe('total-drawdown');
    expect(study.unguarded.trades).toBe(6);
    const [cost, ...others] = study.lockCosts.filter(({ missedTrades }) => missedTrades > 0);
    expect(others).toEqual([]);
    expect(cost).toMatchObject({ title: 'Total drawdown', missedTrades: 4, missedTradesAfterStop: 4 });
    // By hand: risk 1 % / (stop 1.5 % + fees 0.2 % + slippage allowance 0.1 %) = 55.6 % of equity in each; a target makes 1.03 x 0.999 x 0.999 - 1 = 2.794 % of that.
    expect(cost?.missed).toBeCloseTo(4 * 0.02794 * (0.01 / 0.018) * (cost?.equity ?? Number.NaN), -1);
    expect(cost?.missedAfterStop).toBe(cost?.missed);
  });

  test('says so on every page', () => {
    const line = /After the stop the other run made 4 more trades, \+\d+\.\d\d USDT in the equity of this one: they count for total drawdown, which stopped it/;
    expect(summaryLines(study).join('\n')).toMatch(line);
    expect(summaryLines(study).join('\n')).toMatch(/STOPPED on .* are of the time until then/);
    expect(reportPage(study, [], [])).toMatch(line);
    expect(JSON.parse(studyJson(study))).toMatchObject({ locks: study.lockCosts.map(({ missedTradesAfterStop, missedAfterStop }) => ({ missedTradesAfterStop, missedAfterStop })) });
  });
});
