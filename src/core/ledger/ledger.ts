import { add, decimal, divDown, max, min, mulDown, mulUp, neg, sub, toNumber, ZERO, type Decimal } from '../decimal.ts';
import type { Fill, Side } from '../orders/order.ts';
import type { EpochMs, Fraction, SymbolName } from '../units.ts';

/**
 * The bot's own books, exact to the last decimal.
 *
 * Invariant after every booking, with C = cash, K = sum of open cost,
 * R = realised, D = deposits (opening balance included), X = fees paid in a
 * third coin at their value:   C + K = D + R + X.
 * X appears because such a fee lowers the result but not the cash.
 */
export interface Position {
  /** Base units held by the bot, net of fees charged in base. Dust of earlier trades included. */
  quantity: Decimal;
  /** Quote currency paid for `quantity`, fees charged in quote included. */
  cost: Decimal;
  /** The round trip under way, or null when what is left is dust. */
  trade: OpenTrade | null;
}

/** Sums of a round trip under way. */
export interface OpenTrade {
  readonly openedAt: EpochMs;
  readonly entryOrderId: string;
  boughtQuantity: Decimal;
  boughtQuote: Decimal;
  soldQuantity: Decimal;
  soldQuote: Decimal;
  /** Fees at their value in quote currency, whatever coin they were charged in. */
  fees: Decimal;
  realised: Decimal;
}

/** Average price of what a round trip has bought. */
export const averageOf = ({
  boughtQuote,
  boughtQuantity,
}: Pick<OpenTrade, 'boughtQuote' | 'boughtQuantity'>): Decimal =>
  divDown(boughtQuote, max(boughtQuantity, 1n as Decimal));

export interface Ledger {
  /** Quote currency that belongs to the bot; null until the first balance is known. */
  cash: Decimal | null;
  /** Units of the third coin that pays fees. */
  feeCoin: Decimal;
  realised: Decimal;
  /** Opening balance, deposits, less withdrawals. */
  deposits: Decimal;
  /** Value of fees paid in the third coin so far. */
  feeCoinSpent: Decimal;
  feesPaid: Decimal;
  positions: Record<SymbolName, Position>;
}

export const createLedger = (): Ledger => ({
  cash: null,
  feeCoin: ZERO,
  realised: ZERO,
  deposits: ZERO,
  feeCoinSpent: ZERO,
  feesPaid: ZERO,
  positions: {},
});

export interface BookingContext {
  readonly symbol: SymbolName;
  readonly base: string;
  readonly quote: string;
  readonly side: Side;
  readonly clientOrderId: string;
  /** Price of the third coin in quote currency, or null when it is not known. */
  readonly feeCoinPrice: Decimal | null;
  /**
   * The third coin whose balance is part of equity, or null. A fee in any other coin is paid from external holdings.
   */
  readonly feeCoin: string | null;
  /** The account's fee rate: values a third-coin fee whose coin has no known price. */
  readonly takerFee: Decimal;
}

/** What a booking did. */
export interface Booking {
  /** Net of fees; zero for a buy. */
  readonly realised: Decimal;
  /** The fee at its value in quote currency. */
  readonly feeValue: Decimal;
  /** Base units sold that the bot did not hold (the account's other holdings): a fault to lock on. Zero otherwise. */
  readonly excess: Decimal;
  /**
   * Quote currency that the excess has fetched: money from outside, which the baselines have to follow. Zero otherwise.
   */
  readonly outside: Decimal;
}

const positionOf = (ledger: Ledger, symbol: SymbolName): Position =>
  (ledger.positions[symbol] ??= { quantity: ZERO, cost: ZERO, trade: null });

/** Base units of a symbol that the bot holds, dust included. */
export const quantityOf = (ledger: Ledger, symbol: SymbolName): Decimal => ledger.positions[symbol]?.quantity ?? ZERO;

/**
 * Average cost of a base unit, quote fees included; null without a holding. For display and triggers, never for
 * booking.
 */
export const averageCost = (position: Position): Decimal | null =>
  position.quantity > 0n ? divDown(position.cost, position.quantity) : null;

interface FeeSplit {
  readonly inBase: Decimal;
  readonly inQuote: Decimal;
  readonly inCoin: Decimal;
  readonly value: Decimal;
}

const splitFee = (fill: Fill, context: BookingContext): FeeSplit => {
  const fee = decimal(fill.fee);
  const price = decimal(fill.price);
  if (fee === 0n) return { inBase: ZERO, inQuote: ZERO, inCoin: ZERO, value: ZERO };
  // The coin that pays fees is beside a position in it, not part of it.
  if (fill.feeAsset === context.base && context.base !== context.feeCoin)
    return { inBase: fee, inQuote: ZERO, inCoin: ZERO, value: mulUp(fee, price) };
  if (fill.feeAsset === context.quote) return { inBase: ZERO, inQuote: fee, inCoin: ZERO, value: fee };
  // A third coin without a known price is valued at the full taker fee: never cheaper than it can have been.
  const value =
    context.feeCoinPrice === null
      ? mulUp(decimal(fill.quoteQuantity), context.takerFee)
      : mulUp(fee, context.feeCoinPrice);
  return { inBase: ZERO, inQuote: ZERO, inCoin: fee, value };
};

/**
 * Books one fill. The caller has made sure that its trade id is new.
 * More sold than held is booked all the same, because it happened: the part
 * beyond the holding came from outside and its proceeds are a deposit.
 * @throws RangeError when cash is not known yet.
 */
export const bookFill = (ledger: Ledger, fill: Fill, context: BookingContext): Booking => {
  if (ledger.cash === null) throw new RangeError('a fill cannot be booked before the first balance is known');
  const fee = splitFee(fill, context);
  const quantity = decimal(fill.quantity);
  const quote = decimal(fill.quoteQuantity);
  if (fill.feeAsset === context.feeCoin) ledger.feeCoin = sub(ledger.feeCoin, fee.inCoin);
  ledger.feeCoinSpent = add(ledger.feeCoinSpent, fee.inCoin === 0n ? ZERO : fee.value);
  ledger.feesPaid = add(ledger.feesPaid, fee.value);
  const position = positionOf(ledger, context.symbol);
  return context.side === 'buy'
    ? bookBuy(ledger, position, fill, context, { quantity, quote, fee })
    : bookSell(ledger, position, { quantity, quote, fee });
};

interface Amounts {
  readonly quantity: Decimal;
  readonly quote: Decimal;
  readonly fee: FeeSplit;
}

const bookBuy = (
  ledger: Ledger,
  position: Position,
  fill: Fill,
  context: BookingContext,
  amounts: Amounts,
): Booking => {
  const { quantity, quote, fee } = amounts;
  const paid = add(quote, fee.inQuote);
  ledger.cash = sub(ledger.cash ?? ZERO, paid);
  position.quantity = add(position.quantity, sub(quantity, fee.inBase));
  position.cost = add(position.cost, paid);
  position.trade ??= {
    openedAt: fill.at,
    entryOrderId: context.clientOrderId,
    boughtQuantity: ZERO,
    boughtQuote: ZERO,
    soldQuantity: ZERO,
    soldQuote: ZERO,
    fees: ZERO,
    realised: ZERO,
  };
  const trade = position.trade;
  trade.boughtQuantity = add(trade.boughtQuantity, quantity);
  trade.boughtQuote = add(trade.boughtQuote, quote);
  trade.fees = add(trade.fees, fee.value);
  // A fee in a third coin is a loss at once: it is in no one's cost.
  const realised = fee.inCoin === 0n ? ZERO : neg(fee.value);
  trade.realised = add(trade.realised, realised);
  ledger.realised = add(ledger.realised, realised);
  return { realised, feeValue: fee.value, excess: ZERO, outside: ZERO };
};

const bookSell = (ledger: Ledger, position: Position, amounts: Amounts): Booking => {
  const { quantity, quote, fee } = amounts;
  const leaving = add(quantity, fee.inBase);
  const taken = min(leaving, position.quantity);
  const excess = sub(leaving, taken);
  const received = sub(quote, fee.inQuote);
  const proceeds = excess === 0n ? received : divDown(mulDown(received, taken), leaving);
  ledger.cash = add(ledger.cash ?? ZERO, received);
  const outside = sub(received, proceeds);
  ledger.deposits = add(ledger.deposits, outside);
  const costShare = takeCost(position, taken);
  const realised = sub(sub(proceeds, costShare), fee.inCoin === 0n ? ZERO : fee.value);
  ledger.realised = add(ledger.realised, realised);
  const trade = position.trade;
  if (trade !== null) {
    trade.soldQuantity = add(trade.soldQuantity, min(quantity, taken));
    trade.soldQuote = add(trade.soldQuote, excess === 0n ? quote : proceeds);
    trade.fees = add(trade.fees, fee.value);
    trade.realised = add(trade.realised, realised);
  }
  return { realised, feeValue: fee.value, excess, outside };
};

/**
 * Takes units out of a position with their share of its cost. The whole cost leaves with the last unit, so rounding can
 * never pile up.
 */
const takeCost = (position: Position, taken: Decimal): Decimal => {
  const share = taken === position.quantity ? position.cost : divDown(mulDown(position.cost, taken), position.quantity);
  position.quantity = sub(position.quantity, taken);
  position.cost = sub(position.cost, share);
  return share;
};

/** A finished round trip. */
export interface ClosedTrade {
  readonly quantity: Decimal;
  readonly entryPrice: Decimal;
  readonly exitPrice: Decimal;
  readonly fees: Decimal;
  readonly pnl: Decimal;
  /** pnl over what was paid. */
  readonly pnlFraction: Fraction;
  readonly openedAt: EpochMs;
  readonly entryOrderId: string;
}

/**
 * Ends the round trip of a symbol; what is left of the position is dust from now on.
 * Null when there is none under way.
 */
export const closeTrade = (ledger: Ledger, symbol: SymbolName): ClosedTrade | null => {
  const position = ledger.positions[symbol];
  const trade = position?.trade ?? null;
  if (position === undefined || trade === null) return null;
  position.trade = null;
  const paid = max(trade.boughtQuote, 1n as Decimal);
  return {
    quantity: trade.boughtQuantity,
    entryPrice: averageOf(trade),
    exitPrice: trade.soldQuantity > 0n ? divDown(trade.soldQuote, trade.soldQuantity) : ZERO,
    fees: trade.fees,
    pnl: trade.realised,
    pnlFraction: toNumber(trade.realised) / toNumber(paid),
    openedAt: trade.openedAt,
    entryOrderId: trade.entryOrderId,
  };
};

/** Books quote currency that came from or went to outside: no profit, no loss. */
export const bookDeposit = (ledger: Ledger, amount: Decimal): void => {
  ledger.cash = add(ledger.cash ?? ZERO, amount);
  ledger.deposits = add(ledger.deposits, amount);
};

/**
 * Units of a symbol have left to outside (an operator says so): a withdrawal at their value, or at cost where no price
 * is known. The gain that was open in them is realised by it, in no round trip. Returns what was withdrawn.
 */
export const bookWithdrawnUnits = (
  ledger: Ledger,
  symbol: SymbolName,
  units: Decimal,
  price: Decimal | null,
): Decimal => {
  const position = ledger.positions[symbol];
  if (position === undefined || units <= ZERO) return ZERO;
  const taken = min(units, position.quantity);
  const cost = takeCost(position, taken);
  const value = price === null ? cost : mulDown(taken, price);
  ledger.deposits = sub(ledger.deposits, value);
  ledger.realised = add(ledger.realised, sub(value, cost));
  return value;
};

/** Left side less right side of the invariant at the head of this file: always zero once cash is known. */
export const imbalance = (ledger: Ledger): Decimal => {
  let openCost = ZERO;
  for (const position of Object.values(ledger.positions)) openCost = add(openCost, position.cost);
  const left = add(ledger.cash ?? ZERO, openCost);
  return sub(left, add(add(ledger.deposits, ledger.realised), ledger.feeCoinSpent));
};

/** The smaller of what the bot holds and what the exchange says is there. */
export const sellable = (held: Decimal, atExchange: Decimal | null): Decimal =>
  atExchange === null ? held : min(held, max(atExchange, ZERO));
