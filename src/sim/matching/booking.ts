import type { EpochMs } from '../../core/units.ts';
import type { Accounts } from './accounts.ts';
import { commissionOf, type FeeSchedule } from './fees.ts';
import { larger, smaller, times, type Fixed } from './fixed.ts';
import { remaining, type SimOrder, type SimTrade } from './order.ts';
import { isMarketType, type SymbolRules } from './rules.ts';

/** The asset an order holds back, and how much of it, when it is accepted. */
export const lockFor = (order: SimOrder, rules: SymbolRules): { readonly asset: string; readonly amount: Fixed } => {
  if (order.side === 'SELL') return { asset: rules.base, amount: order.quantity };
  const price = isMarketType(order.type) ? order.stopPrice : order.price;
  return { asset: rules.quote, amount: times(price, order.quantity) };
};

/**
 * How much of `quantity` a buyer can still pay for at `price`: only market buys can ask for more than they hold back.
 */
export const affordable = (
  accounts: Accounts,
  order: SimOrder,
  rules: SymbolRules,
  price: Fixed,
  quantity: Fixed,
): Fixed => {
  if (order.side === 'SELL') return quantity;
  const funds = accounts.get(rules.quote).free + order.locked;
  if (times(price, quantity) <= funds) return quantity;
  const most = (funds * 100_000_000n) / price;
  return most - (most % rules.step);
};

export interface Execution {
  readonly order: SimOrder;
  readonly price: Fixed;
  readonly quantity: Fixed;
  readonly maker: boolean;
  readonly time: EpochMs;
  readonly tradeId: number;
  readonly sequence: number;
  /** Price of the fee coin in this symbol's quote currency, or null. */
  readonly coinPrice: Fixed | null;
}

/**
 * Books one execution: what was held back for it is spent, an excess goes back
 * to free, the other asset arrives less its commission. Changes the order and
 * the account together and returns the trade.
 */
export const book = (accounts: Accounts, rules: SymbolRules, fees: FeeSchedule, execution: Execution): SimTrade => {
  const { order, price, quantity, maker, time } = execution;
  const value = times(price, quantity);
  if (order.side === 'BUY') {
    const left = lockShare(order, quantity, value);
    accounts.unlock(rules.quote, left);
    order.locked -= left;
    accounts.addFree(rules.quote, -value);
    accounts.addFree(rules.base, quantity);
  } else {
    accounts.spendLocked(rules.base, quantity);
    order.locked -= quantity;
    accounts.addFree(rules.quote, value);
  }
  const coin =
    fees.coin !== null && execution.coinPrice !== null
      ? { price: execution.coinPrice, free: accounts.get(fees.coin).free }
      : null;
  const commission = commissionOf(fees, {
    side: order.side,
    base: rules.base,
    quote: rules.quote,
    quantity,
    value,
    maker,
    coin,
  });
  accounts.addFree(commission.asset, -commission.amount);
  order.executed += quantity;
  order.executedQuote += value;
  order.status = remaining(order) === 0n ? 'FILLED' : 'PARTIALLY_FILLED';
  order.updateTime = time;
  return {
    symbol: order.symbol,
    id: execution.tradeId,
    orderId: order.orderId,
    price,
    quantity,
    quote: value,
    commission: commission.amount,
    commissionAsset: commission.asset,
    time,
    isBuyer: order.side === 'BUY',
    isMaker: maker,
    sequence: execution.sequence,
  };
};

/**
 * The part of a buyer's lock that an execution uses up: what was held back for
 * its quantity, and more when it costs more (a market stop can). No piece
 * takes less than its share, so nothing stays behind after the last.
 */
const lockShare = (order: SimOrder, quantity: Fixed, value: Fixed): Fixed => {
  const price = isMarketType(order.type) ? order.stopPrice : order.price;
  return smaller(order.locked, larger(times(price, quantity), value));
};

/** Gives back whatever a closed order still holds. */
export const release = (accounts: Accounts, order: SimOrder, rules: SymbolRules): void => {
  if (order.locked === 0n) return;
  accounts.unlock(order.side === 'SELL' ? rules.base : rules.quote, order.locked);
  order.locked = 0n;
};
