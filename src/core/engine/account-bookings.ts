import { add, decimalFromNumber, formatDecimal, mulDown, sub, toNumber, ZERO, type Decimal } from '../decimal.ts';
import { shiftBaselines } from '../guardian/equity-locks.ts';
import { bookDeposit, bookWithdrawnUnits, quantityOf } from '../ledger/ledger.ts';
import { amountText } from '../words.ts';
import { believedPrice, freshFeeCoinPrice } from './marking.ts';
import { syncNumbers } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';

/**
 * Money and coins that came or went outside the bot's own orders, taken into the books.
 *
 * Invariant: none of it is a profit or a loss. The baselines move by the same value, and it is recorded as a deposit.
 */

export const deposit = (turn: Turn, amount: Decimal): void => {
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
export const moveFeeCoin = (turn: Turn, there: Decimal): void => {
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
