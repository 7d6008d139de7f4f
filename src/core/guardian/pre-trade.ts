import { decimalFromNumber, formatDecimal, mulDown, mulUp, sub, toNumber, ZERO, type Decimal } from '../decimal.ts';
import { filterFault, floorToLot, priceFault, type Instrument } from '../market/instrument.ts';
import type { Quote } from '../market/quote.ts';
import type { OrderDraft, OrderPurpose } from '../orders/order.ts';
import { entryLimit, stopLimit, stopTrigger } from '../risk/sizing.ts';
import type { EpochMs, Fraction, SymbolName } from '../units.ts';
import { ApprovedOrder } from './approved-order.ts';
import type { Check, Denial } from './denial.ts';
import { sizeEntry } from './entry-size.ts';
import { checkKnown, checkStanding, checkState } from './entry-standing.ts';
import { Examination, type EntryContext, type SizingRecord } from './examination.ts';
import { tradingState, type GuardianState } from './state.ts';

/**
 * The check of every order: the only place where one can become an ApprovedOrder.
 *
 * Invariant: an entry passes every rule or is denied with code, limit and value; stops and exits are judged by side,
 * quantity and the exchange's filters alone.
 */

/** An entry's limit may be this far from the last trade. */
export const PRICE_COLLAR: Fraction = 0.01;
export const MAX_SPREAD: Fraction = 0.005;
const PROTECTION_MARGIN = decimalFromNumber(0.99);

export type Verdict =
  | {
      readonly approved: true;
      readonly order: ApprovedOrder;
      readonly checks: readonly Check[];
      readonly sizing: SizingRecord;
    }
  | {
      readonly approved: false;
      readonly denial: Denial;
      readonly checks: readonly Check[];
      readonly sizing: SizingRecord | null;
    };

export interface EntryIdentity {
  readonly clientOrderId: string;
  readonly symbol: SymbolName;
  readonly expiresAtWall: EpochMs;
  readonly reason: string;
}

/**
 * The one place where an entry can become an ApprovedOrder. Every unknown is a
 * refusal; every cap cuts the size; what is left has to pass the exchange's filters.
 */
export const checkEntry = (context: EntryContext, identity: EntryIdentity): Verdict => {
  const exam = new Examination();
  const denied = (sizing: SizingRecord | null): Verdict => ({
    approved: false,
    denial: exam.denial ?? { code: 'instrument-filter', limit: null, value: null },
    checks: exam.checks,
    sizing,
  });
  if (!checkState(context, exam)) return denied(null);
  const known = checkKnown(context, exam);
  if (known === null) return denied(null);
  const { quote } = known;
  if (!checkPrices(quote, exam)) return denied(null);

  const limitPrice = entryLimit(context.instrument, quote.ask);
  const collar = Math.abs(toNumber(limitPrice) / quote.last - 1);
  if (!exam.require(collar <= PRICE_COLLAR, 'price-collar', PRICE_COLLAR, collar)) return denied(null);

  const sizing = sizeEntry(context, known, limitPrice, exam);
  const quantity = sizing.steps.at(-1)?.quantity ?? ZERO;
  if (exam.denial !== null) return denied(sizing);
  const fault = filterFault(context.instrument, 'limit', quantity, limitPrice);
  if (
    !exam.require(
      fault === null,
      'instrument-filter',
      fault === null ? null : `${fault.code} ${formatDecimal(fault.limit)}`,
      formatDecimal(fault?.value ?? quantity),
    )
  ) {
    return denied(sizing);
  }
  if (!checkProtectable(context, quantity, limitPrice, exam)) return denied(sizing);
  const order = ApprovedOrder.approve({
    ...identity,
    side: 'buy',
    type: 'limit',
    purpose: 'entry',
    quantity,
    limitPrice,
    stopPrice: null,
    timeInForce: 'IOC',
  });
  return { approved: true, order, checks: exam.checks, sizing };
};

/**
 * What refuses any entry in the symbol now, whatever its signal and its size: the first of it, or null. The checks are
 * those of an order.
 */
export const entryBar = (context: EntryContext): Denial | null => {
  const exam = new Examination();
  if (checkStanding(context, exam)) checkKnown(context, exam);
  return exam.denial;
};

/**
 * Whether an unsent entry has to be withdrawn: a lock has come between its approval and its sending. Stops and exits
 * never are.
 */
export const mustWithdraw = (guardian: GuardianState, draft: Pick<OrderDraft, 'purpose' | 'symbol'>): boolean =>
  draft.purpose === 'entry' && tradingState(guardian, draft.symbol) !== 'active';

/** The order type of protective stops at this instrument, or null when the exchange offers none. */
export const stopType = (instrument: Instrument): 'stop-loss' | 'stop-loss-limit' | null =>
  instrument.orderTypes.includes('stop-loss')
    ? 'stop-loss'
    : instrument.orderTypes.includes('stop-loss-limit')
      ? 'stop-loss-limit'
      : null;

/**
 * No entry whose stop the exchange would refuse: what remains after a fee in base, at the stop's price, has to pass its
 * filters in one order.
 */
const checkProtectable = (
  context: EntryContext,
  quantity: Decimal,
  limitPrice: Decimal,
  exam: Examination,
): boolean => {
  const { instrument, limits, takerFee } = context;
  const type = stopType(instrument);
  if (type === null) return exam.require(false, 'unprotectable', 'stop-loss', instrument.orderTypes.join(' '));
  // Zero: the exchange states no such filter.
  if (instrument.maxAlgoOrders > 0 && context.algoOrders >= instrument.maxAlgoOrders)
    return exam.require(false, 'unprotectable', `MAX_NUM_ALGO_ORDERS ${instrument.maxAlgoOrders}`, context.algoOrders);
  const kept = floorToLot(instrument, sub(quantity, mulUp(quantity, decimalFromNumber(takerFee))), type);
  // The average fill can't be above the limit; with a slightly better one the stop is lower still: a margin of one
  // percent.
  const trigger = stopTrigger(instrument, mulDown(limitPrice, PROTECTION_MARGIN), limits.stopLoss);
  const fault = filterFault(instrument, type, kept, type === 'stop-loss' ? trigger : stopLimit(instrument, trigger));
  return exam.require(
    fault === null,
    'unprotectable',
    fault === null ? null : `${fault.code} ${formatDecimal(fault.limit)}`,
    formatDecimal(fault?.value ?? kept),
  );
};

const checkPrices = (quote: Quote, exam: Examination): boolean => {
  const sound = quote.bid > 0 && quote.ask >= quote.bid && quote.last > 0;
  const spread = sound ? quote.ask / quote.bid - 1 : Number.POSITIVE_INFINITY;
  return (
    exam.require(sound, 'price-unknown', null, sound ? quote.last : null) &&
    exam.require(spread <= MAX_SPREAD, 'spread-collar', MAX_SPREAD, spread)
  );
};

/** What a stop or an exit is judged by: locks never block it. */
export interface ReduceContext {
  readonly instrument: Instrument;
  /** Base units held. */
  readonly held: Decimal;
  /** Newest price for the notional of a market order; null = not known, then the notional is not judged. */
  readonly lastPrice: number | null;
}

/** What the check of a stop or an exit looks at. */
export type ReduceShape = Pick<OrderDraft, 'side' | 'type' | 'quantity' | 'limitPrice' | 'stopPrice'>;

/**
 * Why such a stop or exit would not be taken, or null: side, reduce-only quantity and instrument filters are the only
 * checks of stops and exits.
 */
export const reduceDenial = ({ instrument, held, lastPrice }: ReduceContext, draft: ReduceShape): Denial | null => {
  if (draft.side !== 'sell') return { code: 'order-side', limit: 'sell', value: draft.side };
  if (draft.quantity > held || draft.quantity <= 0n)
    return { code: 'reduce-only', limit: formatDecimal(held), value: formatDecimal(draft.quantity) };
  const price = draft.limitPrice ?? draft.stopPrice ?? (lastPrice === null ? null : decimalFromNumber(lastPrice));
  const fault =
    (draft.stopPrice === null ? null : priceFault(instrument, draft.stopPrice)) ??
    filterFault(instrument, draft.type, draft.quantity, price);
  return fault === null
    ? null
    : {
        code: 'instrument-filter',
        limit: `${fault.code} ${formatDecimal(fault.limit)}`,
        value: formatDecimal(fault.value),
      };
};

/** Makes an ApprovedOrder of a stop or an exit that passes its check. */
export const checkReduce = (
  context: ReduceContext,
  draft: OrderDraft & { readonly purpose: Exclude<OrderPurpose, 'entry'> },
):
  | { readonly approved: true; readonly order: ApprovedOrder }
  | { readonly approved: false; readonly denial: Denial } => {
  const denial = reduceDenial(context, draft);
  return denial === null ? { approved: true, order: ApprovedOrder.approve(draft) } : { approved: false, denial };
};
