import type { Input } from '../../core/engine/input.ts';
import { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import type { EpochMs } from '../../core/units.ts';
import type { LookUp, OrderReference, SendOutcome, Venue, VenueError } from '../../ports/venue.ts';
import type { SimStore } from '../exchange/store.ts';
import { isOpen, Rejection, type NewOrder, type RejectionReason, type SimOrder } from '../matching/order.ts';
import { brokenFilter } from '../matching/rules.ts';
import { PaperAccount } from './account.ts';
import { requestOf } from './request.ts';
import { balancesOf, ownTradeOf, snapshotOf } from './snapshots.ts';

/**
 * A venue inside this process: the simulator's matching rules on the prices
 * that the engine itself was given. It sees nothing but journaled inputs
 * (`observe`), so a recorded journal fills the same orders the same way, in
 * paper, in a backtest and in a replay.
 */
export interface PaperBroker {
  readonly venue: Venue;
  /** Takes an input after it was journaled; instruments, prices and closed candles matter. */
  observe(input: Input): void;
  /** Client ids of every order the account has ever had, with these first characters. */
  orderIds(prefix: string): readonly string[];
}

export interface PaperBrokerOptions {
  /** Where the account is kept. */
  readonly store: SimStore;
  /** Balances of a new account as decimal text: { USDT: '1000' }. */
  readonly opening: Readonly<Record<string, string>>;
  readonly wallNow: () => EpochMs;
}

const error = (kind: VenueError['kind'], code: string, message: string): VenueError => ({
  kind,
  code,
  message,
  retryAfter: null,
});

/** The exchange's own codes, so that a dry run looks like the real thing. */
const REFUSALS: Readonly<Record<RejectionReason, readonly [code: string, message: string]>> = {
  'market-closed': ['-1013', 'Market is closed.'],
  'duplicate-client-id': ['-2010', 'Duplicate order sent.'],
  'insufficient-balance': ['-2010', 'Account has insufficient balance for requested action.'],
  'would-trigger-immediately': ['-2010', 'Stop price would trigger immediately.'],
  'would-match-immediately': ['-2010', 'Order would immediately match and take.'],
  'no-liquidity': ['-2010', 'There is no liquidity for the order.'],
  'unknown-order': ['-2011', 'Unknown order sent.'],
};

export const createPaperBroker = (options: PaperBrokerOptions): PaperBroker => {
  const account = new PaperAccount(options);
  const { engine } = account;
  const view = (symbol: string, order: SimOrder) => snapshotOf(symbol, order, engine.files.tradesOf(order));

  const find = ({ symbol, clientOrderId }: OrderReference): SimOrder | null => {
    const id = account.id(symbol);
    return id === null ? null : (engine.files.byClientId(id, clientOrderId) ?? null);
  };

  const send = (order: ApprovedOrder): SendOutcome => {
    if (!ApprovedOrder.isApprovedOrder(order))
      return {
        kind: 'rejected',
        error: error('refused', 'adapter-guard', 'not approved: only the Guardian makes orders that may be sent'),
      };
    const { draft } = order;
    if (draft.expiresAtWall !== null && options.wallNow() >= draft.expiresAtWall)
      return {
        kind: 'rejected',
        error: error('refused', 'adapter-guard', `expired at ${new Date(draft.expiresAtWall).toISOString()}`),
      };
    const id = account.id(draft.symbol);
    if (id === null) return { kind: 'rejected', error: error('unlisted', '-1121', `Invalid symbol: ${draft.symbol}`) };
    // After a start the first price is still to come; an execution at yesterday's would be invented.
    if (!account.isPriced(id))
      return {
        kind: 'not-sent',
        error: error('unreachable', 'no-price', `no price of ${draft.symbol} has come in this run yet`),
      };
    if (find(draft) !== null) return { kind: 'unknown', error: error('unknown', '-2010', 'Duplicate order sent.') };
    const request = requestOf(draft, id);
    const { rules, last } = engine.symbol(id);
    if (!rules.orderTypes.includes(request.type))
      return { kind: 'rejected', error: error('refused', '-1116', `Invalid orderType: ${request.type}`) };
    const broken = brokenFilter(rules, request, last, engine.files.openCounts(id));
    if (broken !== null) return { kind: 'rejected', error: error('refused', '-1013', `Filter failure: ${broken}`) };
    return place(request, draft);
  };

  const place = (request: NewOrder, draft: OrderDraft): SendOutcome => {
    try {
      const placed = engine.place(request);
      account.commit();
      return { kind: 'accepted', order: view(draft.symbol, placed) };
    } catch (thrown) {
      if (!(thrown instanceof Rejection)) throw thrown;
      const [code, message] = REFUSALS[thrown.reason];
      return { kind: 'rejected', error: error('refused', code, message) };
    }
  };

  const lookUp = (reference: OrderReference): LookUp => {
    const found = find(reference);
    return found === null ? { kind: 'not-found' } : { kind: 'found', order: view(reference.symbol, found) };
  };

  /** Off the caller's stack, as a network would be; refused once the store has failed. */
  const act = <T>(action: () => T): Promise<T> =>
    Promise.resolve().then(() => {
      account.assertSound();
      return action();
    });

  const venue: Venue = {
    receiveWindow: 0,
    send: (order) => act(() => send(order)),
    cancel: (reference) =>
      act(() => {
        const found = find(reference);
        if (found === null || !isOpen(found))
          return { kind: 'not-open' as const, error: error('refused', ...REFUSALS['unknown-order']) };
        engine.cancel(found);
        account.commit();
        return { kind: 'cancelled' as const, order: view(reference.symbol, found) };
      }),
    lookUp: (reference) => act(() => lookUp(reference)),
    openOrders: (symbol) =>
      act(() => {
        const id = account.id(symbol);
        return {
          ok: true as const,
          value: id === null ? [] : engine.files.open(id).map((order) => view(symbol, order)),
        };
      }),
    balances: () =>
      act(() => ({
        ok: true as const,
        value: balancesOf(engine.accounts).filter(({ free, locked }) => free !== '0' || locked !== '0'),
      })),
    tradesAfter: (symbol, afterTradeId, since) =>
      act(() => {
        const trades = engine.files.trades(account.id(symbol) ?? '');
        const wanted = trades.filter((trade) =>
          afterTradeId === null ? trade.time >= since : trade.id > Number(afterTradeId),
        );
        return { ok: true as const, value: wanted.map((trade) => ownTradeOf(symbol, trade)) };
      }),
    serverTime: () => Promise.resolve({ ok: true as const, value: options.wallNow() }),
  };

  return {
    venue,
    orderIds: (prefix) => account.orderIds(prefix),
    observe: (input) => {
      switch (input.type) {
        case 'started':
        case 'instruments':
          account.list(input.instruments, input.at);
          return;
        case 'quotes':
          for (const { symbol, last } of input.quotes) account.price(symbol, last, input.at);
          break;
        case 'candle':
          account.candle(input.symbol, input.candle.openTime, input.candle.low, input.at);
          break;
        default:
          return;
      }
      account.commit();
    },
  };
};
