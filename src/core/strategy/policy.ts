import type { Fraction } from '../units.ts';
import { SLIPPAGE_ALLOWANCE } from '../risk/sizing.ts';

export interface PolicyTerms {
  readonly stop: Fraction;
  readonly target: Fraction;
  /** Least expected value after costs that is traded. */
  readonly margin: Fraction;
  readonly takerFee: Fraction;
}

/** A position is given up when the probability falls below this part of the break-even one. */
export const REVERSAL_PART: Fraction = 0.5;

/** Fees of both sides and the slippage allowance, as a fraction of notional. */
export const roundTripCosts = (takerFee: Fraction): Fraction => 2 * takerFee + SLIPPAGE_ALLOWANCE;

/** p x target - (1 - p) x stop - costs, a time-out counted as a stop (PRODUCT section 3). Fraction of notional. */
export const expectedValue = (probability: Fraction, terms: PolicyTerms): Fraction =>
  probability * terms.target - (1 - probability) * terms.stop - roundTripCosts(terms.takerFee);

/** The probability at which the expected value is zero. */
export const breakEven = (terms: PolicyTerms): Fraction =>
  (terms.stop + roundTripCosts(terms.takerFee)) / (terms.target + terms.stop);

export type Wish = 'enter' | 'stay-out' | 'hold' | 'leave';

/** What the policy wants, before anyone has asked the Guardian. */
export const decide = (probability: Fraction, hasPosition: boolean, terms: PolicyTerms): Wish => {
  if (hasPosition) return probability < REVERSAL_PART * breakEven(terms) ? 'leave' : 'hold';
  return expectedValue(probability, terms) >= terms.margin ? 'enter' : 'stay-out';
};
