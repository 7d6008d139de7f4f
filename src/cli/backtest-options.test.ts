import { describe, expect, test } from 'vitest';
import {
  assumptionsOf,
  hourOf,
  marginOf,
  refuseBesideCompare,
  refuseSeed,
  seedOf,
  symbolsOf,
} from './backtest-options.ts';

describe('options of a backtest', () => {
  test.each([
    [() => hourOf('from', '2024-02-30'), '--from 2024-02-30 is not a date such as 2024-01-31'],
    [() => hourOf('to', 'tomorrow'), '--to tomorrow is not a date'],
    [() => symbolsOf('BTC', [], 'USDT'), '"BTC" is not a market such as BTC/USDT'],
    [() => symbolsOf('BTC/EUR', [], 'USDT'), 'BTC/EUR is not traded against USDT'],
    [() => symbolsOf('BTC/USDT,btc/usdt', [], 'USDT'), 'names a market twice'],
    [() => assumptionsOf({ fee: '-0.1' }), '--fee -0.1 is not a fraction from 0 to 0.02'],
    [() => assumptionsOf({ balance: '' }), '--balance  is not an amount'],
    [() => assumptionsOf({ latency: '1e9' }), '--latency 1e9 is not a number of milliseconds'],
    [() => marginOf('0', 0.1), 'use a fraction above zero'],
    [() => seedOf('1.5'), '--seed 1.5 is not a whole number'],
    [
      () => refuseBesideCompare({ compare: 'paper.db', fee: '0.002', report: 'out', unlockAfter: '3' }),
      '--fee, --report, --unlock-after: --compare prints how a database differs',
    ],
    [() => refuseSeed('3', 'candles'), '--seed 3 is for the generated market, but the candles are those of candles'],
  ])('%#: one line that names the option, the value and what would be right', (run, message) => {
    expect(run).toThrow(message);
  });

  test('what is used is let through', () => {
    expect(() => refuseBesideCompare({ compare: 'paper.db', spread: '0', slippage: '0' })).not.toThrow();
    expect(() => refuseSeed(undefined, 'candles')).not.toThrow();
  });

  test('dates are hours of UTC', () => {
    expect(hourOf('from', '2024-01-31')).toBe(Date.UTC(2024, 0, 31));
    expect(hourOf('from', '2024-01-31T12:00Z')).toBe(Date.UTC(2024, 0, 31, 12));
    expect(hourOf('to', undefined)).toBeNull();
  });
});
