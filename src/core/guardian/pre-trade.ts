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
import { filterFault, floorToLot, priceFault, type Instrument } from '../market/instrument.ts';
import type { Quote } from '../market/quote.ts';
import type { OrderDraft, OrderPurpose } from '../orders/order.ts';
import type { Limits } from '../risk/limits.ts';
import { budgetLossPerUnit, entryLimit, lossPerUnit, quantityForRisk, stopLimit, stopTrigger } from '../risk/sizing.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type Fraction, type SymbolName } from '../units.ts';
import { ApprovedOrder } from './approved-order.ts';
import type { Check, Denial, DenialCode } from './denial.ts';
import { MAX_SKEW } from './health-locks.ts';
import { strictestLock, tradingState, type GuardianState } from './state.ts';

/** Entries within an hour of market time. */
export const MAX_ENTRIES_PER_HOUR = 10;
/** An entry's limit may be this far from the last trade. */
export const PRICE_COLLAR: Fraction = 0.01;
export const MAX_SPREAD: Fraction = 0.005;

const PROTECTION_MARGIN = decimalFromNumber(0.99);

/** Money at work, reservations of working entries included, as exact decimals. */
export interface Exposure {
  /** Value of positions and of the unfilled part of working entries, all symbols. */
  readonly gross: Decimal;
  readonly symbol: Decimal;
  /** Cash not reserved by working entries. */
  readonly freeCash: Decimal;
  /**
   * Equity if every position left at its stop less the gap allowance (or at the last price, where that is lower)
   * and every working entry filled and then did the same, after fees.
   */
  readonly worstEquity: Decimal;
}

/** Everything an entry is judged by. Null = not known, and refuses. */
export interface EntryContext {
  readonly guardian: GuardianState;
  readonly limits: Limits;
  readonly at: EpochMs;
  readonly instrument: Instrument;
  readonly takerFee: Fraction;
  /** Risk of this trade as a fraction of equity. */
  readonly risk: Fraction;
  readonly equity: Decimal | null;
  /** Fresh prices of the symbol, or null. */
  readonly quote: Quote | null;
  readonly exposure: Exposure | null;
  readonly hasPosition: boolean;
  readonly orderInFlight: boolean;
  /** End of the rest after a stop-out, or null. */
  readonly restUntil: EpochMs | null;
  /** Whether the difference to the exchange clock is known and small. */
  readonly clockKnown: boolean;
  /** Open time of the candle behind the signal, of the newest closed candle, and of the last one that was traded. */
  readonly signal: EpochMs;
  readonly newestCandleOpen: EpochMs | null;
  readonly lastTradedSignal: EpochMs | null;
  /** Orders of others at the symbol that wait for a trigger: they take places that the stop would need. */
  readonly algoOrders: number;
  /** Largest quantity that is wanted (a drill); it can only make the order smaller. */
  readonly most?: Decimal;
}

export interface SizingRecord {
  readonly equity: number;
  readonly riskAmount: Decimal;
  readonly lossPerUnit: Decimal;
  readonly limitPrice: Decimal;
  readonly steps: readonly { readonly rule: string; readonly quantity: Decimal }[];
}

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

/** Collects the checks in order and stops at the first refusal. */
class Examination {
  readonly checks: Check[] = [];
  denial: Denial | null = null;

  /** Returns whether the examination may go on. */
  require(ok: boolean, code: DenialCode, limit: number | string | null, value: number | string | null): boolean {
    this.checks.push({ ok, code, limit, value });
    if (!ok) this.denial ??= { code, limit, value };
    return ok;
  }
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
  const { equity, exposure, quote } = known;
  if (!checkPrices(quote, exam)) return denied(null);

  const limitPrice = entryLimit(context.instrument, quote.ask);
  const collar = Math.abs(toNumber(limitPrice) / quote.last - 1);
  if (!exam.require(collar <= PRICE_COLLAR, 'price-collar', PRICE_COLLAR, collar)) return denied(null);

  const sizing = sizeEntry(context, equity, exposure, limitPrice, exam);
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

/** Equity, exposure and fresh prices, or null: what is not known refuses. */
const checkKnown = (
  { equity, exposure, quote, limits }: EntryContext,
  exam: Examination,
): { readonly equity: Decimal; readonly exposure: Exposure; readonly quote: Quote } | null => {
  if (!exam.require(equity !== null && exposure !== null, 'equity-unknown', null, null)) return null;
  if (!exam.require(quote !== null, 'price-unknown', limits.maxDataAgeSeconds, null)) return null;
  return equity === null || exposure === null || quote === null ? null : { equity, exposure, quote };
};

/** Locks, the clock, the day's baseline and the exchange: what stands in the way of every signal. */
const checkStanding = (context: EntryContext, exam: Examination): boolean => {
  const { guardian, instrument, at } = context;
  const overall = tradingState(guardian, null);
  // A lock of this symbol, though older, is not what holds all symbols back.
  const lock = strictestLock(guardian, null);
  const held = tradingState(guardian, instrument.symbol);
  const baseline = guardian.day !== null && at < guardian.day + DAY_MS ? guardian.dayBaseline : null;
  return (
    exam.require(
      overall !== 'halted',
      'state-halted',
      'active',
      overall === 'halted' ? (lock?.id ?? overall) : overall,
    ) &&
    exam.require(
      overall === 'active',
      'state-reducing',
      'active',
      overall === 'reducing' ? (lock?.id ?? overall) : overall,
    ) &&
    exam.require(
      held === 'active',
      'symbol-locked',
      'active',
      held === 'active' ? held : (strictestLock(guardian, instrument.symbol)?.id ?? held),
    ) &&
    exam.require(context.clockKnown, 'clock-unknown', MAX_SKEW, guardian.skew) &&
    exam.require(baseline !== null, 'baseline-unknown', null, baseline) &&
    exam.require(instrument.trading, 'instrument-not-trading', null, instrument.symbol)
  );
};

const checkState = (context: EntryContext, exam: Examination): boolean => {
  const { guardian, at } = context;
  forgetEntries(guardian, at);
  return (
    checkStanding(context, exam) &&
    exam.require(!context.hasPosition, 'position-exists', 1, context.hasPosition ? 1 : 0) &&
    exam.require(!context.orderInFlight, 'order-in-flight', 0, context.orderInFlight ? 1 : 0) &&
    exam.require(context.restUntil === null || at >= context.restUntil, 'resting-after-stop', context.restUntil, at) &&
    exam.require(
      context.signal === context.newestCandleOpen,
      'signal-expired',
      context.newestCandleOpen,
      context.signal,
    ) &&
    exam.require(
      context.lastTradedSignal === null || context.signal > context.lastTradedSignal,
      'entry-repeated',
      context.lastTradedSignal,
      context.signal,
    ) &&
    exam.require(
      guardian.entries.length < MAX_ENTRIES_PER_HOUR,
      'entry-throttle',
      MAX_ENTRIES_PER_HOUR,
      guardian.entries.length,
    )
  );
};

/** Entries older than an hour no longer count. They are in order of time. */
const forgetEntries = (guardian: GuardianState, at: EpochMs): void => {
  const { entries } = guardian;
  while (entries.length > 0 && at - (entries[0] ?? at) >= HOUR_MS) entries.shift();
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

/** Size by risk, then cut by each cap in turn. Records every step; denies with the rule that left nothing. */
const sizeEntry = (
  context: EntryContext,
  equity: Decimal,
  exposure: Exposure,
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

/** What a stop or an exit is judged by: locks never block it. */
export interface ReduceContext {
  readonly instrument: Instrument;
  /** Base units held. */
  readonly held: Decimal;
  /** Newest price for the notional of a market order; null = not known, then the notional is not judged. */
  readonly lastPrice: number | null;
}

/** Side, reduce-only quantity and instrument filters: the only checks of stops and exits. */
export const checkReduce = (
  context: ReduceContext,
  draft: OrderDraft & { readonly purpose: Exclude<OrderPurpose, 'entry'> },
):
  | { readonly approved: true; readonly order: ApprovedOrder }
  | { readonly approved: false; readonly denial: Denial } => {
  const { instrument, held, lastPrice } = context;
  if (draft.side !== 'sell')
    return { approved: false, denial: { code: 'order-side', limit: 'sell', value: draft.side } };
  if (draft.quantity > held || draft.quantity <= 0n) {
    return {
      approved: false,
      denial: { code: 'reduce-only', limit: formatDecimal(held), value: formatDecimal(draft.quantity) },
    };
  }
  const price = draft.limitPrice ?? draft.stopPrice ?? (lastPrice === null ? null : decimalFromNumber(lastPrice));
  const fault =
    (draft.stopPrice === null ? null : priceFault(instrument, draft.stopPrice)) ??
    filterFault(instrument, draft.type, draft.quantity, price);
  if (fault !== null) {
    return {
      approved: false,
      denial: {
        code: 'instrument-filter',
        limit: `${fault.code} ${formatDecimal(fault.limit)}`,
        value: formatDecimal(fault.value),
      },
    };
  }
  return { approved: true, order: ApprovedOrder.approve(draft) };
};
