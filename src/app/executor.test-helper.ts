import { decimal } from '../core/decimal.ts';
import type { OrderOutcome } from '../core/engine/input.ts';
import { ApprovedOrder } from '../core/guardian/approved-order.ts';
import type { OrderDraft, OrderSnapshot, VenueStatus } from '../core/orders/order.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Log } from '../ports/log.ts';
import type {
  CancelOutcome,
  LookUp,
  OrderReference,
  SendOutcome,
  Venue,
  VenueError,
  VenueErrorKind,
} from '../ports/venue.ts';
import { createVirtualClock, settle, type VirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createExecutor, type Executor } from './executor.ts';

export const START: EpochMs = Date.UTC(2026, 0, 5, 12);
export const RECEIVE_WINDOW: Milliseconds = 5 * SECOND_MS;
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const draftOf = (
  clientOrderId: string,
  purpose: OrderDraft['purpose'],
  overrides: Partial<OrderDraft> = {},
): OrderDraft => ({
  clientOrderId,
  symbol: 'BTC/USDT',
  side: purpose === 'entry' ? 'buy' : 'sell',
  type: purpose === 'entry' ? 'limit' : purpose === 'stop' ? 'stop-loss-limit' : 'market',
  purpose,
  quantity: decimal('0.01'),
  limitPrice: purpose === 'exit' ? null : decimal('60000'),
  stopPrice: purpose === 'stop' ? decimal('61000') : null,
  timeInForce: purpose === 'entry' ? 'IOC' : purpose === 'stop' ? 'GTC' : null,
  expiresAtWall: purpose === 'entry' ? START + 60 * SECOND_MS : null,
  reason: 'test',
  ...overrides,
});

export const errorOf = (kind: VenueErrorKind, code: string, retryAfter: Milliseconds | null = null): VenueError => ({
  kind,
  code,
  message: `${code} in words`,
  retryAfter,
});

export const snapshotOf = (clientOrderId: string, status: VenueStatus): OrderSnapshot => ({
  clientOrderId,
  exchangeOrderId: `x-${clientOrderId}`,
  symbol: 'BTC/USDT',
  side: 'sell',
  status,
  quantity: '0.01',
  executedQuantity: status === 'filled' ? '0.01' : '0',
  fills: [],
});

export const accepted = (id: string, status: VenueStatus): SendOutcome => ({
  kind: 'accepted',
  order: snapshotOf(id, status),
});
export const found = (id: string, status: VenueStatus): LookUp => ({ kind: 'found', order: snapshotOf(id, status) });
export const notFound: LookUp = { kind: 'not-found' };
export const limited = (retryAfter: Milliseconds | null): VenueError => errorOf('rate-limited', '429', retryAfter);

type Scripted<T> = T | ((reference: OrderReference) => T | Promise<T>);

/** A venue that answers from scripts: each call takes the next answer, the last one stays. Every call is on record. */
export interface Bench {
  readonly clock: VirtualClock;
  readonly executor: Executor;
  /** `send gb-1 @0`: what was asked and when, in milliseconds since the start. */
  readonly calls: string[];
  readonly reports: { readonly id: string; readonly outcome: OrderOutcome; readonly at: Milliseconds }[];
  readonly cancelFailures: { readonly id: string; readonly error: VenueError }[];
  place(id: string, purpose: OrderDraft['purpose'], overrides?: Partial<OrderDraft>): void;
  cancel(id: string): void;
  sends: Scripted<SendOutcome>[];
  lookUps: Scripted<LookUp>[];
  cancels: Scripted<CancelOutcome>[];
  /** Wall times at which orders were placed that are looked up. */
  readonly placedAt: Record<string, EpochMs>;
  /** Orders that protect a position. */
  readonly stops: Set<string>;
  /** Everything due within `span` happens. */
  pass(span: Milliseconds): Promise<void>;
  kinds(): string[];
}

export const createBench = (
  onReport: (bench: Bench, id: string, outcome: OrderOutcome) => void = () => undefined,
): Bench => {
  const clock = createVirtualClock(START);
  const since = (): Milliseconds => clock.wallNow() - START;
  const calls: string[] = [];
  const answer = async <T>(what: string, script: Scripted<T>[], reference: OrderReference): Promise<T> => {
    calls.push(`${what} ${reference.clientOrderId} @${since()}`);
    const next = script.length > 1 ? script.shift() : script[0];
    if (next === undefined) throw new Error(`no answer to ${what} is scripted`);
    return typeof next === 'function' ? await (next as (reference: OrderReference) => T | Promise<T>)(reference) : next;
  };
  const unused = (): Promise<never> => Promise.reject(new Error('the executor does not read this'));
  const venue: Venue = {
    receiveWindow: RECEIVE_WINDOW,
    send: (order) => {
      if (!ApprovedOrder.isApprovedOrder(order)) throw new Error('not approved');
      return answer('send', bench.sends, order.draft);
    },
    cancel: (reference) => answer('cancel', bench.cancels, reference),
    lookUp: (reference) => answer('look', bench.lookUps, reference),
    openOrders: unused,
    balances: unused,
    tradesAfter: unused,
    serverTime: unused,
  };
  const executor = createExecutor({
    venue,
    clock,
    log: silent,
    random: () => 0.5,
    report: (reference, outcome) => {
      bench.reports.push({ id: reference.clientOrderId, outcome, at: since() });
      onReport(bench, reference.clientOrderId, outcome);
    },
    cancelFailed: (reference, error) => void bench.cancelFailures.push({ id: reference.clientOrderId, error }),
    placedAt: (clientOrderId) => bench.placedAt[clientOrderId] ?? null,
    protects: (clientOrderId) => bench.stops.has(clientOrderId),
  });
  const bench: Bench = {
    clock,
    executor,
    calls,
    reports: [],
    cancelFailures: [],
    sends: [],
    lookUps: [],
    cancels: [],
    placedAt: {},
    stops: new Set(),
    place: (id, purpose, overrides) => executor.place(ApprovedOrder.approve(draftOf(id, purpose, overrides))),
    cancel: (id) => executor.cancel({ type: 'cancel', symbol: 'BTC/USDT', clientOrderId: id, reason: 'test' }),
    pass: async (span) => {
      await clock.runTo(clock.wallNow() + span);
      await settle();
    },
    kinds: () => bench.reports.map(({ outcome }) => outcome.kind),
  };
  return bench;
};
