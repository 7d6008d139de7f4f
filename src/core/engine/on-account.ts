import {
  add,
  decimal,
  decimalFromNumber,
  formatDecimal,
  isDecimalText,
  mulDown,
  sub,
  sum,
  toNumber,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import { shiftBaselines } from '../guardian/equity-locks.ts';
import { CAUSES, gatesReason, imposeAnew } from '../guardian/health-locks.ts';
import { isHeld } from '../guardian/state.ts';
import { bookDeposit, bookWithdrawnUnits, quantityOf } from '../ledger/ledger.ts';
import type { AccountInput } from './input.ts';
import { symbolsOf } from './lost-history.ts';
import { believedPrice, freshFeeCoinPrice } from './marking.ts';
import { MINUTE_MS, type Milliseconds } from '../units.ts';
import { amountText } from '../words.ts';
import { noteListing } from './unlisted.ts';
import { syncNumbers, type EngineState } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';

/**
 * Readings in a row that have to show the same difference before anything follows: one may have met a fill under way.
 */
const READINGS_BEFORE_ACTION = 2;

/**
 * Where each reading shows another shortage, because somebody else goes on spending, no two of them ever agree: this
 * many changes in a row count as well.
 */
const CHANGES_BEFORE_ACTION = 5;

const suspicionOf = (
  { key, kind }: Difference,
  before: EngineState['suspicion'],
): NonNullable<EngineState['suspicion']> => {
  const changes = (before?.changes ?? 0) + (kind === 'shortage' && before !== null && before.key !== key ? 1 : 0);
  return {
    key,
    times: before?.key === key ? before.times + 1 : 1,
    ...(kind === 'shortage' && changes > 0 ? { changes } : {}),
  };
};

/** Whether readings enough have shown the difference for something to follow from it. */
export const isConfirmed = (suspicion: EngineState['suspicion']): boolean =>
  suspicion !== null &&
  (suspicion.times >= READINGS_BEFORE_ACTION || (suspicion.changes ?? 0) >= CHANGES_BEFORE_ACTION);

type Totals = ReadonlyMap<string, Decimal>;

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

/**
 * Orders of another instance. Under a start gate, and of new books, they are expected: an earlier database held
 * positions here. Elsewhere a second bot trades on this account, or one did: two take each other's money for their own,
 * so this one stops. Whatever is about to be let go by /unlock is told before.
 */
const noteOrphans = ({ state, at, changes }: Turn): void => {
  const { guardian, orphans, ledger } = state;
  const [reason] = orphansReason(state);
  if (reason === undefined) return;
  if (ledger.cash !== null && !isHeld(guardian, 'start-gate'))
    return imposeAnew(guardian, changes, 'reconciliation', at, reason, 0, orphans.length);
  const text = `the account has ${counted(orphans)} of an earlier database of this bot (${shown(orphans)})`;
  // Ahead of the others: a message may be cut short.
  guardian.gates = [
    { code: 'orphans', text, clears: 'reconcile' },
    ...guardian.gates.filter(({ code }) => code !== 'orphans'),
  ];
  imposeAnew(guardian, changes, 'start-gate', at, gatesReason(guardian), null, null);
};

/** The lock says everything that /unlock would accept now. */
const lockOnShortage = ({ state, at, changes }: Turn, reason: string): void => {
  const orphans = isHeld(state.guardian, 'start-gate') ? [] : orphansReason(state);
  imposeAnew(state.guardian, changes, 'reconciliation', at, [reason, ...orphans].join(CAUSES), null, null);
};

/** Why orders of another instance lock; none while there are none. */
const orphansReason = ({ orphans }: EngineState): readonly string[] =>
  orphans.length === 0
    ? []
    : [
        `another instance of this bot has ${counted(orphans)} on the account (${shown(orphans)}): stop that bot, or cancel what it left`,
      ];

const counted = ({ length }: readonly string[]): string => (length === 1 ? 'an order' : `${length} orders`);
const shown = (orphans: readonly string[]): string =>
  [orphans.slice(0, ORPHANS_SHOWN).join(', '), ...andMore(orphans.length, ORPHANS_SHOWN)].join(' ');
/** What a list that is named in part leaves out. */
const andMore = (count: number, named: number): readonly string[] =>
  count > named ? [`and ${count - named} more`] : [];
/** Orders of another instance that are named, and so may be let go, at a time. */
const ORPHANS_SHOWN = 10;
/** Others' orders and trades that are named in one alert. */
const FOREIGN_SHOWN = 5;
/** Newest orders of other instances that an operator has let go; older ones are long gone from the exchange. */
const MOST_ACCEPTED = 200;

/**
 * An operator gives up the other instance's orders that the alert named: from now on they are cancelled. Those beyond
 * the alert's list were not seen, so they wait for the next alert: one may be the stop of a bot that runs.
 */
export const acceptOrphans = (state: EngineState): void => {
  const ids = state.orphans.slice(0, ORPHANS_SHOWN).map((orphan) => orphan.slice(orphan.lastIndexOf(' ') + 1));
  state.acceptedOrphans = [...new Set([...state.acceptedOrphans, ...ids])].slice(-MOST_ACCEPTED);
  state.orphans = [];
};

/** Booked trades that the exchange does not have any more: not a shortage but another account. */
const lostHistory = (turn: Turn, lost: readonly string[]): readonly Missing[] => {
  if (lost.length === 0) return [];
  const what = turn.config.mode === 'testnet' ? 'the sandbox was reset' : 'the exchange has lost booked trades';
  const reason = `${what}: its history no longer holds ${lost.slice(0, 3).join(', ')}`;
  return [{ key: reason, reason }];
};

type Difference =
  | { readonly kind: 'deposit'; readonly key: string; readonly amount: Decimal }
  | { readonly kind: 'fee-coin'; readonly key: string; readonly there: Decimal }
  | { readonly kind: 'shortage'; readonly key: string; readonly reason: string };

/** `key` tells two readings apart; `reason` says what /unlock would accept. */
type Missing = Pick<Extract<Difference, { kind: 'shortage' }>, 'key' | 'reason'>;

const between = (asset: string, there: Decimal, ours: Decimal): string =>
  `${asset}: exchange ${formatDecimal(there)}, ledger ${formatDecimal(ours)}`;

/**
 * Assets of which the exchange has less than the ledger; /unlock accepts all of them. The reason states only the
 * difference: a fill of ours moves both amounts, and the shortage stays the same one.
 */
const shortages = ({ state, config }: Turn, totals: Totals): readonly Missing[] => {
  const { ledger, symbols } = state;
  const ours = Object.values(symbols).map(
    ({ symbol, instrument }) => [instrument.base, quantityOf(ledger, symbol)] as const,
  );
  return [...ours, [config.quoteAsset, ledger.cash ?? ZERO] as const].flatMap(([asset, held]) => {
    const there = totals.get(asset) ?? ZERO;
    return there < held
      ? [
          {
            key: between(asset, there, held),
            reason: `${asset}: the exchange has ${formatDecimal(sub(held, there))} less than the ledger`,
          },
        ]
      : [];
  });
};

const findDifference = (turn: Turn, totals: Totals, lost: readonly string[]): Difference | null => {
  const { ledger } = turn.state;
  const { quoteAsset, feeAsset } = turn.config;
  const missing = [...lostHistory(turn, lost), ...shortages(turn, totals)];
  if (missing.length > 0)
    return {
      kind: 'shortage',
      key: missing.map(({ key }) => key).join(CAUSES),
      reason: missing.map(({ reason }) => reason).join(CAUSES),
    };
  const cash = ledger.cash ?? ZERO;
  const there = totals.get(quoteAsset) ?? ZERO;
  if (there > cash) return { kind: 'deposit', key: between(quoteAsset, there, cash), amount: sub(there, cash) };
  const coin = feeAsset === null ? ledger.feeCoin : feeCoinsIn(turn, totals, feeAsset);
  return coin === ledger.feeCoin
    ? null
    : { kind: 'fee-coin', key: between(feeAsset ?? '', coin, ledger.feeCoin), there: coin };
};

/**
 * Units at the exchange that pay fees. What the books hold of the same coin as a position (an earlier run traded it) is
 * not among them.
 */
const feeCoinsIn = ({ state }: Turn, totals: Totals, feeAsset: string): Decimal => {
  const total = totals.get(feeAsset) ?? ZERO;
  const held = sum(
    state.symbolList.map(({ symbol, instrument }) =>
      instrument.base === feeAsset ? quantityOf(state.ledger, symbol) : ZERO,
    ),
  );
  return total > held ? sub(total, held) : ZERO;
};

const deposit = (turn: Turn, amount: Decimal): void => {
  const { state, config } = turn;
  bookDeposit(state.ledger, amount);
  syncNumbers(state);
  shiftBaselines(state.guardian, toNumber(amount), turn.changes);
  state.suspicion = null;
  emit(turn, { type: 'deposit', amount, at: turn.at });
  alert(
    turn,
    'deposit',
    `${turn.wall}`,
    `Deposit of ${amountText(amount)} ${config.quoteAsset}`,
    ['No profit: the baselines move by the same amount.'],
    ['/balance'],
  );
};

/**
 * The coin that pays fees was topped up or taken away outside: the exchange's number counts, and the baselines move by
 * its value. Without a fresh price its value is not known, and what is seen waits for one.
 */
const moveFeeCoin = (turn: Turn, there: Decimal): void => {
  const { state, config } = turn;
  const price = freshFeeCoinPrice(state, turn.at, turn.wall, state.freshness);
  if (price === null) return;
  const moved = sub(there, state.ledger.feeCoin);
  state.suspicion = null;
  takeFeeCoin(turn, there, price);
  const what = moved > ZERO ? 'added' : 'withdrawn';
  alert(
    turn,
    'deposit',
    `${turn.wall}`,
    `${formatDecimal(moved)} ${config.feeAsset ?? ''} ${what}`,
    ['Neither a profit nor a loss: the baselines move by its value.'],
    ['/balance'],
  );
};

/**
 * Sets the third coin's amount in the books. The value of the change is neither a profit nor a loss: it is recorded as
 * money from outside.
 */
const takeFeeCoin = (turn: Turn, amount: Decimal, price: number): void => {
  const { state } = turn;
  const value = mulDown(sub(amount, state.ledger.feeCoin), decimalFromNumber(price));
  state.ledger.feeCoin = amount;
  syncNumbers(state);
  shiftBaselines(state.guardian, toNumber(value), turn.changes);
  emit(turn, { type: 'deposit', amount: value, at: turn.at });
};

/** Fees are no longer paid in the third coin: what the books hold of it leaves them, at its value. */
export const dropFeeCoin = (turn: Turn): void => {
  if (turn.state.ledger.feeCoin === ZERO) return;
  takeFeeCoin(turn, ZERO, turn.state.feeCoinPrice ?? 0);
};

/**
 * An operator accepts the exchange's numbers after a shortage: what is missing
 * is booked as a withdrawal, units at their value. The baselines move by what equity
 * loses by it, so that it is neither a profit nor a loss.
 */
export const acceptShortage = (turn: Turn): void => {
  const { state } = turn;
  const { ledger, cashAtExchange } = state;
  let booked = ZERO;
  if (cashAtExchange !== null && ledger.cash !== null && cashAtExchange < ledger.cash) {
    booked = sub(ledger.cash, cashAtExchange);
    bookDeposit(ledger, sub(ZERO, booked));
  }
  for (const symbol of Object.values(state.symbols)) {
    const missing = sub(quantityOf(ledger, symbol.symbol), symbol.atExchange ?? quantityOf(ledger, symbol.symbol));
    if (missing <= ZERO) continue;
    // At the price that the baselines believe: a wild one would take out of them, for good, what was never in them.
    booked = add(booked, bookWithdrawnUnits(ledger, symbol.symbol, missing, believedPrice(symbol)));
  }
  syncNumbers(state);
  if (booked === ZERO) return;
  shiftBaselines(state.guardian, -toNumber(booked), turn.changes);
  emit(turn, { type: 'deposit', amount: sub(ZERO, booked), at: turn.at });
};
