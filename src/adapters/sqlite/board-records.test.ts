import { describe, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import { HOUR_MS } from '../../core/units.ts';
import { alertEffect, decision, fill, lockChange, NOON, order, place, timer, trade } from './effects.test-helper.ts';
import { openForTest } from './sqlite.test-helper.ts';

const equity = (hour: number, value: number): Effect => ({
  type: 'equity',
  at: NOON + hour * HOUR_MS,
  equity: value,
  cash: 1,
  exposure: hour,
});

const opened = (...commits: readonly (readonly Effect[])[]) => {
  const db = openForTest();
  for (const effects of commits) db.journal.commit([timer()], () => effects);
  return db;
};

const NOTHING = { decisions: 0, fills: 0, trades: 0, orders: 0, alerts: 0, locks: 0, equity: 0 };

describe('rows of the page', () => {
  test('a cursor and what came after it, oldest first; an order once, as it stands now', () => {
    const db = opened([place('gb-1'), order('gb-1', { status: 'working' })]);
    const before = db.board.cursor();
    db.journal.commit([timer()], () => [
      order('gb-1'),
      fill('gb-1', '1'),
      decision({ text: 'one' }),
      decision({ text: 'two' }),
      alertEffect('a'),
      lockChange('set'),
      trade('gb-1'),
      equity(1, 100),
    ]);
    const after = db.board.cursor();
    const rows = db.board.between(before, after, 10);
    expect(rows?.orders.map(({ id, status, executed }) => [id, status, executed])).toEqual([['gb-1', 'filled', 0.1]]);
    expect(rows?.decisions.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(rows?.fills.map(({ clientOrderId, fee, realised }) => [clientOrderId, fee, realised])).toEqual([
      ['gb-1', 6.00005, 0],
    ]);
    expect(rows?.locks.map(({ lockId, change }) => [lockId, change])).toEqual([['kill-switch', 'set']]);
    expect(rows?.alerts).toHaveLength(1);
    expect(rows?.trades.map(({ pnl }) => pnl)).toEqual([87.85]);
    expect(rows?.equity).toEqual([{ at: NOON + HOUR_MS, equity: 100, exposure: 1, deposited: 0 }]);
    expect(db.board.between(after, after, 10)).toEqual({
      decisions: [],
      fills: [],
      trades: [],
      orders: [],
      alerts: [],
      locks: [],
      equity: [],
    });
    expect(db.board.between(before, after, 1)).toBeNull();
  });

  test('nothing after `until` is shown: a reader never gets a row twice', () => {
    const db = opened([decision({ text: 'one' })]);
    const until = db.board.cursor();
    db.journal.commit([timer()], () => [decision({ text: 'two' })]);
    expect(db.board.between(NOTHING, until, 10)?.decisions.map(({ text }) => text)).toEqual(['one']);
    expect(db.board.newest(until, 10).decisions.map(({ text }) => text)).toEqual(['one']);
    expect(db.board.newest(db.board.cursor(), 1).decisions.map(({ text }) => text)).toEqual(['two']);
  });

  test('a decision with its checks, its sizing and the features of the entry that caused it', () => {
    const db = openForTest();
    const input: Input = {
      type: 'prediction',
      at: NOON,
      wall: NOON,
      symbol: 'BTC/USDT',
      openTime: NOON - HOUR_MS,
      probability: 0.5,
      failure: null,
      features: [0.25, null],
    };
    db.journal.commit([input], () => [
      decision({ openTime: NOON - HOUR_MS, checks: [{ ok: false, code: 'cash', limit: null, value: '1' }] }),
    ]);
    const found = db.board.decision('BTC/USDT', NOON - HOUR_MS);
    expect(found?.features).toEqual([0.25, null]);
    expect(JSON.parse(found?.checks ?? '')).toEqual([{ ok: false, code: 'cash', limit: null, value: '1' }]);
    expect(db.board.decision('ETH/USDT', NOON - HOUR_MS)).toBeNull();
  });

  test('features are unknown when the decision did not come from a prediction on record', () => {
    const db = opened([decision({})]);
    const { openTime } = db.board.newest(db.board.cursor(), 1).decisions[0] ?? { openTime: 0 };
    expect(db.board.decision('BTC/USDT', openTime)?.features).toBeNull();
  });

  test('the equity curve in stretches: last, highest and lowest of each', () => {
    const db = opened([90, 110, 100, 95, 120, 80].map((value, hour) => equity(hour, value)));
    expect(db.board.equity(0, 2)).toEqual([
      { at: NOON + 2 * HOUR_MS, equity: 100, exposure: 2, high: 110, low: 90, deposited: 0 },
      { at: NOON + 5 * HOUR_MS, equity: 80, exposure: 5, high: 120, low: 80, deposited: 0 },
    ]);
    expect(db.board.equity(NOON + 4 * HOUR_MS, 100).map((point) => point.equity)).toEqual([120, 80]);
    expect(db.board.equity(NOON + 9 * HOUR_MS, 100)).toEqual([]);
  });

  test('an order is found with its fills and its trade', () => {
    const db = opened([
      place('gb-1'),
      fill('gb-1', '1', { at: NOON }),
      fill('gb-1', '2', { at: NOON + 5 }),
      trade('gb-1'),
    ]);
    expect(db.board.order('gb-1')).toMatchObject({ purpose: 'entry', limitPrice: 60000.5, status: 'intent' });
    expect(db.board.order('gb-2')).toBeNull();
    expect(db.board.fillsOf('gb-1')).toHaveLength(2);
    expect(db.board.fillsSince('BTC/USDT', NOON + 1)).toHaveLength(1);
    expect(db.board.tradeOf('gb-1')?.pnl).toBe(87.85);
    expect(db.board.tradeOf('gb-2')).toBeNull();
  });

  test('what came from outside is told with the point that holds it first, and kept out of the highs and lows', () => {
    const deposit = (hour: number, amount: string): Effect => ({
      type: 'deposit',
      amount: decimal(amount),
      at: NOON + hour * HOUR_MS,
    });
    const db = opened(
      [deposit(0, '100'), equity(0, 100)],
      [equity(1, 90)],
      [deposit(2, '50'), equity(2, 140)],
      [deposit(3, '-80'), equity(3, 61)],
    );
    const rows = db.board.between(NOTHING, db.board.cursor(), 10);
    expect(rows?.equity.map(({ equity: value, deposited }) => [value, deposited])).toEqual([
      [100, 0],
      [90, 0],
      [140, 50],
      [61, -80],
    ]);
    // In one stretch: less what came from outside, equity went 100, 90, 90, 91.
    expect(db.board.equity(0, 1)).toEqual([
      { at: NOON + 3 * HOUR_MS, equity: 61, exposure: 3, high: 100, low: 90, deposited: -30 },
    ]);
    expect(db.board.equity(NOON + 2 * HOUR_MS, 9).map(({ deposited }) => deposited)).toEqual([0, -80]);
  });
});
