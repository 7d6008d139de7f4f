import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import type { OrderSnapshot } from '../orders/order.ts';
import { openRecord, type OrderRecord, type OrderStatus } from '../orders/record.ts';
import { newestTrades, planRepair, type Books, type SymbolReading, type TradeReading } from './plan.ts';

const BTC = 'BTC/USDT';

const record = (
  id: string,
  status: OrderStatus,
  changes: Partial<OrderRecord> & { readonly symbol?: string } = {},
): OrderRecord => {
  const { symbol = BTC, ...rest } = changes;
  const draft = {
    clientOrderId: id,
    symbol,
    side: 'sell',
    type: 'stop-loss',
    purpose: 'stop',
    quantity: decimal('1'),
    limitPrice: null,
    stopPrice: decimal('1'),
    timeInForce: null,
    expiresAtWall: null,
    reason: '',
  } as const;
  return { ...openRecord(draft, 0, 0), status, ...rest };
};
const books = (records: readonly OrderRecord[], changes: Partial<Books> = {}): Books => ({
  orders: Object.fromEntries(records.map((each) => [each.draft.clientOrderId, each])),
  orderList: records,
  inUse: new Set(records.map((each) => each.draft.clientOrderId)),
  orderPrefix: 'gb',
  ownPrefix: 'gbme-',
  mayCancelOrphans: true,
  acceptedOrphans: new Set(),
  ...changes,
});
const open = (clientOrderId: string, fills = 0): OrderSnapshot => ({
  clientOrderId,
  exchangeOrderId: `x-${clientOrderId}`,
  symbol: BTC,
  side: 'sell',
  status: 'new',
  quantity: '1',
  executedQuantity: '0',
  fills: Array.from({ length: fills }, (_, index) => ({
    tradeId: String(index),
    price: '1',
    quantity: '0.1',
    quoteQuantity: '0.1',
    fee: '0',
    feeAsset: 'USDT',
    at: 0,
  })),
});
const trade = (tradeId: string, exchangeOrderId: string, at = 0): TradeReading => ({ tradeId, exchangeOrderId, at });
const plan = (believed: Books, reading: Partial<SymbolReading>) =>
  planRepair(believed, [{ symbol: BTC, open: [], ...reading }]);

describe('open orders', () => {
  test('that are as believed need nothing', () => {
    expect(plan(books([record('gb-1', 'working')]), { open: [open('gb-1')] })).toEqual([]);
    expect(plan(books([record('gb-1', 'filled'), record('gb-2', 'working', { symbol: 'ETH/USDT' })]), {})).toEqual([]);
  });

  test.each([
    ['intent', 'unsettled'],
    ['unknown', 'unsettled'],
    ['working', 'not-open'],
  ] as const)('one believed %s and not there is looked up: %s', (status, cause) => {
    expect(plan(books([record('gb-1', status)]), {})).toEqual([
      { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-1', cause },
    ]);
  });

  test('one with more or fewer fills than booked has moved', () => {
    const moved = [{ kind: 'look-up', symbol: BTC, clientOrderId: 'gb-1', cause: 'moved' }];
    expect(plan(books([record('gb-1', 'working')]), { open: [open('gb-1', 1)] })).toEqual(moved);
    expect(plan(books([record('gb-1', 'working', { tradeIds: ['0', '1'] })]), { open: [open('gb-1', 1)] })).toEqual(
      moved,
    );
    expect(plan(books([record('gb-1', 'working', { tradeIds: ['0'] })]), { open: [open('gb-1', 1)] })).toEqual([]);
  });

  test('one that no position needs is cancelled, once', () => {
    const surplus = [{ kind: 'cancel', symbol: BTC, clientOrderId: 'gb-1', cause: 'surplus' }];
    expect(plan(books([record('gb-1', 'working')], { inUse: new Set() }), { open: [open('gb-1')] })).toEqual(surplus);
    expect(
      plan(books([record('gb-1', 'working', { cancelling: true })], { inUse: new Set() }), { open: [open('gb-1')] }),
    ).toEqual([]);
  });

  test('one that was believed ended: taken back where it is needed, cancelled where it is not', () => {
    expect(plan(books([record('gb-1', 'never-existed')]), { open: [open('gb-1')] })).toEqual([
      { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-1', cause: 'open-after-all' },
    ]);
    expect(plan(books([record('gb-1', 'cancelled')], { inUse: new Set() }), { open: [open('gb-1')] })).toEqual([
      { kind: 'cancel', symbol: BTC, clientOrderId: 'gb-1', cause: 'surplus' },
    ]);
  });

  test('of ours that the books do not know are cancelled, or reported while nobody has looked', () => {
    expect(plan(books([]), { open: [open('gbme-7')] })).toEqual([
      { kind: 'cancel', symbol: BTC, clientOrderId: 'gbme-7', cause: 'orphan' },
    ]);
    expect(plan(books([], { mayCancelOrphans: false }), { open: [open('gbme-7')] })).toEqual([
      { kind: 'report-orphan', symbol: BTC, clientOrderId: 'gbme-7' },
    ]);
  });

  test('of another instance are reported and left alone until an operator has let them go: they may be its stops', () => {
    const reported = [{ kind: 'report-orphan', symbol: BTC, clientOrderId: 'gbother-7' }];
    expect(plan(books([]), { open: [open('gbother-7')] })).toEqual(reported);
    expect(
      plan(books([], { ownPrefix: 'gbo-' }), { open: [open('gbother-7')] }),
      'an instance id that begins like ours',
    ).toEqual(reported);
    const accepted = { acceptedOrphans: new Set(['gbother-7']) };
    expect(plan(books([], accepted), { open: [open('gbother-7')] })).toEqual([
      { kind: 'cancel', symbol: BTC, clientOrderId: 'gbother-7', cause: 'orphan' },
    ]);
    expect(plan(books([], { ...accepted, mayCancelOrphans: false }), { open: [open('gbother-7')] })).toEqual(reported);
  });

  test('of others are reported and left alone', () => {
    expect(plan(books([]), { open: [open('web_1')] })).toEqual([
      { kind: 'report-foreign', symbol: BTC, what: 'order', id: 'web_1' },
    ]);
  });

  test('that could not be read mean nothing but to read again', () => {
    expect(plan(books([record('gb-1', 'working')], { inUse: new Set() }), { open: null })).toEqual([
      { kind: 'read-again', symbol: BTC, what: 'open-orders' },
    ]);
  });
});

describe('trades', () => {
  const known = record('gb-1', 'filled', { exchangeOrderId: '900', tradeIds: ['9', '10'] });

  test('not asked for mean nothing; not readable mean to read again', () => {
    expect(plan(books([known]), {})).toEqual([]);
    expect(plan(books([known]), { trades: null })).toEqual([{ kind: 'read-again', symbol: BTC, what: 'trades' }]);
  });

  test('that are booked need nothing', () => {
    expect(plan(books([known]), { trades: [trade('10', '900')] })).toEqual([]);
  });

  test('of an order of ours that are not booked: the order is looked up', () => {
    expect(plan(books([known]), { trades: [trade('10', '900'), trade('11', '900')] })).toEqual([
      { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-1', cause: 'missing-fill' },
    ]);
  });

  test('of others are reported, unless they may belong to an order whose outcome is open', () => {
    const trades = [trade('10', '900'), trade('12', '777')];
    expect(plan(books([known]), { trades })).toEqual([
      { kind: 'report-foreign', symbol: BTC, what: 'trade', id: '12 of order 777' },
    ]);
    for (const status of ['intent', 'unknown'] as const) {
      expect(plan(books([known, record('gb-2', status)]), { trades })).toEqual([
        { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-2', cause: 'unsettled' },
      ]);
    }
  });

  test('of an order that was settled by hand are in its books up to then, whether or not it told its id at the exchange', () => {
    const trades = [trade('10', '900'), trade('11', '901', 50)];
    for (const exchangeOrderId of ['901', null])
      expect(plan(books([known, record('gb-2', 'settled', { exchangeOrderId, settledAt: 60 })]), { trades })).toEqual(
        [],
      );
    const later = record('gb-2', 'settled', { exchangeOrderId: '901', settledAt: 40 });
    expect(plan(books([known, later]), { trades })).toEqual([
      { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-2', cause: 'missing-fill' },
    ]);
    expect(plan(books([known, { ...later, exchangeOrderId: null }]), { trades })).toMatchObject([
      { kind: 'report-foreign' },
    ]);
  });

  test('that are booked and no longer there: the account was reset', () => {
    expect(plan(books([known]), { trades: [] })).toEqual([{ kind: 'history-lost', symbol: BTC, tradeId: '10' }]);
    expect(plan(books([record('gb-1', 'filled', { exchangeOrderId: '900' })]), { trades: [] })).toEqual([]);
  });

  test('the newest is that with the largest number, of its symbol, and of numbers only', () => {
    const orders = books([
      known,
      record('gb-2', 'filled', { symbol: 'ETH/USDT', tradeIds: ['99'] }),
      record('gb-3', 'filled', { tradeIds: ['8', 'x11', '12a', 'abc'] }),
    ]).orderList;
    expect(newestTrades(orders).get(BTC)).toBe('10');
    expect(newestTrades(orders).get('ETH/USDT')).toBe('99');
    expect(newestTrades([]).size).toBe(0);
  });
});

test('each symbol is planned for itself, looking up first', () => {
  const believed = books([record('gb-1', 'working'), record('gb-2', 'unknown', { symbol: 'ETH/USDT' })]);
  expect(
    planRepair(believed, [
      { symbol: BTC, open: [open('web_1')] },
      { symbol: 'ETH/USDT', open: [] },
    ]),
  ).toEqual([
    { kind: 'look-up', symbol: BTC, clientOrderId: 'gb-1', cause: 'not-open' },
    { kind: 'report-foreign', symbol: BTC, what: 'order', id: 'web_1' },
    { kind: 'look-up', symbol: 'ETH/USDT', clientOrderId: 'gb-2', cause: 'unsettled' },
  ]);
});
