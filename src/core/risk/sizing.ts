import { decimalFromNumber, divDown, floorTo, mulDown, mulUp, ONE, sub, add, type Decimal } from '../decimal.ts';
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

const LOT = 1n as Decimal;

/** Limit price of an entry: the ask plus the premium, on the tick below (never paying more than stated). */
export const entryLimit = (instrument: Instrument, ask: number): Decimal =>
  floorToTick(instrument, mulDown(decimalFromNumber(ask), decimalFromNumber(1 + ENTRY_PREMIUM)));

/** Trigger of the protective stop: average fill x (1 - stop), rounded up to the tick. */
export const stopTrigger = (instrument: Instrument, averageEntry: Decimal, stop: Fraction): Decimal =>
  ceilToTick(instrument, mulUp(averageEntry, sub(ONE, decimalFromNumber(stop))));

/**
 * Loss per base unit when the stop is hit: stop distance + fees of both sides + slippage allowance,
 * all on the entry price (PRODUCT section 3), rounded up.
 */
export const lossPerUnit = (limit: Decimal, stop: Fraction, takerFee: Fraction): Decimal =>
  mulUp(limit, decimalFromNumber(stop + 2 * takerFee + SLIPPAGE_ALLOWANCE));

/** Risk that one trade may take now. */
export const riskFraction = (riskPerTrade: Fraction, live: boolean, liveTradesClosed: number): Fraction =>
  live && liveTradesClosed < FIRST_TRADES ? Math.min(riskPerTrade, FIRST_TRADES_RISK) : riskPerTrade;

/** Base units whose loss at the stop is at most `risk` x equity; rounded down, never up. */
export const quantityForRisk = (riskAmount: Decimal, perUnit: Decimal): Decimal => floorTo(divDown(riskAmount, perUnit), LOT);

/** Money that a position of one unit, bought at `limit`, loses if it leaves through its stop with the gap allowance, fees included. */
export const budgetLossPerUnit = (limit: Decimal, trigger: Decimal, takerFee: Fraction): Decimal =>
  sub(add(limit, mulUp(limit, decimalFromNumber(takerFee))), gapExit(trigger, takerFee));

/** Proceeds of one unit sold at its stop less the gap allowance, after fees; rounded down. */
export const gapExit = (trigger: Decimal, takerFee: Fraction): Decimal => {
  const price = mulDown(trigger, decimalFromNumber(1 - GAP_ALLOWANCE));
  return sub(price, mulUp(price, decimalFromNumber(takerFee)));
};
