import { describe, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import type { Effect } from '../../core/engine/effect.ts';
import { HOUR_MS } from '../../core/units.ts';
import { decision, fill, NOON, place, timer, trade } from './effects.test-helper.ts';
import { openForTest } from './sqlite.test-helper.ts';

const filled = (effects: readonly Effect[]) => {
  const db = openForTest();
  db.journal.commit([timer()], () => effects);
  return db.records;
};

describe('records', () => {
  test('trades: newest first with their total, or closed within a span', () => {
    const records = filled([
      place('gb-1'),
      ...[1, 2, 3].map((hour) => trade('gb-1', { closedAt: NOON + hour * HOUR_MS, pnl: decimal(`${hour}.5`) })),
    ]);
    const page = records.trades(2, 0);
    expect(page.total).toBe(3);
    expect(page.trades.map((row) => row.pnl)).toEqual([3.5, 2.5]);
    expect(records.trades(2, 2).trades).toEqual([
      {
        id: 1,
        symbol: 'BTC/USDT',
        quantity: 0.1,
        entryPrice: 60000.5,
        exitPrice: 61000,
        fees: 12.1,
        pnl: 1.5,
        pnlFraction: 0.0146,
        openedAt: NOON,
        closedAt: NOON + HOUR_MS,
        exitReason: 'take-profit',
      },
    ]);
    expect(records.tradesBetween(NOON + HOUR_MS, NOON + 3 * HOUR_MS).map((row) => row.pnl)).toEqual([1.5, 2.5]);
  });

  test('equity within a span, and the last before one', () => {
    const records = filled(
      [1, 2, 3].map(
        (hour): Effect => ({ type: 'equity', at: NOON + hour * HOUR_MS, equity: 100 + hour, cash: 1, exposure: 2 }),
      ),
    );
    expect(records.equityBetween(NOON + HOUR_MS, NOON + 3 * HOUR_MS)).toEqual([
      { at: NOON + HOUR_MS, equity: 101 },
      { at: NOON + 2 * HOUR_MS, equity: 102 },
    ]);
    expect(records.equityBefore(NOON + 3 * HOUR_MS)).toEqual({ at: NOON + 2 * HOUR_MS, equity: 102 });
    expect(records.equityBefore(NOON + HOUR_MS)).toBeNull();
  });

  test('deposits without the opening balance; fees at their value; nothing is zero', () => {
    const records = filled([
      { type: 'deposit', amount: decimal('1000'), at: NOON },
      { type: 'deposit', amount: decimal('50'), at: NOON + 1 },
      { type: 'deposit', amount: decimal('-20'), at: NOON + 2 },
      place('gb-1'),
      fill('gb-1', '1', { fee: decimal('2.5') }),
      fill('gb-1', '2', { fee: decimal('0.0001'), feeAsset: 'BTC', price: decimal('50000'), at: NOON + 5 }),
    ]);
    expect(records.depositsBetween(0, NOON + 10)).toBe(30);
    expect(records.depositsBetween(NOON + 2, NOON + 3)).toBe(-20);
    expect(records.feesBetween(NOON, NOON + 10)).toBe(7.5);
    expect(records.feesBetween(NOON + 1, NOON + 5)).toBe(0);
    expect(records.depositsBetween(0, 1)).toBe(0);
  });

  test('decisions and fills, newest first, by symbol', () => {
    const records = filled([
      decision({ text: 'one' }),
      decision({ text: 'two', symbol: 'ETH/USDT', probability: null, expectedValue: null, outcome: 'no-prediction' }),
      decision({ text: 'three' }),
      place('gb-1'),
      fill('gb-1', '1'),
    ]);
    expect(records.decisions(2, null).map((row) => row.text)).toEqual(['three', 'two']);
    expect(records.decisions(9, 'ETH/USDT')).toEqual([
      {
        symbol: 'ETH/USDT',
        openTime: NOON - HOUR_MS,
        probability: null,
        expectedValue: null,
        outcome: 'no-prediction',
        text: 'two',
      },
    ]);
    expect(records.fills(9)).toEqual([
      {
        symbol: 'BTC/USDT',
        side: 'buy',
        purpose: 'entry',
        price: 60000.5,
        quantity: 0.1,
        fee: 6.00005,
        feeAsset: 'USDT',
        at: NOON,
      },
    ]);
  });
});
