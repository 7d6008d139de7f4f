import { add, decimalFromNumber, max, min, mulDown, mulUp, sub, toNumber, ZERO, type Decimal } from '../decimal.ts';
import type { Exposure } from '../guardian/examination.ts';
import { averageOf, quantityOf } from '../ledger/ledger.ts';
import { isYoung, staleness, type FreshnessRule } from '../guardian/data-locks.ts';
import { outstanding } from '../orders/record.ts';
import { budgetLossPerUnit, gapExit, stopTrigger } from '../risk/sizing.ts';
import type { Disbelieved, Equity, MarketMs, WallMs } from '../units.ts';
import { configOf, lastDecimal, type EngineState, type SymbolState } from './state.ts';

/** Whether the newest price may be used as the present one. */
export const priceIsFresh = (symbol: SymbolState, at: MarketMs, wall: WallMs, rule: FreshnessRule): boolean =>
  symbol.priceAt !== null && symbol.priceWall !== null && isYoung(at - symbol.priceAt, wall - symbol.priceWall, rule);

/** Price and candles both. */
export const dataIsFresh = (symbol: SymbolState, at: MarketMs, wall: WallMs, rule: FreshnessRule): boolean =>
  staleness(symbol, at, wall, rule) === null;

/** Price of the third coin in quote currency; null while there is no fresh one. */
export const freshFeeCoinPrice = (
  state: EngineState,
  at: MarketMs,
  wall: WallMs,
  rule: FreshnessRule,
): number | null =>
  state.feeCoinPrice !== null && isYoung(at - state.feeCoinAt, wall - state.feeCoinWall, rule)
    ? state.feeCoinPrice
    : null;

/** Whether the third coin can be valued: nothing of it is held, or its price is fresh. */
const feeCoinKnown = (state: EngineState, at: MarketMs, wall: WallMs, rule: FreshnessRule): boolean =>
  state.feeCoinNumber === 0 || freshFeeCoinPrice(state, at, wall, rule) !== null;

/**
 * Equity = quote cash + the bot's own positions at the last price + fee coin, as a
 * double; null when it is not known. Dust is valued when it has a price and
 * never makes equity unknown: it is worth less than the exchange would sell.
 */
export const equityOf = (state: EngineState, at: MarketMs, wall: WallMs, rule: FreshnessRule): Equity | null => {
  if (state.cashNumber === null) return null;
  let equity = state.cashNumber;
  const { symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) {
    const symbol = symbolList[i] as SymbolState;
    if (symbol.heldNumber === 0) continue;
    if (symbol.managed !== null && !priceIsFresh(symbol, at, wall, rule)) return null;
    equity += symbol.heldNumber * symbol.last;
  }
  if (state.feeCoinNumber === 0) return equity;
  return feeCoinKnown(state, at, wall, rule) ? equity + state.feeCoinNumber * (state.feeCoinPrice ?? 0) : null;
};

/**
 * The part of equity, in quote currency, that rests on price rises which no second price has confirmed yet: baselines
 * leave it out. Usually zero.
 */
export const disbelieved = (state: EngineState): Disbelieved => {
  let part = 0;
  const { symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) {
    const { heldNumber, last, believed } = symbolList[i] as SymbolState;
    // Not above zero: a snapshot from before there was such a price.
    if (heldNumber !== 0 && last > believed && believed > 0) part += heldNumber * (last - believed);
  }
  return part;
};

/**
 * The last price, or the lower believed one while a rise waits for a second price to confirm it; null without a price.
 */
export const believedPrice = (symbol: SymbolState): Decimal | null =>
  symbol.believed > 0 && symbol.believed < symbol.last ? decimalFromNumber(symbol.believed) : lastDecimal(symbol);

/** A last price held within the order book: the nearer of bid and ask when it lies outside of them. */
export const borneOut = (last: number, bid: number, ask: number): number =>
  Math.min(Math.max(last, bid), Math.max(bid, ask));

/**
 * Whether the price of a position has just risen so far that the next reading has to confirm it first. Dust does not
 * count.
 */
export const leapPending = (state: EngineState): boolean => {
  const { symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) {
    const { managed, heldNumber, last, bid, ask, believed } = symbolList[i] as SymbolState;
    if (
      managed !== null &&
      heldNumber !== 0 &&
      last > believed &&
      believed > 0 &&
      believed !== borneOut(last, bid, ask)
    )
      return true;
  }
  return false;
};

/** Equity with the reason why it is not known. */
export const markEquity = (
  state: EngineState,
  at: MarketMs,
  wall: WallMs,
): { readonly value: number | null; readonly unknown: string | null } => {
  const rule = state.freshness;
  const value = equityOf(state, at, wall, rule);
  return { value, unknown: value === null ? whyUnknown(state, at, wall, rule) : null };
};

const whyUnknown = (state: EngineState, at: MarketMs, wall: WallMs, rule: FreshnessRule): string => {
  if (state.cashNumber === null) return 'the balance has not been read yet';
  const stale = state.symbolList.find(
    (symbol) => symbol.heldNumber !== 0 && symbol.managed !== null && !priceIsFresh(symbol, at, wall, rule),
  );
  return stale === undefined
    ? 'the price of the fee coin is missing or stale'
    : `the price of ${stale.symbol} is missing or stale`;
};

/**
 * Equity as an exact decimal, for sizing; null when not known. Rises that no second price has confirmed are left out:
 * one wild price must not make an entry larger.
 */
export const exactEquity = (state: EngineState, at: MarketMs, wall: WallMs): Decimal | null => {
  if (markEquity(state, at, wall).value === null || state.ledger.cash === null) return null;
  let equity = state.ledger.cash;
  for (const symbol of state.symbolList) {
    equity = add(equity, mulDown(quantityOf(state.ledger, symbol.symbol), believedPrice(symbol) ?? ZERO));
  }
  if (state.ledger.feeCoin !== 0n && state.feeCoinPrice !== null) {
    equity = add(equity, mulDown(state.ledger.feeCoin, decimalFromNumber(state.feeCoinPrice)));
  }
  return equity;
};

/**
 * Money at work, seen from one symbol. Working entries count as if they filled
 * at their limit: two orders approved in one step can't use the same headroom.
 * Null when a price or the cash is not known.
 */
export const measureExposure = (state: EngineState, of: SymbolState, at: MarketMs, wall: WallMs): Exposure | null => {
  const config = configOf(state);
  const { cash } = state.ledger;
  if (cash === null) return null;
  const rule = state.freshness;
  let gross = ZERO;
  let own = ZERO;
  let freeCash = cash;
  let worst = cash;
  for (const symbol of state.symbolList) {
    const held = quantityOf(state.ledger, symbol.symbol);
    if (held > ZERO) {
      const last = lastDecimal(symbol);
      if (symbol.managed !== null && (last === null || !priceIsFresh(symbol, at, wall, rule))) return null;
      const value = mulUp(held, last ?? ZERO);
      gross = add(gross, value);
      if (symbol === of) own = add(own, value);
      worst = add(worst, mulDown(held, worstPrice(state, symbol, last ?? ZERO)));
    }
  }
  for (const record of state.openOrders) {
    if (record.draft.purpose !== 'entry') continue;
    const open = outstanding(record);
    const limit = record.draft.limitPrice;
    const symbol = state.symbols[record.draft.symbol];
    if (open <= ZERO || limit === null || symbol === undefined) continue;
    const cost = mulUp(open, limit);
    const withFee = add(cost, mulUp(cost, decimalFromNumber(config.takerFee)));
    gross = add(gross, cost);
    if (symbol === of) own = add(own, cost);
    freeCash = sub(freeCash, withFee);
    worst = sub(worst, mulUp(open, budgetLossPerUnit(limit, config.limits.stopLoss, config.takerFee)));
  }
  if (state.ledger.feeCoin !== 0n) {
    if (state.feeCoinPrice === null || !feeCoinKnown(state, at, wall, rule)) return null;
    worst = add(worst, mulDown(state.ledger.feeCoin, decimalFromNumber(state.feeCoinPrice)));
  }
  return { gross, symbol: own, freeCash: max(freeCash, ZERO), worstEquity: worst };
};

/**
 * What a unit fetches in the loss budget: its stop less the gap allowance after fees; where the price is through the
 * stop already, what it fetches now with the same allowance. Without a stop yet one at the usual distance is assumed:
 * below what an entry that is being filled has paid so far, as its stop will be, and below the price for dust, which
 * the next stop covers.
 */
const worstPrice = (state: EngineState, symbol: SymbolState, last: Decimal): Decimal => {
  const { limits, takerFee } = configOf(state);
  const { managed, instrument } = symbol;
  const trade = state.ledger.positions[symbol.symbol]?.trade ?? null;
  const trigger =
    managed?.stopPrice ?? stopTrigger(instrument, trade === null ? last : averageOf(trade), limits.stopLoss);
  return gapExit(min(trigger, last), takerFee);
};

/** Gross exposure in quote currency as a double, for equity points and views. */
export const grossExposure = (state: EngineState): number => {
  let gross = 0;
  const { symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) {
    const { heldNumber, last } = symbolList[i] as SymbolState;
    gross += heldNumber * last;
  }
  return gross;
};

/** Unrealised profit or loss of a symbol in quote currency: value at the last price less cost; null without a price. */
export const unrealisedOf = (state: EngineState, symbol: SymbolState): number | null => {
  const position = state.ledger.positions[symbol.symbol];
  if (position === undefined || position.quantity <= ZERO) return 0;
  return symbol.last > 0 ? symbol.heldNumber * symbol.last - toNumber(position.cost) : null;
};
