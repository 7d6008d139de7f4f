import { describe, expect, test } from 'vitest';
import { decimal, ZERO } from '../decimal.ts';
import { isFinalStatus, type Fill, type OrderSnapshot, type VenueStatus } from './order.ts';
import { entryDraft } from './order.test-helper.ts';
import {
  applySnapshot,
  describe as inWords,
  isFinal,
  openRecord,
  outstanding,
  type OrderRecord,
  type OrderStatus,
} from './record.ts';

const draft = entryDraft();
const opened = (status: OrderStatus = 'intent'): OrderRecord => Object.assign(openRecord(draft, 1, 2), { status });
const fill = (tradeId: string, quantity: string): Fill => ({
  tradeId,
  price: '50000',
  quantity,
  quoteQuantity: '1',
  fee: '0',
  feeAsset: 'USDT',
  at: 3,
});
const said = (status: VenueStatus, fills: readonly Fill[] = [], executedQuantity?: string): OrderSnapshot => ({
  clientOrderId: 'gb-1',
  exchangeOrderId: 'x1',
  symbol: 'BTC/USDT',
  side: 'buy',
  status,
  quantity: '1',
  executedQuantity: executedQuantity ?? String(fills.reduce((sum, each) => sum + Number(each.quantity), 0)),
  fills,
});

describe('an order in the books', () => {
  test('begins as an intent', () => {
    expect(openRecord(draft, 1, 2)).toEqual({
      draft,
      status: 'intent',
      exchangeOrderId: null,
      executed: ZERO,
      tradeIds: [],
      createdAt: 1,
      createdWall: 2,
      unknownSince: null,
      cancelling: false,
      cancelRequested: false,
      cancelFailures: 0,
      cancelRetryAt: null,
      cancelSince: null,
      missing: false,
      detail: null,
    });
  });

  test.each([
    ['intent', false],
    ['unknown', false],
    ['working', false],
    ['filled', true],
    ['cancelled', true],
    ['expired', true],
    ['rejected', true],
    ['never-sent', true],
    ['never-existed', true],
  ] as const)('%s: final %s', (status, final) => {
    const record = opened(status);
    expect(isFinal(record)).toBe(final);
    expect(outstanding(record)).toBe(final ? ZERO : decimal('1'));
  });

  test('what is outstanding is what has not been executed', () => {
    const record = opened();
    applySnapshot(record, said('partially-filled', [fill('1', '0.25')]), 9);
    expect(outstanding(record)).toBe(decimal('0.75'));
  });

  test('is described by side, quantity, symbol, type and price', () => {
    expect(inWords(draft)).toBe('buy 1 BTC/USDT limit @ 50000');
    expect(inWords({ ...draft, limitPrice: null, stopPrice: decimal('49250'), type: 'stop-loss', side: 'sell' })).toBe(
      'sell 1 BTC/USDT stop-loss @ 49250',
    );
    expect(inWords({ ...draft, limitPrice: null, type: 'market' })).toBe('buy 1 BTC/USDT market');
  });
});

describe("the exchange's word", () => {
  test.each([
    ['new', 'working'],
    ['partially-filled', 'working'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
    ['rejected', 'rejected'],
  ] as const)('%s makes it %s, from any open state and over any belief of ours', (status, expected) => {
    for (const before of ['intent', 'unknown', 'working', 'rejected', 'never-sent', 'never-existed'] as const) {
      const record = opened(before);
      record.unknownSince = 7;
      applySnapshot(record, said(status), 9);
      expect(record).toMatchObject({ status: expected, exchangeOrderId: 'x1', unknownSince: null });
    }
  });

  test('that it is filled books its fills and makes it final', () => {
    const record = opened('unknown');
    const fresh = applySnapshot(record, said('filled', [fill('1', '0.4'), fill('2', '0.6')]), 9);
    expect(fresh.map(({ tradeId }) => tradeId)).toEqual(['1', '2']);
    expect(record).toMatchObject({ status: 'filled', executed: decimal('1'), tradeIds: ['1', '2'] });
  });

  test.each(['filled', 'cancelled', 'expired'] as const)('%s is never open again, but late fills are taken', (end) => {
    const record = opened(end);
    expect(applySnapshot(record, said('new'), 9)).toEqual([]);
    expect(record.status).toBe(end);
    expect(applySnapshot(record, said('filled', [fill('7', '1')]), 9)).toHaveLength(1);
    expect(record).toMatchObject({ status: end, executed: decimal('1') });
  });

  test('each fill counts once, within an answer and over several', () => {
    const record = opened();
    expect(
      applySnapshot(record, said('partially-filled', [fill('1', '0.4'), fill('1', '0.4')], '0.4'), 9),
    ).toHaveLength(1);
    expect(
      applySnapshot(record, said('filled', [fill('1', '0.4'), fill('2', '0.6')]), 9).map(({ tradeId }) => tradeId),
    ).toEqual(['2']);
    expect(record.executed).toBe(decimal('1'));
  });

  test('an end with fewer fills than it states is unknown since then, with the reason', () => {
    const record = opened('working');
    applySnapshot(record, said('cancelled', [fill('1', '0.4')], '0.5'), 9);
    expect(record).toMatchObject({
      status: 'unknown',
      unknownSince: 9,
      executed: decimal('0.4'),
      detail: 'fills missing: 0.4 of 0.5 shown',
    });
    applySnapshot(record, said('cancelled', [fill('1', '0.4')], '0.5'), 12);
    expect(record.unknownSince).toBe(9);
    applySnapshot(record, said('cancelled', [fill('1', '0.4'), fill('2', '0.1')], '0.5'), 15);
    expect(record).toMatchObject({ status: 'cancelled', unknownSince: null, executed: decimal('0.5') });
  });

  test('filled means the whole quantity, whatever it says was executed', () => {
    const record = opened('working');
    applySnapshot(record, said('filled', [fill('1', '0.4')], '0.4'), 9);
    expect(record).toMatchObject({ status: 'unknown', detail: 'fills missing: 0.4 of 1 shown' });
  });

  test('ends a cancellation that was under way, and only an end does', () => {
    const record = opened('working');
    record.cancelling = true;
    applySnapshot(record, said('new'), 9);
    expect(record.cancelling).toBe(true);
    applySnapshot(record, said('cancelled'), 9);
    expect(record.cancelling).toBe(false);
  });

  test('is final for filled, cancelled, expired and rejected orders', () => {
    expect(
      (['new', 'partially-filled', 'filled', 'cancelled', 'expired', 'rejected'] as const).map(isFinalStatus),
    ).toEqual([false, false, true, true, true, true]);
  });
});
