import { isFinal, type OrderRecord } from '../core/orders/record.ts';
import { HOUR_MS, MINUTE_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';

/** Market time between two readings of the account. */
export const ACCOUNT_CADENCE: Milliseconds = HOUR_MS;
/** Wall time between two measurements of the clock difference. */
export const SKEW_CADENCE: Milliseconds = 10 * MINUTE_MS;

/** Looks after what rests on the exchange: working orders, balances, the clock. A failed read never means "nothing there". */
export interface ExchangeWatch {
  /** Compares working orders with the exchange's open ones; what is missing or has moved is looked up. */
  orders(): Promise<void>;
  /** Reads the account when it is due (or `now` is set) and nothing is under way. */
  account(now?: boolean): Promise<void>;
  skew(): Promise<void>;
}

export const createExchangeWatch = (options: {
  readonly host: EngineHost;
  readonly venue: Venue;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Log;
}): ExchangeWatch => {
  const { host, venue, executor, clock, log } = options;
  let accountAt: EpochMs | null = null;
  let skewAt: EpochMs | null = null;
  let foreign: readonly string[] = [];

  const workingBySymbol = (): ReadonlyMap<string, readonly OrderRecord[]> => {
    const working = Object.values(host.state.orders).filter((record) => record.status === 'working');
    return Map.groupBy(working, (record) => record.draft.symbol);
  };

  const checkSymbol = async (symbol: string, working: readonly OrderRecord[]): Promise<void> => {
    const read = await venue.openOrders(symbol);
    if (!read.ok) {
      log.warn({ symbol, code: read.error.code, why: read.error.message }, 'open orders could not be read');
      return;
    }
    const open = new Map(read.value.map((order) => [order.clientOrderId, order]));
    for (const record of working) {
      const there = open.get(record.draft.clientOrderId);
      const moved = there === undefined || there.fills.length !== record.tradeIds.length;
      if (moved) executor.resolve({ symbol, clientOrderId: record.draft.clientOrderId });
    }
    await sweep(symbol, [...open.keys()]);
  };

  /** Open orders that the engine does not count as open: ours are cancelled, those of others are reported and left alone. */
  const sweep = async (symbol: string, openIds: readonly string[]): Promise<void> => {
    const config = host.state.config;
    if (config === null) return;
    foreign = [...foreign.filter((id) => !id.startsWith(`${symbol} `)), ...openIds.filter((id) => !id.startsWith(config.orderPrefix)).map((id) => `${symbol} ${id}`)];
    for (const clientOrderId of openIds) {
      if (!clientOrderId.startsWith(config.orderPrefix)) continue;
      const record = host.state.orders[clientOrderId];
      if (record !== undefined) {
        // It was believed ended and is open: the exchange's word counts.
        if (isFinal(record)) executor.resolve({ symbol, clientOrderId });
        continue;
      }
      log.warn({ symbol, clientOrderId }, 'an orphan order of ours is cancelled');
      const outcome = await venue.cancel({ symbol, clientOrderId });
      if (outcome.kind === 'cancelled') {
        host.apply({ type: 'order-report', symbol, clientOrderId, outcome: { kind: 'known', order: outcome.order } });
      }
    }
  };

  return {
    orders: async () => {
      for (const [symbol, working] of workingBySymbol()) await checkSymbol(symbol, working);
    },
    account: async (now = false) => {
      const due = accountAt === null || clock.marketNow() - accountAt >= ACCOUNT_CADENCE || host.state.suspicion !== null;
      if (!(now || due) || !executor.idle) return;
      if (now) for (const symbol of Object.keys(host.state.symbols)) await checkSymbol(symbol, workingBySymbol().get(symbol) ?? []);
      if (!executor.idle) return;
      const before = host.progress;
      const read = await venue.balances();
      // Anything that was applied meanwhile may have moved the account: this reading would compare two moments.
      if (host.progress !== before && !now) return;
      accountAt = clock.marketNow();
      host.apply({ type: 'account', balances: read.ok ? read.value : null, failure: read.ok ? null : read.error.message, foreignOrders: foreign });
      if (!read.ok) log.warn({ code: read.error.code, why: read.error.message }, 'the account could not be read');
    },
    skew: async () => {
      if (skewAt !== null && clock.wallNow() - skewAt < SKEW_CADENCE) return;
      skewAt = clock.wallNow();
      const before = clock.wallNow();
      const read = await venue.serverTime();
      const after = clock.wallNow();
      if (!read.ok) {
        skewAt = null;
        log.warn({ code: read.error.code, why: read.error.message }, 'the exchange clock could not be read');
      }
      host.apply({ type: 'clock-skew', skew: read.ok ? read.value - (before + after) / 2 : null });
    },
  };
};
