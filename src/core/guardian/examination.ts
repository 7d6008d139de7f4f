import type { Decimal } from '../decimal.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Quote } from '../market/quote.ts';
import type { Limits } from '../risk/limits.ts';
import type { EpochMs, Fraction } from '../units.ts';
import type { Check, Denial, DenialCode } from './denial.ts';
import type { GuardianState } from './state.ts';

/** What an entry is judged by, and the record of its checks. */

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

/** Collects the checks in order and stops at the first refusal. */
export class Examination {
  readonly checks: Check[] = [];
  denial: Denial | null = null;

  /** Returns whether the examination may go on. */
  require(ok: boolean, code: DenialCode, limit: number | string | null, value: number | string | null): boolean {
    this.checks.push({ ok, code, limit, value });
    if (!ok) this.denial ??= { code, limit, value };
    return ok;
  }
}
