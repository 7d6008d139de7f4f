import { add, decimalFromNumber, divDown, max, mulDown, mulUp, ONE, sub, type Decimal } from '../decimal.ts';
import { ceilToTick, floorToTick, type Instrument } from '../market/instrument.ts';
import type { Fraction } from '../units.ts';

/** What a stop order may lose below its trigger before the fill; also the reserve for the entry. */
export const SLIPPAGE_ALLOWANCE: Fraction = 0.001;
/** A gap through the stop that the loss budget allows for (PRODUCT section 4). */
export const GAP_ALLOWANCE: Fraction = 0.005;
/** An entry's limit: the ask plus this, so that an immediate-or-cancel order fills. */
export const ENTRY_PREMIUM: Fraction = 0.001;
/** Risk of each of the first live trades, and how many they are. */
export const FIRST_TRADES_RISK: Fraction = 0.0025;
export const FIRST_TRADES = 10;

/** A stop-limit's limit below its trigger. */
export const STOP_LIMIT_DISTANCE: Fraction = 0.02;

const PREMIUM = add(ONE, decimalFromNumber(ENTRY_PREMIUM));
const LESS_GAP = sub(ONE, decimalFromNumber(GAP_ALLOWANCE));
const LESS_STOP_LIMIT = sub(ONE, decimalFromNumber(STOP_LIMIT_DISTANCE));

/** Limit price of an entry: the ask plus the premium, on the tick below (never paying more than stated). */
export const entryLimit = (instrument: Instrument, ask: number): Decimal =>
  floorToTick(instrument, mulDown(decimalFromNumber(ask), PREMIUM));

/** Trigger of the protective stop: average fill x (1 - stop), rounded up to the tick. */
export const stopTrigger = (instrument: Instrument, averageEntry: Decimal, stop: Fraction): Decimal =>
  ceilToTick(instrument, mulUp(averageEntry, sub(ONE, decimalFromNumber(stop))));

/**
 * Loss per base unit when the stop is hit: stop distance + fees of both sides + slippage allowance,
 * all on the entry price (PRODUCT section 3), rounded up.
 */
export const lossPerUnit = (limit: Decimal, stop: Fraction, takerFee: Fraction): Decimal =>
  mulUp(
    limit,
    add(add(decimalFromNumber(stop), decimalFromNumber(2 * takerFee)), decimalFromNumber(SLIPPAGE_ALLOWANCE)),
  );

/** Limit of a stop-limit order: below its trigger, on the tick, within the exchange's range. */
export const stopLimit = (instrument: Instrument, trigger: Decimal): Decimal =>
  max(floorToTick(instrument, mulDown(trigger, LESS_STOP_LIMIT)), instrument.minPrice);

/**
 * The fraction of equity that one trade may risk now. `live`: with real money; `liveTrades`: round trips begun in that
 * mode, open ones included, but not entries that may still fill nothing.
 */
export const riskFraction = (riskPerTrade: Fraction, live: boolean, liveTrades: number): Fraction =>
  live && liveTrades < FIRST_TRADES ? Math.min(riskPerTrade, FIRST_TRADES_RISK) : riskPerTrade;

/** Base units whose loss at the stop is at most `riskAmount`; rounded down, never up. */
export const quantityForRisk = (riskAmount: Decimal, perUnit: Decimal): Decimal => divDown(riskAmount, perUnit);

/**
 * Quote currency that a position of one base unit, bought at `limit` or lower, loses when it is sold a gap allowance
 * below its stop, fees of both sides included. Rounding the trigger up to the tick makes the loss smaller at most fill
 * prices, but not at all of them, so it is left out.
 */
export const budgetLossPerUnit = (limit: Decimal, stop: Fraction, takerFee: Fraction): Decimal =>
  sub(
    add(limit, mulUp(limit, decimalFromNumber(takerFee))),
    gapExit(mulDown(limit, sub(ONE, decimalFromNumber(stop))), takerFee),
  );

/** Proceeds of one unit sold at its stop less the gap allowance, after fees; rounded down. */
export const gapExit = (trigger: Decimal, takerFee: Fraction): Decimal => {
  const price = mulDown(trigger, LESS_GAP);
  return sub(price, mulUp(price, decimalFromNumber(takerFee)));
};
