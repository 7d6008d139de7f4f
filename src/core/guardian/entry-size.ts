import {
  add,
  decimalFromNumber,
  divDown,
  formatDecimal,
  max,
  min,
  mulDown,
  mulUp,
  ONE,
  sub,
  toNumber,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import { floorToLot } from '../market/instrument.ts';
import { budgetLossPerUnit, lossPerUnit, quantityForRisk } from '../risk/sizing.ts';
import type { Fraction } from '../units.ts';
import type { DenialCode } from './denial.ts';
import type { EntryContext, Examination, Exposure, SizingRecord } from './examination.ts';

/**
 * The size of an entry: by risk, then cut by each cap in turn.
 *
 * Invariant: no step makes it larger, and nothing is rounded up.
 */

/** Size by risk, then cut by each cap in turn. Records every step; denies with the rule that left nothing. */
export const sizeEntry = (
  context: EntryContext,
  { equity, exposure }: { readonly equity: Decimal; readonly exposure: Exposure },
  limitPrice: Decimal,
  exam: Examination,
): SizingRecord => {
  const { limits, instrument, takerFee, guardian } = context;
  const fraction = (value: Fraction): Decimal => decimalFromNumber(value);
  const perUnit = lossPerUnit(limitPrice, limits.stopLoss, takerFee);
  const riskAmount = mulDown(equity, fraction(context.risk));
  const unitCost = add(limitPrice, mulUp(limitPrice, fraction(takerFee)));
  const budgetLoss = budgetLossPerUnit(limitPrice, limits.stopLoss, takerFee);
  const floor = mulUp(
    decimalFromNumber(guardian.dayBaseline ?? Number.MAX_VALUE),
    sub(ONE, fraction(limits.maxDailyDrawdown)),
  );

  const room = (cap: Decimal, used: Decimal, per: Decimal): Decimal => divDown(max(sub(cap, used), ZERO), per);
  const caps: readonly (readonly [DenialCode, Decimal, Fraction | null])[] = [
    ['risk-per-trade', quantityForRisk(riskAmount, perUnit), context.risk],
    [
      'exposure-symbol',
      room(mulDown(equity, fraction(limits.maxSymbolExposure)), exposure.symbol, limitPrice),
      limits.maxSymbolExposure,
    ],
    [
      'exposure-gross',
      room(mulDown(equity, fraction(limits.maxGrossExposure)), exposure.gross, limitPrice),
      limits.maxGrossExposure,
    ],
    ['leverage', room(mulDown(equity, fraction(limits.maxLeverage)), exposure.gross, limitPrice), limits.maxLeverage],
    ['cash', room(exposure.freeCash, ZERO, unitCost), null],
    ['loss-budget', room(exposure.worstEquity, floor, budgetLoss), limits.maxDailyDrawdown],
  ];
  const steps: { rule: string; quantity: Decimal }[] = [];
  let quantity: Decimal | null = null;
  for (const [code, cap, limit] of caps) {
    quantity = quantity === null ? cap : min(quantity, cap);
    steps.push({ rule: code, quantity });
    const tradable = floorToLot(instrument, cap, 'limit') > 0n && mulDown(cap, limitPrice) >= instrument.minNotional;
    if (!exam.require(tradable, code, limit, formatDecimal(cap))) break;
  }
  if (context.most !== undefined) {
    quantity = min(quantity ?? ZERO, context.most);
    steps.push({ rule: 'drill', quantity });
  }
  // One market order has to be able to close it: the stop, or an exit.
  const closable = floorToLot(instrument, quantity ?? ZERO, 'market');
  steps.push({ rule: 'lot', quantity: floorToLot(instrument, closable, 'limit') });
  return { equity: toNumber(equity), riskAmount, lossPerUnit: perUnit, limitPrice, steps };
};
