import { describe, expect, test } from 'vitest';
import { killSwitch } from '../tests/integration/telegram/fake-service.ts';
import { setUp, viewer } from './command-bench.test-helper.ts';
import { buildDailyReport } from './support/daily-report.ts';

describe('the daily report', () => {
  test('is one alert a market day, with all that matters', () => {
    const { service, tools } = setUp();
    const report = buildDailyReport('2024-08-05', service, 'UTC');
    expect(report).toMatchObject({
      kind: 'report',
      key: 'daily-report:2024-08-05',
      title: '📊 05 Aug: +2.31 (+0.23 %)',
    });
    expect(report.lines).toContain('BTC/USDT: +4.51 (+0.61 %)');
    expect(report.lines).toContain('No lock holds.');
    expect(buildDailyReport('2024-08-05', service, 'UTC', tools).lines).toContain(
      'Yesterday (UTC) +11.30 (+1.23 %), 1 trade',
    );
  });

  test('says of each lock how it clears, as /locks does', () => {
    const { service } = setUp();
    service.setLocks([{ ...killSwitch, clearing: '/unlock: the streak starts at zero' }]);
    expect(buildDailyReport('2024-08-05', service, 'UTC').lines).toContain(
      '🔒 kill-switch: clears: /unlock: the streak starts at zero',
    );
  });

  test('names the UTC day whose result it tells, where the operator has another', () => {
    const { service } = setUp();
    expect(buildDailyReport('2024-08-06', service, 'Pacific/Kiritimati').title).toBe(
      '📊 05 Aug (UTC): +2.31 (+0.23 %)',
    );
  });

  test('and /status do not pass off what came after an /unlock as the result of the day', async () => {
    const { service, tools, set } = setUp();
    const { status } = service;
    Object.assign(service, {
      status: () => ({ ...status(), dayRebased: true, dayPnl: -0.1, dayPnlFraction: -0.0001 }),
    });
    const periods = () => [{ from: 0, to: 0, trades: 3, pnl: -20.7, pnlFraction: -0.0207, fees: 1 }];
    const report = buildDailyReport('2024-08-05', service, 'UTC', { ...tools, periods });
    expect(report.title).toBe('📊 05 Aug: -20.70 (-2.07 %)');
    expect(report.lines).toContain('Since /unlock rebased the day -0.10 (-0.01 %)');
    expect(JSON.stringify((await set.run('status', '', viewer)).blocks)).toContain(
      '["Today","-0.10  -0.01 %"],["","since /unlock rebased it"]',
    );
  });

  test('is no greener than /status: active, and no entry anywhere, it says so and why', async () => {
    const { set, service } = setUp();
    const { status } = service;
    const entryBars = [{ code: 'equity-unknown', why: 'Equity is not known', symbols: ['BTC/USDT', 'ETH/USDT'] }];
    Object.assign(service, { status: () => ({ ...status(), state: 'active', mayEnter: false, entryBars }) });
    const { lines } = buildDailyReport('2024-08-05', service, 'UTC');
    expect(lines.slice(0, 2)).toEqual([
      '🟡 Active, but no entry now',
      'Equity is not known: no entries in BTC/USDT, ETH/USDT.',
    ]);
    expect((await set.run('status', '', viewer)).title).toContain(lines[0] ?? 'nothing');
  });

  test('a stop that is not known to rest on the exchange is told on one line of a phone, in the daily report, too', async () => {
    const { set, service } = setUp();
    const { status, positions } = service;
    const bare = positions().map((held) => ({ ...held, stopWorking: false }));
    Object.assign(service, { positions: () => bare, status: () => ({ ...status(), positions: bare }) });
    expect(JSON.stringify((await set.run('positions', '', viewer)).blocks)).toContain(
      '["Stop","59,221.60 NOT CONFIRMED"]',
    );
    expect(buildDailyReport('2024-08-05', service, 'UTC').lines).toContain(
      'BTC/USDT: +4.51 (+0.61 %), STOP NOT CONFIRMED',
    );
  });
});
