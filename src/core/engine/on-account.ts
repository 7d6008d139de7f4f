import { add, decimal, formatDecimal, isDecimalText, sub, ZERO, type Decimal } from '../decimal.ts';
import { bookDeposit, quantityOf } from '../ledger/ledger.ts';
import { MINUTE_MS, type Milliseconds } from '../units.ts';
import { deposit, moveFeeCoin } from './account-bookings.ts';
import { findDifference, isConfirmed, suspicionOf, type Totals } from './account-differences.ts';
import type { AccountInput } from './input.ts';
import { symbolsOf } from './lost-history.ts';
import { andMore, lockOnShortage, noteOrphans } from './orphans.ts';
import { syncNumbers } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';
import { noteListing } from './unlisted.ts';

/**
 * A reading of the account: what it says of others, and what follows from it.
 *
 * Invariant: unknown is neither zero nor flat, and nothing is done upon a difference that one reading alone has shown.
 */

/**
 * The ledger against the exchange. A failed reading changes no number: unknown is neither zero nor flat; it refuses
 * entries until one works.
 */
export const onAccount = (turn: Turn, input: AccountInput): void => {
  const { state } = turn;
  const totals = input.balances === null ? null : readTotals(turn, input.balances);
  state.accountFailed = totals === null;
  noteFailure(turn, input.failure);
  noteHindrances(turn, input);
  if (totals === null) return;
  if (input.foreignOrders.length > 0) {
    const ids = [...input.foreignOrders].sort();
    const count = input.foreignCount ?? ids.length;
    alert(
      turn,
      'reconciliation',
      `foreign:${ids.join(',')}`,
      `Somebody else trades on the account: ${count} order${count === 1 ? ' or trade' : 's or trades'}`,
      [...ids.slice(0, FOREIGN_SHOWN), ...andMore(count, FOREIGN_SHOWN)],
    );
  }
  noteListing(turn, input.unlisted ?? []);
  state.orphans = input.orphanOrders ?? [];
  state.algoOrders = input.algoOrders ?? {};
  noteOrphans(turn);
  if (state.ledger.cash === null) open(turn, totals);
  // While the outcome of an order is open, a reading proves nothing: the order may or may not be in it.
  if (state.unsettled > 0) return;
  const difference = findDifference(turn, totals, input.historyLost ?? []);
  state.suspicion = difference === null ? null : suspicionOf(difference, state.suspicion);
  const confirmed = isConfirmed(state.suspicion);
  noteHoldings(turn, totals, confirmed);
  if (difference !== null && !confirmed) return;
  state.lostHistory = symbolsOf(input.historyLost ?? []);
  // A difference seen once is no comparison yet: what /unlock accepts has been seen twice, and is what the lock says.
  if (state.reconcileRequested) {
    state.reconcileRequested = false;
    state.guardian.reconciledAt = turn.at;
  }
  if (difference === null) return;
  switch (difference.kind) {
    case 'deposit':
      return deposit(turn, difference.amount);
    case 'fee-coin':
      return moveFeeCoin(turn, difference.there);
    case 'shortage':
      return lockOnShortage(turn, difference.reason);
  }
};

/** Account readings may fail this long (wall time) before it is told: entries are refused from the first on. */
const FAILURE_TOLD_AFTER: Milliseconds = 10 * MINUTE_MS;

/** That nothing is bought any more has to be heard of, and why. */
const noteFailure = (turn: Turn, why: string | null): void => {
  const { state, wall } = turn;
  if (!state.accountFailed) {
    if (state.accountFailureTold)
      alert(turn, 'reconciliation', `account-compared:${wall}`, 'The account is compared again', [], ['/health']);
    state.accountFailedSince = null;
    state.accountFailureTold = false;
    return;
  }
  state.accountFailedSince ??= wall;
  const span = wall - state.accountFailedSince;
  if (state.accountFailureTold || span < FAILURE_TOLD_AFTER) return;
  state.accountFailureTold = true;
  const lines = [
    why ?? 'an amount of ours could not be read',
    'Entries are refused until it works; stops and exits go on.',
  ];
  alert(
    turn,
    'reconciliation',
    `account-not-compared:${wall}`,
    `The account has not been compared for ${Math.round(span / MINUTE_MS)} min`,
    lines,
    ['/health', '/logs'],
  );
};

/**
 * An order that is not in the books, or has ended in them, and that cannot be looked up keeps the account from being
 * compared, and so every entry from being approved: told once, and when it is over.
 */
const noteHindrances = (turn: Turn, { hindrances = [], balances }: AccountInput): void => {
  const { state, wall } = turn;
  // A try that failed for another reason says nothing of them.
  if (balances === null && hindrances.length === 0) return;
  for (const id of hindrances) {
    if (state.hindrances.includes(id)) continue;
    const byHand = state.orders[id] === undefined ? '' : ' Should no answer ever come, /settle ends it by hand.';
    const lines = [
      'The exchange has something of it that the books do not have, and does not say what.',
      `It goes on being asked; entries are refused meanwhile. Stops and exits go on.${byHand}`,
    ];
    alert(
      turn,
      'reconciliation',
      `hindrance:${id}:${wall}`,
      `${id} cannot be looked up: the account is not compared`,
      lines,
      ['/orders', '/health'],
    );
  }
  for (const id of state.hindrances)
    if (!hindrances.includes(id))
      alert(
        turn,
        'reconciliation',
        `hindrance-over:${id}:${wall}`,
        `${id} can be looked up again`,
        ['The account is compared again.'],
        ['/health'],
      );
  state.hindrances = hindrances;
};

/**
 * What the exchange states of every asset. Amounts of assets that are none of ours may be no decimal of ours either:
 * they are left out; of one of ours that makes the reading a failed one.
 */
const readTotals = (turn: Turn, balances: NonNullable<AccountInput['balances']>): Totals | null => {
  const { symbols } = turn.state;
  const ours = new Set([
    turn.config.quoteAsset,
    turn.config.feeAsset,
    ...Object.values(symbols).map((symbol) => symbol.instrument.base),
  ]);
  const totals = new Map<string, Decimal>();
  for (const { asset, free, locked } of balances) {
    if (isDecimalText(free) && isDecimalText(locked)) totals.set(asset, add(decimal(free), decimal(locked)));
    else if (ours.has(asset)) return null;
  }
  return totals;
};

/** The first balance is the opening one: a deposit, without a word. */
const open = (turn: Turn, totals: Totals): void => {
  const { state, config } = turn;
  const opening = totals.get(config.quoteAsset) ?? ZERO;
  bookDeposit(state.ledger, opening);
  emit(turn, { type: 'deposit', amount: opening, at: turn.at });
  if (config.feeAsset !== null) state.ledger.feeCoin = totals.get(config.feeAsset) ?? ZERO;
  syncNumbers(state);
};

/**
 * What can be sold is what is there. Less than the books hold is believed at the second reading only: on a list that
 * was cut short, or taken before a fill, a stop would be withdrawn or not placed at all, and /unlock would book all the
 * money as withdrawn.
 */
const noteHoldings = (turn: Turn, totals: Totals, confirmed: boolean): void => {
  const { state, config } = turn;
  state.accountAt = turn.at;
  const cash = totals.get(config.quoteAsset) ?? ZERO;
  if (confirmed || cash >= (state.ledger.cash ?? ZERO)) state.cashAtExchange = cash;
  const external: Record<string, string> = {};
  for (const [asset, total] of totals) {
    if (asset === config.quoteAsset || asset === config.feeAsset) continue;
    const symbol = Object.values(state.symbols).find((candidate) => candidate.instrument.base === asset);
    const own = symbol === undefined ? ZERO : quantityOf(state.ledger, symbol.symbol);
    if (total > own) external[asset] = formatDecimal(sub(total, own));
  }
  state.external = external;
  for (const symbol of Object.values(state.symbols)) {
    const there = totals.get(symbol.instrument.base) ?? ZERO;
    if (confirmed || there >= quantityOf(state.ledger, symbol.symbol)) symbol.atExchange = there;
  }
};

/** Others' orders and trades that are named in one alert. */
const FOREIGN_SHOWN = 5;
