import type { SettlementEvidence } from '../core/engine/input.ts';
import { isConfirmed } from '../core/engine/account-differences.ts';
import type { EngineState } from '../core/engine/state.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';
import { createAccountComparison } from './account-comparison.ts';
import { createClockWatch } from './clock-watch.ts';
import { createReconciler } from './reconciler.ts';
import { readEvidence } from './settlement-evidence.ts';
import { createStatedOrders } from './stated-orders.ts';

/** Market time between two full comparisons with the exchange. */
export const ACCOUNT_CADENCE: Milliseconds = HOUR_MS;
/** Wall time after a comparison that could not be made before the next try. */
export const ACCOUNT_RETRY: Milliseconds = 15 * SECOND_MS;
/** Wall time between two looks at a difference that is known and locked: it waits for a person. */
export const DIFFERENCE_CADENCE: Milliseconds = MINUTE_MS;
/**
 * Wall time between two readings of which the second has to bear out the first, whoever makes them: what the account
 * shows may be seconds behind the orders that have moved it.
 */
const READ_AGAIN: Milliseconds = 5 * SECOND_MS;
/**
 * Looks after what rests on the exchange: working orders, trades, balances, the clock. A failed read never means
 * "nothing there".
 */
export interface ExchangeWatch {
  /** Compares working orders with the exchange's open ones; what is missing or has moved is looked up. */
  orders(): Promise<unknown>;
  /**
   * The full comparison, when it is due or `now` is set, and nothing is under way: open orders and trades
   * first, then, with those repaired, the balances. @returns whether the account was compared.
   */
  account(now?: boolean): Promise<boolean>;
  /**
   * Waits, where the newest reading has found something that the next one has to show as well, until that one may be
   * made.
   */
  apart(signal: AbortSignal): Promise<void>;
  /**
   * Whether the last comparison failed for nothing but an order that cannot be looked up: waiting for it would be
   * waiting for ever.
   */
  readonly hindered: boolean;
  skew(): Promise<void>;
  /**
   * What the exchange shows beside an order that it does not answer for: its list of open ones, and the balances.
   * Read while nothing else is under way; or, in words, why it could not be.
   */
  evidence(reference: OrderReference): Promise<SettlementEvidence | string>;
}

export const createExchangeWatch = (options: {
  readonly host: EngineHost;
  readonly venue: Venue;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Log;
}): ExchangeWatch => {
  const { host, venue, executor, clock, log } = options;
  const reconciler = createReconciler({
    state: host.state,
    venue,
    executor,
    log,
    report: (reference, outcome) => host.apply({ type: 'order-report', ...reference, outcome }),
  });
  const comparison = createAccountComparison({ host, venue, executor, reconciler, log });
  const evidence = (reference: OrderReference) => readEvidence(options, reference);
  const settleStated = createStatedOrders({ ...options, evidence });
  let accountAt: EpochMs | null = null;
  /** Monotonic time before which no comparison is made unless it is asked for. */
  let notBefore = Number.NEGATIVE_INFINITY;
  /**
   * Whether the last comparison found a difference. A fill of ours since makes the reading void, not the difference: it
   * is looked for again in seconds, not an hour later.
   */
  let doubtful = false;
  /** Monotonic time from which a reading may bear out what the newest one has found. */
  let againFrom = Number.NEGATIVE_INFINITY;
  /** The newest order that was refused for want of funds when the account was compared last. */
  let lacked = lackedFunds(host.state);
  let comparing: Promise<unknown> = Promise.resolve();

  /**
   * One comparison after the other: two at once would be one moment taken for two readings (an operator's and the
   * loop's).
   */
  const compareInTurn = (): Promise<boolean> => {
    const turn = comparing.then(async () => {
      const compared = await comparison.compare();
      return (await settleStated()) ? comparison.compare() : compared;
    });
    comparing = turn.catch(() => undefined);
    return turn;
  };

  const isDue = (): boolean => {
    const { suspicion, reconcileRequested } = host.state;
    return (
      accountAt === null ||
      (doubtful && suspicion === null) ||
      lackedFunds(host.state) !== lacked ||
      strands(host.state) ||
      executor.stuck.length > 0 ||
      clock.marketNow() - accountAt >= ACCOUNT_CADENCE ||
      suspicion !== null ||
      reconcileRequested
    );
  };
  /**
   * A first sign of a difference is looked at again at once; one that has been acted upon is not, nor is a wish of the
   * operator's kept waiting.
   */
  const waitAfter = (compared: boolean): Milliseconds => {
    if (!compared) return ACCOUNT_RETRY;
    const { suspicion } = host.state;
    // What the books have and the account has not is refused as often as it is tried.
    if (lackedFunds(host.state) !== lacked && suspicion === null) return DIFFERENCE_CADENCE;
    return executor.stuck.length > 0 || strands(host.state) || isConfirmed(suspicion) ? DIFFERENCE_CADENCE : 0;
  };

  const account = async (): Promise<boolean> => {
    const compared = await compareInTurn();
    // One that failed is due again, also where it was only asked for: entries wait for it.
    accountAt = compared ? clock.marketNow() : null;
    notBefore = clock.monotonicNow() + waitAfter(compared);
    const { suspicion } = host.state;
    if (compared)
      againFrom =
        suspicion === null || isConfirmed(suspicion) ? Number.NEGATIVE_INFINITY : clock.monotonicNow() + READ_AGAIN;
    if (compared) lacked = lackedFunds(host.state);
    doubtful = suspicion !== null;
    return compared;
  };

  /** A market that has just left the exchange is no matter of the next hour: the comparison tells the engine. */
  const orders = async (): Promise<unknown> => {
    const { unlisted } = await reconciler.workingOrders();
    if (unlisted.every((symbol) => host.state.symbols[symbol]?.unlisted === true)) return;
    accountAt = null;
    return unlisted;
  };

  return {
    evidence,
    orders,
    get hindered() {
      return comparison.hindered;
    },
    account: (now = false) => {
      if (host.state.reconcileRequested && executor.stuck.length === 0)
        notBefore = Math.min(notBefore, clock.monotonicNow());
      return !now && (!isDue() || clock.monotonicNow() < Math.max(notBefore, againFrom)) ? NOT_COMPARED : account();
    },
    apart: async (signal) => {
      // The loop may have made the next reading meanwhile, and found something else.
      for (
        let left = againFrom - clock.monotonicNow();
        left > 0 && !signal.aborted;
        left = againFrom - clock.monotonicNow()
      )
        await clock.sleep(left, signal);
    },
    skew: createClockWatch(options),
  };
};

/** Whether something is held in a market that is not listed: it may be listed again, and what is held may leave. */
const strands = ({ symbolList }: EngineState): boolean =>
  symbolList.some(({ unlisted, managed }) => unlisted && managed !== null);

/**
 * Binance spot API, errors: NEW_ORDER_REJECTED, most of all for want of funds. Others of its reasons cost a comparison
 * in vain, a minute apart.
 */
const NEW_ORDER_REJECTED = '-2010';

/** The newest order that was refused for that; null where there is none among the kept ones. */
const lackedFunds = ({ orderList }: EngineState): string | null =>
  orderList.findLast(({ status, detail }) => status === 'rejected' && detail?.startsWith(NEW_ORDER_REJECTED) === true)
    ?.draft.clientOrderId ?? null;

/** What a look has that is not due yet. */
const NOT_COMPARED = Promise.resolve(false);
