import { add, decimal, formatDecimal, sum } from '../core/decimal.ts';
import type { OrderOutcome } from '../core/engine/input.ts';
import type { EngineState, ManagedPosition } from '../core/engine/state.ts';
import { newestTrades, planRepair, type Books, type RepairStep, type SymbolReading } from '../core/ledger/plan.ts';
import type { OrderSnapshot } from '../core/orders/order.ts';
import { isFinal } from '../core/orders/record.ts';
import type { SymbolName } from '../core/units.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, OwnTrade, Read, Venue } from '../ports/venue.ts';
import type { Executor } from './executor.ts';
import { findingsOf, NOTHING_FOUND, othersAlgoOrders, type Findings } from './findings.ts';
import { unanswered } from './unanswered.ts';

/**
 * Compares orders and trades with the exchange and sets the repairs going; what they find comes to the engine as order
 * reports.
 */
export interface Reconciler {
  /** Open orders of the symbols whose position relies on one: quick, for every look at the market. */
  workingOrders(): Promise<Findings>;
  /** Open orders and trades of every symbol. */
  everything(): Promise<Findings>;
}

export const createReconciler = (options: {
  readonly state: EngineState;
  readonly venue: Venue;
  readonly executor: Executor;
  readonly log: Log;
  /** Tells the engine what became of an order. */
  readonly report: (reference: OrderReference, outcome: OrderOutcome) => void;
}): Reconciler => {
  const { state, venue, executor, log, report } = options;

  const value = <T>(what: string, symbol: SymbolName, read: Read<T>): T | null => {
    if (read.ok) return read.value;
    log.warn({ symbol, what, code: read.error.code, why: read.error.message }, 'the exchange could not be asked');
    return null;
  };

  /** The newest booked one is asked for, too: an exchange that has lost it has lost its history. */
  const readTrades = (symbol: SymbolName, newest: string | undefined): ReturnType<Venue['tradesAfter']> =>
    venue.tradesAfter(symbol, newest === undefined ? null : (BigInt(newest) - 1n).toString(), state.startedAt);

  /** Traded no more, and nothing of it is under way: that the exchange has taken the market off its list is no news. */
  const isPast = (symbol: SymbolName): boolean => {
    const known = state.symbols[symbol];
    return (
      known?.configured === false &&
      known.managed === null &&
      !state.openOrders.some(({ draft }) => draft.symbol === symbol)
    );
  };

  const compare = async (symbols: readonly SymbolName[], withTrades: boolean): Promise<Findings> => {
    const readings: SymbolReading[] = [];
    let why: string | null = null;
    const answer = <T>(what: string, symbol: SymbolName, read: Read<T>): T | null => {
      if (!read.ok) why ??= `${what} of ${symbol}: ${read.error.code} ${read.error.message}`;
      return value(what, symbol, read);
    };
    const unlisted: SymbolName[] = [];
    const traded: OwnTrade[] = [];
    // What is booked while the first questions are under way is read again, which does no harm.
    const newest = withTrades ? newestTrades(state.orderList) : null;
    for (const symbol of symbols) {
      const read = await venue.openOrders(symbol);
      // Nothing is open or traded in a market that is not there, so that it must not stand in the way of the others.
      if (!read.ok && read.error.kind === 'unlisted') {
        if (!isPast(symbol)) unlisted.push(symbol);
        continue;
      }
      const open = answer('open orders', symbol, read);
      const trades = !withTrades || unanswered(read) ? null : await readTrades(symbol, newest?.get(symbol));
      readings.push({
        symbol,
        open,
        ...(withTrades ? { trades: trades === null ? null : answer('trades', symbol, trades) } : {}),
      });
      if (trades?.ok === true) traded.push(...trades.value);
      // Nothing answers, and one failure puts a comparison off: ten seconds for each further question would hold up the
      // look at the market until the watchdog bites.
      if (unanswered(read) || (trades !== null && unanswered(trades))) break;
    }
    // The plan is made from the books as they are now, not as they were when the first question was asked.
    const steps = planRepair(booksOf(state), readings);
    const open: RepairStep[] = [];
    for (const step of steps) {
      if (bookListed(step, traded)) continue;
      carryOut(step);
      open.push(step);
    }
    const findings = findingsOf(open);
    return {
      ...findings,
      why,
      clean: findings.clean && open.length === steps.length,
      unlisted,
      algoOrders: othersAlgoOrders(state, readings),
    };
  };

  /**
   * An order that cannot be looked up and has fills that are not booked: the list of trades is the exchange's word as
   * well. It settles one that has ended in the books, which would keep the account from being compared for ever, and
   * one whose outcome is unknown where the trades are the whole of it.
   */
  const bookListed = (step: RepairStep, traded: readonly OwnTrade[]): boolean => {
    if (step.kind !== 'look-up' || step.cause !== 'missing-fill' || !executor.stuck.includes(step.clientOrderId))
      return false;
    const { symbol, clientOrderId } = step;
    const record = state.orders[clientOrderId];
    if (record === undefined || record.exchangeOrderId === null) return false;
    const { draft, exchangeOrderId, executed } = record;
    const fills = traded.filter(
      (trade) =>
        trade.symbol === symbol &&
        trade.exchangeOrderId === exchangeOrderId &&
        !record.tradeIds.includes(trade.tradeId),
    );
    const all = add(executed, sum(fills.map((fill) => decimal(fill.quantity))));
    if (!isFinal(record) && (record.status !== 'unknown' || all < draft.quantity)) return false;
    log.warn(
      { symbol, clientOrderId, fills: fills.length },
      'an order that cannot be looked up is booked by the list of trades',
    );
    const status = all >= draft.quantity ? 'filled' : record.status === 'cancelled' ? 'cancelled' : 'expired';
    const order: OrderSnapshot = {
      clientOrderId,
      exchangeOrderId,
      symbol,
      side: draft.side,
      status,
      quantity: formatDecimal(draft.quantity),
      executedQuantity: formatDecimal(all),
      fills: fills.map(({ symbol: _market, exchangeOrderId: _order, side: _side, ...fill }) => fill),
    };
    report({ symbol, clientOrderId }, { kind: 'known', order });
    executor.forget(clientOrderId);
    return true;
  };

  /** One executor a step: the table is total, so a new kind of step does not compile until somebody carries it out. */
  const table: { readonly [K in RepairStep['kind']]: (step: Extract<RepairStep, { kind: K }>) => void } = {
    'look-up': ({ symbol, clientOrderId, cause }) => {
      log.info({ symbol, clientOrderId, cause }, 'reconciliation looks an order up');
      executor.resolve({ symbol, clientOrderId }, cause === 'not-open');
    },
    cancel: ({ symbol, clientOrderId, cause }) => {
      log.warn({ symbol, clientOrderId, cause }, 'reconciliation cancels an order of ours that nothing needs');
      executor.cancel({ type: 'cancel', symbol, clientOrderId, reason: cause });
    },
    'report-orphan': ({ symbol, clientOrderId }) =>
      log.warn(
        { symbol, clientOrderId },
        'an order of this bot that this database does not know; left alone until /unlock',
      ),
    'report-foreign': () => undefined,
    'history-lost': ({ symbol, tradeId }) =>
      log.warn({ symbol, tradeId }, 'the exchange no longer has a trade that is booked'),
    'read-again': () => undefined,
  };
  const carryOut = <K extends RepairStep['kind']>(step: Extract<RepairStep, { kind: K }>): void => {
    (table[step.kind] as (given: typeof step) => void)(step);
  };

  return {
    workingOrders: () => {
      const symbols: SymbolName[] = [];
      for (const name in state.symbols) {
        const managed = state.symbols[name]?.managed;
        if (
          managed !== null &&
          managed !== undefined &&
          idsOf(managed).some((id) => state.orders[id]?.status === 'working')
        )
          symbols.push(name);
      }
      return symbols.length === 0 ? Promise.resolve(NOTHING_FOUND) : compare(symbols, false);
    },
    everything: () => compare(Object.keys(state.symbols), true),
  };
};

/** The orders that a position relies on. */
const idsOf = ({ entryOrderId, stopOrderId, exitOrderId }: ManagedPosition): string[] =>
  [entryOrderId, stopOrderId, exitOrderId].filter((id) => id !== null);

const booksOf = (state: EngineState): Books => {
  const inUse = new Set<string>();
  for (const { managed } of Object.values(state.symbols))
    if (managed !== null) for (const id of idsOf(managed)) inUse.add(id);
  return {
    orders: state.orders,
    orderList: state.orderList,
    inUse,
    orderPrefix: state.config?.orderPrefix ?? '',
    ownPrefix: state.config === null ? '' : `${state.config.orderPrefix}${state.config.instanceId}-`,
    mayCancelOrphans: state.ledger.cash !== null && state.guardian.locks['start-gate'] === undefined,
    acceptedOrphans: new Set(state.acceptedOrphans),
  };
};
