import type { Fraction } from '../units.ts';

/** Every limit of the product. Fractions are fractions of equity or price; see docs/guardian.md. */
export interface Limits {
  /** Most equity one trade may lose at its stop. */
  readonly riskPerTrade: Fraction;
  /** Distance of the protective stop below the average entry price. */
  readonly stopLoss: Fraction;
  /** Distance of the target above the average entry price; must equal the model's. */
  readonly takeProfit: Fraction;
  /** Hours after which a position is closed; must equal the model's. */
  readonly horizonHours: number;
  /** Gross exposure over equity. */
  readonly maxLeverage: number;
  /** All positions and working entries over equity. */
  readonly maxGrossExposure: Fraction;
  /** One symbol's position and working entry over equity. */
  readonly maxSymbolExposure: Fraction;
  readonly maxDailyDrawdown: Fraction;
  readonly maxTotalDrawdown: Fraction;
  readonly maxConsecutiveLosses: number;
  readonly maxDataAgeSeconds: number;
  /** Percentile of the trailing year's ATR/close above which a symbol takes no entries. */
  readonly maxAtrPercentile: Fraction;
  /** Least equity in quote currency. */
  readonly minBalance: number;
}

/** What may be configured for one limit. `safer` says which direction tightens. */
export interface LimitRule {
  readonly standard: number;
  /** The loosest value allowed. */
  readonly ceiling: number;
  readonly safer: 'lower' | 'higher';
  /** The tightest value that still makes sense, inclusive. */
  readonly tightest: number;
  readonly integer: boolean;
}

const lower = (standard: number, tightest: number, integer = false): LimitRule => ({
  standard,
  ceiling: standard,
  safer: 'lower',
  tightest,
  integer,
});

/**
 * Defaults and hard ceilings: configuration may tighten, never loosen (PRODUCT sections 3 and 4).
 * The target and the horizon are not ceilings of risk; they have a sane range here and
 * must equal the model's own values, which is checked when the model is loaded.
 */
export const LIMIT_RULES: Readonly<Record<keyof Limits, LimitRule>> = {
  riskPerTrade: lower(0.01, 0.0001),
  stopLoss: lower(0.015, 0.001),
  takeProfit: { standard: 0.03, ceiling: 0.5, safer: 'lower', tightest: 0.002, integer: false },
  horizonHours: { standard: 24, ceiling: 24 * 30, safer: 'lower', tightest: 1, integer: true },
  maxLeverage: lower(1, 0.01),
  maxGrossExposure: lower(0.8, 0.01),
  maxSymbolExposure: lower(0.7, 0.01),
  maxDailyDrawdown: lower(0.02, 0.001),
  maxTotalDrawdown: lower(0.1, 0.001),
  maxConsecutiveLosses: lower(3, 1, true),
  maxDataAgeSeconds: lower(300, 10),
  maxAtrPercentile: lower(0.99, 0.5),
  minBalance: { standard: 100, ceiling: 100, safer: 'higher', tightest: 1_000_000_000, integer: false },
};

export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMIT_RULES).map(([name, rule]) => [name, rule.standard])),
) as unknown as Limits;

export interface LimitFault {
  readonly name: keyof Limits;
  readonly value: number;
  readonly code: 'not-a-number' | 'looser-than-ceiling' | 'out-of-range' | 'not-an-integer';
  /** The bound that was broken. */
  readonly bound: number;
}

/** Every value that may not be used, empty when all may. NaN and infinities are faults: a limit is never off. */
export const limitFaults = (limits: Limits): readonly LimitFault[] => {
  const faults: LimitFault[] = [];
  for (const name of Object.keys(LIMIT_RULES) as (keyof Limits)[]) {
    const rule = LIMIT_RULES[name];
    const value = limits[name];
    const fault = (code: LimitFault['code'], bound: number): void => void faults.push({ name, value, code, bound });
    if (typeof value !== 'number' || !Number.isFinite(value)) fault('not-a-number', rule.ceiling);
    else if (rule.safer === 'lower' ? value > rule.ceiling : value < rule.ceiling)
      fault('looser-than-ceiling', rule.ceiling);
    else if (rule.safer === 'lower' ? value < rule.tightest : value > rule.tightest)
      fault('out-of-range', rule.tightest);
    else if (rule.integer && !Number.isInteger(value)) fault('not-an-integer', rule.ceiling);
  }
  return faults;
};
