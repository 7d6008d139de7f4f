import { add, decimal, divDown, formatDecimal, mulDown, sub, sum, toNumber, ZERO, type Decimal } from '../decimal.ts';
import { shiftBaselines } from '../guardian/equity-locks.ts';
import { impose } from '../guardian/health-locks.ts';
import { bookDeposit, quantityOf } from '../ledger/ledger.ts';
import { isFinal } from '../orders/record.ts';
import type { AccountInput } from './input.ts';
import { syncNumbers } from './state.ts';
import { alert, type Turn } from './turn.ts';

/** Readings in a row that have to show the same difference before anything follows: one may have met a fill under way. */
export const READINGS_BEFORE_ACTION = 2;

type Totals = ReadonlyMap<string, Decimal>;

/** The ledger against the exchange. A failed reading changes nothing: unknown is neither zero nor flat. */
export const onAccount = (turn: Turn, input: AccountInput): void => {
  const { state } = turn;
  if (input.balances === null) return;
  const totals: Totals = new Map(input.balances.map((balance) => [balance.asset, add(decimal(balance.free), decimal(balance.locked))]));
  if (input.foreignOrders.length > 0) {
    const ids = [...input.foreignOrders].sort();
    alert(turn, 'reconciliation', `foreign:${ids.join(',')}`, `${ids.length} orders of others on the account`, ids.slice(0, 5));
  }
  if (state.ledger.cash === null) return open(turn, totals);
  noteHoldings(turn, totals);
  if (Object.values(state.orders).some((order) => !isFinal(order) && order.status !== 'working')) return;
  const difference = findDifference(turn, totals);
  if (difference === null) {
    state.suspicion = null;
    return;
  }
  const times = state.suspicion?.key === difference.key ? state.suspicion.times + 1 : 1;
  state.suspicion = { key: difference.key, times };
  if (times < READINGS_BEFORE_ACTION) return;
  if (difference.kind === 'deposit') deposit(turn, difference.amount);
  else impose(state.guardian, turn.changes, 'reconciliation', null, turn.at, difference.reason, null, null);
};

/** The first balance is the opening one: a deposit, without a word. */
const open = (turn: Turn, totals: Totals): void => {
  const { state, config } = turn;
  const opening = totals.get(config.quoteAsset) ?? ZERO;
  bookDeposit(state.ledger, opening);
  turn.effects.push({ type: 'deposit', amount: opening, at: turn.at });
  if (config.feeAsset !== null) state.ledger.feeCoin = totals.get(config.feeAsset) ?? ZERO;
  syncNumbers(state);
  noteHoldings(turn, totals);
};

const noteHoldings = (turn: Turn, totals: Totals): void => {
  const { state, config } = turn;
  state.accountAt = turn.at;
  state.cashAtExchange = totals.get(config.quoteAsset) ?? ZERO;
  const external: Record<string, string> = {};
  for (const [asset, total] of totals) {
    if (asset === config.quoteAsset || asset === config.feeAsset) continue;
    const symbol = Object.values(state.symbols).find((candidate) => candidate.instrument.base === asset);
    const own = symbol === undefined ? ZERO : quantityOf(state.ledger, symbol.symbol);
    if (total > own) external[asset] = formatDecimal(sub(total, own));
  }
  state.external = external;
  for (const symbol of Object.values(state.symbols)) symbol.atExchange = totals.get(symbol.instrument.base) ?? ZERO;
};

type Difference =
  | { readonly kind: 'deposit'; readonly key: string; readonly amount: Decimal }
  | { readonly kind: 'shortage'; readonly key: string; readonly reason: string };

const findDifference = (turn: Turn, totals: Totals): Difference | null => {
  const { ledger, symbols } = turn.state;
  for (const symbol of Object.values(symbols)) {
    const held = quantityOf(ledger, symbol.symbol);
    const there = totals.get(symbol.instrument.base) ?? ZERO;
    if (there < held) {
      const reason = `${symbol.instrument.base}: exchange ${formatDecimal(there)}, ledger ${formatDecimal(held)}`;
      return { kind: 'shortage', key: reason, reason };
    }
  }
  const cash = ledger.cash ?? ZERO;
  const there = totals.get(turn.config.quoteAsset) ?? ZERO;
  if (there === cash) return null;
  const key = `${turn.config.quoteAsset}: exchange ${formatDecimal(there)}, ledger ${formatDecimal(cash)}`;
  return there > cash ? { kind: 'deposit', key, amount: sub(there, cash) } : { kind: 'shortage', key, reason: key };
};

const deposit = (turn: Turn, amount: Decimal): void => {
  const { state, config } = turn;
  bookDeposit(state.ledger, amount);
  syncNumbers(state);
  shiftBaselines(state.guardian, toNumber(amount), turn.changes);
  state.suspicion = null;
  turn.effects.push({ type: 'deposit', amount, at: turn.at });
  alert(turn, 'deposit', `${turn.wall}`, `Deposit of ${toNumber(amount).toFixed(2)} ${config.quoteAsset}`, ['baselines moved by the same amount'], ['/balance']);
};

/**
 * An operator accepts the exchange's numbers after a shortage: what is missing
 * is booked as a withdrawal, at cost, and moves the baselines. Needs a reading of the account.
 */
export const acceptShortage = (turn: Turn, cashAtExchange: Decimal | null): void => {
  const { state } = turn;
  let withdrawn = ZERO;
  if (cashAtExchange !== null && state.ledger.cash !== null && cashAtExchange < state.ledger.cash) {
    withdrawn = sub(state.ledger.cash, cashAtExchange);
    bookDeposit(state.ledger, sub(ZERO, withdrawn));
  }
  const costs: Decimal[] = [];
  for (const symbol of Object.values(state.symbols)) {
    const position = state.ledger.positions[symbol.symbol];
    if (position === undefined || symbol.atExchange === null || symbol.atExchange >= position.quantity) continue;
    const missing = sub(position.quantity, symbol.atExchange);
    const cost = symbol.atExchange === 0n ? position.cost : divDown(mulDown(position.cost, missing), position.quantity);
    position.quantity = symbol.atExchange;
    position.cost = sub(position.cost, cost);
    state.ledger.deposits = sub(state.ledger.deposits, cost);
    costs.push(cost);
  }
  const total = add(withdrawn, sum(costs));
  syncNumbers(state);
  if (total === ZERO) return;
  shiftBaselines(state.guardian, -toNumber(total), turn.changes);
  turn.effects.push({ type: 'deposit', amount: sub(ZERO, total), at: turn.at });
};
