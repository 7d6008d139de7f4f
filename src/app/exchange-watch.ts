import { add, decimal, formatDecimal, isDecimalText } from '../core/decimal.ts';
import type { SettlementEvidence } from '../core/engine/input.ts';
import { isConfirmed } from '../core/engine/account-differences.ts';
import type { EngineState } from '../core/engine/state.ts';
import { MAX_SKEW } from '../core/guardian/health-locks.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';
import { createReconciler, type Findings } from './reconciler.ts';
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
/** Wall time between two measurements of the clock difference, and after one that failed. */
export const SKEW_CADENCE: Milliseconds = 10 * MINUTE_MS;
export const SKEW_RETRY: Milliseconds = 15 * SECOND_MS;
/** Comparisons in a row that may find something to repair before balances are looked at all the same. */
const MOST_REPAIRS = 3;
/** Wall time that one repair gets before the comparison is put off. */
const REPAIR_LIMIT: Milliseconds = 10 * SECOND_MS;

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
  let skewDueAt = Number.NEGATIVE_INFINITY;
  /** Our clocks at the newest look at the exchange's; null before the first. */
  let looked: { readonly wall: EpochMs; readonly monotonic: Milliseconds } | null = null;
  /** Whether the engine knows that the clock was set back behind its own time. */
  let setBack = false;
  let comparing: Promise<unknown> = Promise.resolve();
  /** Orders for which alone the last comparison failed. */
  let hindered: readonly string[] = [];

  /**
   * Orders that cannot be looked up and that the books do not hold for open: what they have done is missing in the
   * books, and balances prove nothing.
   */
  const hindrances = ({ lookUps }: Findings): readonly string[] =>
    executor.stuck.filter((id) => {
      const record = host.state.orders[id];
      return (
        record === undefined || (lookUps.includes(id) && record.status !== 'intent' && record.status !== 'unknown')
      );
    });

  /**
   * Repairs until orders and trades agree; or why they could not be compared: the exchange could not be asked, or a
   * repair takes its time.
   */
  const repair = async (): Promise<Findings | string> => {
    hindered = [];
    for (let pass = 0; ; pass += 1) {
      const findings = await reconciler.everything();
      if (!findings.complete) return findings.why === null ? NOT_ASKED : `${NOT_ASKED} (${findings.why})`;
      if (findings.clean && executor.idle && executor.stuck.length === 0) return findings;
      if (!(await executor.settled(REPAIR_LIMIT))) return NOT_ASKED;
      const inTheWay = hindrances(findings);
      if (inTheWay.length > 0) {
        hindered = inTheWay;
        return `${inTheWay.join(', ')} cannot be looked up`;
      }
      // What is stuck is not looked up by asking again.
      if (findings.lookUps.every((id) => executor.stuck.includes(id)) && executor.stuck.length > 0) return findings;
      // Trades that never come to rest: the balances have the last word.
      if (pass + 1 >= MOST_REPAIRS) return findings;
    }
  };

  const compare = async (): Promise<boolean> => {
    if (!executor.idle) return false;
    const findings = await repair();
    if (typeof findings === 'string') {
      log.warn({ why: findings }, 'the account could not be compared');
      host.apply({
        type: 'account',
        balances: null,
        failure: findings,
        foreignOrders: [],
        ...(hindered.length === 0 ? {} : { hindrances: hindered }),
      });
      return false;
    }
    const { orderSequence } = host.state;
    const stuck = executor.stuck.join();
    const read = await venue.balances();
    // What was set going meanwhile, or is done already, has moved the account: this reading would compare two moments.
    if (!executor.idle || host.state.orderSequence !== orderSequence || executor.stuck.join() !== stuck) return false;
    if (!read.ok) log.warn({ code: read.error.code, why: read.error.message }, 'the account could not be read');
    host.apply({
      type: 'account',
      balances: read.ok ? read.value : null,
      failure: read.ok ? null : read.error.message,
      foreignOrders: findings.foreign,
      ...(findings.foreignCount > findings.foreign.length ? { foreignCount: findings.foreignCount } : {}),
      ...(findings.orphans.length === 0 ? {} : { orphanOrders: findings.orphans }),
      ...(findings.unlisted.length === 0 ? {} : { unlisted: findings.unlisted }),
      ...(findings.historyLost.length === 0 ? {} : { historyLost: findings.historyLost }),
      ...(Object.keys(findings.algoOrders).length === 0 ? {} : { algoOrders: findings.algoOrders }),
    });
    return read.ok;
  };

  /**
   * One comparison after the other: two at once would be one moment taken for two readings (an operator's and the
   * loop's).
   */
  const compareInTurn = (): Promise<boolean> => {
    const turn = comparing.then(async () => {
      const compared = await compare();
      return (await settleStated()) ? compare() : compared;
    });
    comparing = turn.catch(() => undefined);
    return turn;
  };

  /**
   * The best of some looks at the exchange's clock: its difference, give or take half of the way there and back. Null
   * when it does not answer.
   */
  const sampleClock = async (): Promise<{ readonly skew: Milliseconds; readonly doubt: Milliseconds } | null> => {
    let best: { readonly skew: Milliseconds; readonly doubt: Milliseconds } | null = null;
    for (let look = 0; look < SKEW_LOOKS; look += 1) {
      const before = clock.wallNow();
      const begun = clock.monotonicNow();
      const read = await venue.serverTime();
      const doubt = (clock.monotonicNow() - begun) / 2;
      if (!read.ok) {
        log.warn({ code: read.error.code, why: read.error.message }, 'the exchange clock could not be read');
        return best;
      }
      if (best === null || doubt < best.doubt) best = { skew: read.value - before - doubt, doubt };
      if (best.doubt <= SKEW_TROUBLE / 2) return best;
    }
    return best;
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

  /**
   * Where wall and monotonic time have parted since, the clock was set, or the machine has slept: what was measured is
   * no more.
   */
  const wasSet = (): boolean =>
    looked !== null &&
    Math.abs(clock.wallNow() - looked.wall - (clock.monotonicNow() - looked.monotonic)) > SKEW_TROUBLE;

  const skew = async (): Promise<void> => {
    looked = { wall: clock.wallNow(), monotonic: clock.monotonicNow() };
    const sample = await sampleClock();
    const trouble = sample === null || Math.abs(sample.skew) + sample.doubt > SKEW_TROUBLE;
    skewDueAt = clock.monotonicNow() + (trouble ? SKEW_RETRY : SKEW_CADENCE);
    if (sample === null) host.apply({ type: 'clock-skew', skew: null });
    // A slow answer says only that much: what it leaves in doubt is not a measurement, and the last one grows old.
    else if (sample.doubt <= SKEW_TROUBLE) host.apply({ type: 'clock-skew', skew: sample.skew });
    else if (Math.abs(sample.skew) - sample.doubt > MAX_SKEW) host.apply({ type: 'clock-skew', skew: sample.skew });
  };

  /**
   * Whether the clock was set back, of which the engine is told: its time stands still until it has caught up, and
   * nothing grows old in it.
   */
  const noteSetBack = (): boolean => {
    const ahead = host.state.at - clock.marketNow();
    if (ahead <= MAX_SKEW) {
      setBack = false;
      return false;
    }
    if (!setBack) {
      log.warn({ aheadMs: ahead }, 'the clock is behind what is journaled: no entries until it has caught up');
      host.apply({ type: 'clock-skew', skew: -ahead });
    }
    setBack = true;
    skewDueAt = Number.NEGATIVE_INFINITY;
    return true;
  };

  const evidence = async ({ symbol, clientOrderId }: OrderReference): Promise<SettlementEvidence | string> => {
    if (!executor.idle) return UNDER_WAY;
    const { orderSequence } = host.state;
    const open = await venue.openOrders(symbol);
    // A market that has left the exchange has no open orders; every other failure proves nothing.
    if (!open.ok && open.error.kind !== 'unlisted')
      return `the open orders of ${symbol} could not be read (${open.error.code} ${open.error.message})`;
    const read = await venue.balances();
    if (!read.ok) return `the balances could not be read (${read.error.code} ${read.error.message})`;
    if (!executor.idle || host.state.orderSequence !== orderSequence) return UNDER_WAY;
    const totals = read.value.flatMap(({ asset, free, locked }) =>
      isDecimalText(free) && isDecimalText(locked)
        ? [{ asset, total: formatDecimal(add(decimal(free), decimal(locked))) }]
        : [],
    );
    return { listed: open.ok && open.value.some((order) => order.clientOrderId === clientOrderId), totals };
  };

  const settleStated = createStatedOrders({ host, venue, executor, clock, log, evidence });

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
      return hindered.length > 0;
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
    skew: () => (noteSetBack() || (clock.monotonicNow() < skewDueAt && !wasSet()) ? NOTHING : skew()),
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
const NOTHING = Promise.resolve();
const UNDER_WAY = 'an order is under way; try again in a moment';
const NOT_ASKED = 'orders and trades could not be compared';

/** Looks at the exchange's clock for one measurement, while answers are slow. */
const SKEW_LOOKS = 3;
/** A difference, or a doubt, worth watching more closely (the lock clears below 500 ms). */
const SKEW_TROUBLE: Milliseconds = 400;
