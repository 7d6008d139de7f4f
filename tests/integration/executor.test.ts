import { lookup } from 'node:dns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createExchange, type ExchangeHandle } from '../../src/adapters/exchange/create-exchange.ts';
import { createSystemClock } from '../../src/adapters/system/clock.ts';
import { createExecutor, type Executor } from '../../src/app/executor.ts';
import { draftOf, silent } from '../../src/app/executor.test-helper.ts';
import { decimal, formatDecimal, sum } from '../../src/core/decimal.ts';
import type { OrderOutcome } from '../../src/core/engine/input.ts';
import { ApprovedOrder } from '../../src/core/guardian/approved-order.ts';
import type { OrderDraft } from '../../src/core/orders/order.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { FaultRequest } from '../../src/sim/exchange/faults/registry.ts';
import { createExchangeSimulator, type ExchangeSimulator } from '../../src/sim/exchange/simulator.ts';
import { generateMarket } from '../../src/sim/exchange/testing.ts';

/** The executor through the real client library over HTTP, against the simulator's faults by name. */
const FROM = Date.UTC(2026, 0, 5);
const system = createSystemClock();
/** Spans pass quickly here: nothing is under way in this network that a longer wait would catch. */
const HASTE = 20;
const hasty: Clock = {
  marketNow: () => system.wallNow(),
  wallNow: () => system.wallNow(),
  monotonicNow: () => system.monotonicNow() * HASTE,
  sleep: (span, signal) => system.sleep(span / HASTE, signal),
};
const settled = (): Promise<boolean> => executor.settled(20_000 * HASTE);

let simulator: ExchangeSimulator;
let exchange: ExchangeHandle;
let executor: Executor;
let reports: { readonly id: string; readonly outcome: OrderOutcome }[];
let cancelFailures: string[];

beforeEach(async () => {
  simulator = await createExchangeSimulator({
    history: generateMarket({ symbols: { 'BTC/USDT': 60_000 }, from: FROM - 3_600_000, hours: 100, seed: 3 }),
    startTime: FROM,
    balances: { USDT: '1000', BTC: '0.02' },
  });
  exchange = await createExchange({
    credentials: simulator.credentials,
    apiRoot: simulator.url,
    sandbox: false,
    clock: hasty,
    log: silent,
    lookUp: lookup,
    entryCeiling: () => decimal('100000'),
    receiveWindow: 5_000,
    timeout: 300,
    requestInterval: 0,
  });
  reports = [];
  cancelFailures = [];
  executor = createExecutor({
    venue: exchange.venue,
    clock: hasty,
    log: silent,
    random: () => 0,
    report: ({ clientOrderId }, outcome) => void reports.push({ id: clientOrderId, outcome }),
    cancelFailed: ({ clientOrderId }) => void cancelFailures.push(clientOrderId),
    placedAt: () => null,
    protects: () => false,
  });
});
afterEach(async () => {
  await exchange.close();
  await simulator.close();
});

const price = (): number => Number(simulator.control.state().prices['BTC/USDT']);
const round = (value: number): string => value.toFixed(2);

const place = async (
  id: string,
  purpose: OrderDraft['purpose'],
  overrides: Partial<OrderDraft> = {},
): Promise<void> => {
  const prices: Partial<OrderDraft> =
    purpose === 'entry'
      ? { limitPrice: decimal(round(price() * 1.001)), expiresAtWall: Date.now() + 60_000 }
      : purpose === 'stop'
        ? { stopPrice: decimal(round(price() * 0.985)), limitPrice: decimal(round(price() * 0.965)) }
        : {};
  executor.place(ApprovedOrder.approve(draftOf(id, purpose, { quantity: decimal('0.001'), ...prices, ...overrides })));
  expect(await settled()).toBe(true);
};
const cancel = async (id: string): Promise<void> => {
  executor.cancel({ type: 'cancel', symbol: 'BTC/USDT', clientOrderId: id, reason: 'test' });
  expect(await settled()).toBe(true);
};
const last = (): OrderOutcome | undefined => reports.at(-1)?.outcome;
/** Orders of the exchange with this id, whatever became of them. */
const accepted = (id: string): number =>
  simulator.control.orders().orders.filter((order) => order['clientOrderId'] === id).length;
const status = (): string => {
  const outcome = last();
  return outcome === undefined ? 'nothing' : outcome.kind === 'known' ? outcome.order.status : outcome.kind;
};
/** What the last report says was executed equals what the exchange traded for the account. */
const expectAllFills = (): void => {
  const outcome = last();
  if (outcome?.kind !== 'known') throw new Error(`the last report is ${outcome?.kind ?? 'none'}`);
  const traded = simulator.control.trades().map((trade) => decimal(String(trade['qty'])));
  expect(formatDecimal(sum(outcome.order.fills.map((fill) => decimal(fill.quantity))))).toBe(
    formatDecimal(sum(traded)),
  );
  expect(new Set(outcome.order.fills.map((fill) => fill.tradeId)).size).toBe(outcome.order.fills.length);
};

describe('an entry', () => {
  test.each<readonly [what: string, fault: FaultRequest, end: string]>([
    ['accepted, but the answer never comes', { name: 'accepted-but-time-out', milliseconds: 1_000 }, 'filled'],
    ['cut off before the exchange saw it', { name: 'reset-before-acceptance' }, 'not-found'],
    ['cut off after the exchange took it', { name: 'reset-after-acceptance' }, 'filled'],
    ['taken, and answered with 503', { name: '5xx', accepted: true }, 'filled'],
    ['not taken, and answered with 503', { name: '5xx', accepted: false }, 'not-found'],
    ['told to slow down', { name: '429', endpoint: 'order', method: 'POST', retryAfter: 0 }, 'filled'],
    ['refused for its timestamp', { name: 'timestamp-rejected' }, 'filled'],
    ['without funds', { name: 'insufficient-balance' }, 'rejected'],
    ['with a bad key', { name: 'bad-key' }, 'rejected'],
    ['that breaks a filter', { name: 'filter', filter: 'LOT_SIZE' }, 'rejected'],
    ['whose trades are listed twice', { name: 'duplicate-fills' }, 'filled'],
    ['whose trades are listed newest first', { name: 'reordered-fills' }, 'filled'],
    ['whose trades come late', { name: 'late-fills', reads: 5 }, 'filled'],
    ['that the exchange ends half way', { name: 'partial-then-cancel', fraction: 0.5 }, 'expired'],
  ])('%s', async (_what, fault, end) => {
    simulator.control.fault(fault);
    await place('gb-1', 'entry');
    expect(status()).toBe(end);
    expect(accepted('gb-1')).toBe(end === 'not-found' || end === 'rejected' ? 0 : 1);
    if (accepted('gb-1') === 1) expectAllFills();
  });

  test('unknown, and then unknown to the first question: the second look finds it', async () => {
    simulator.control.fault({ name: 'reset-after-acceptance' });
    simulator.control.fault({ name: 'no-such-order' });
    await place('gb-1', 'entry');
    expect(status()).toBe('filled');
    expect(reports.map(({ outcome }) => outcome.kind)).toEqual(['unknown', 'known']);
  });
});

describe('a stop', () => {
  beforeEach(async () => {
    await place('gb-stop', 'stop');
    expect(status()).toBe('new');
  });

  test('is cancelled', async () => {
    await cancel('gb-stop');
    expect(status()).toBe('cancelled');
  });

  test.each<readonly [what: string, fault: FaultRequest, end: string]>([
    [
      'cancelled, but the answer is lost',
      { name: 'reset-after-acceptance', endpoint: 'order', method: 'DELETE' },
      'cancelled',
    ],
    [
      'not cancelled, and the connection cut',
      { name: 'reset-before-acceptance', endpoint: 'order', method: 'DELETE' },
      'cancelled',
    ],
    [
      'cancelled, and answered with 503',
      { name: '5xx', accepted: true, endpoint: 'order', method: 'DELETE' },
      'cancelled',
    ],
    ['said to be unknown although it is open', { name: 'unknown-order' }, 'cancelled'],
    ['filled while it is being cancelled', { name: 'fill-after-cancel' }, 'filled'],
    ['filled in part while it is being cancelled', { name: 'fill-after-cancel', fraction: 0.5 }, 'cancelled'],
    [
      'filled in part by a cancel that knows nothing of it',
      { name: 'fill-after-cancel', fraction: 0.5, answer: 'cancelled' },
      'cancelled',
    ],
  ])('%s', async (_what, fault, end) => {
    simulator.control.fault(fault);
    await cancel('gb-stop');
    expect(status()).toBe(end);
    expect(cancelFailures).toEqual([]);
    expectAllFills();
  });
});
