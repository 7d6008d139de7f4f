import type { z } from 'zod';

import { LIMIT_RULES, type LimitRule, type Limits } from '../../core/risk/limits.ts';
import type { ConfigKey } from './config-keys.ts';
import { bad, good, key, plainNumber } from './config-values.ts';

/** Which key sets which limit. */
export const LIMIT_KEYS = {
  riskPerTrade: 'RISK_PER_TRADE',
  stopLoss: 'STOP_LOSS',
  takeProfit: 'TAKE_PROFIT',
  horizonHours: 'HORIZON_HOURS',
  maxLeverage: 'MAX_LEVERAGE',
  maxGrossExposure: 'MAX_GROSS_EXPOSURE',
  maxSymbolExposure: 'MAX_SYMBOL_EXPOSURE',
  maxDailyDrawdown: 'MAX_DAILY_DRAWDOWN',
  maxTotalDrawdown: 'MAX_TOTAL_DRAWDOWN',
  maxConsecutiveLosses: 'MAX_CONSECUTIVE_LOSSES',
  maxDataAgeSeconds: 'MAX_DATA_AGE_SECONDS',
  maxAtrPercentile: 'MAX_ATR_PERCENTILE',
  minBalance: 'MIN_BALANCE',
} as const satisfies Readonly<Record<keyof Limits, ConfigKey>>;

/** Limits that are fractions, so that "2" and "2%" are slips to be named as such. */
const FRACTIONS: ReadonlySet<keyof Limits> = new Set<keyof Limits>([
  'riskPerTrade',
  'stopLoss',
  'takeProfit',
  'maxGrossExposure',
  'maxSymbolExposure',
  'maxDailyDrawdown',
  'maxTotalDrawdown',
  'maxAtrPercentile',
]);

/** 2 -> "0.02", rounded so that no double's noise shows. */
const percentAsFraction = (percent: number): string => String(Number((percent / 100).toPrecision(12)));

const percentFault = (text: string): string | null => {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (percent !== null) return `is not a fraction; for ${percent[1]} % write ${percentAsFraction(Number(percent[1]))}`;
  const value = Number(text);
  if (Number.isFinite(value) && value > 1) {
    return `is not a fraction; for ${text} % write ${percentAsFraction(value)}`;
  }
  return null;
};

const ruleFault = (rule: LimitRule, value: number): string | null => {
  const { ceiling, tightest } = rule;
  if (rule.safer === 'lower') {
    // The target and the horizon bound no loss, so "looser" would be the wrong word for them.
    const which = ceiling === rule.standard ? 'is looser than the ceiling' : 'is above the largest sensible value';
    if (value > ceiling) return `${which} ${ceiling}; use ${ceiling} or less`;
    if (value < tightest) return `is below the smallest sensible value ${tightest}; use ${tightest} to ${ceiling}`;
  } else {
    if (value < ceiling) return `is looser than the floor ${ceiling}; use ${ceiling} or more`;
    if (value > tightest) return `is above the largest sensible value ${tightest}; use ${ceiling} to ${tightest}`;
  }
  return rule.integer && !Number.isInteger(value) ? 'is not a whole number' : null;
};

/** The schema of one limit's key: standard when absent, refused when looser than its ceiling. */
export const limitKey = (name: keyof Limits): z.ZodType<number, string | undefined> => {
  const rule = LIMIT_RULES[name];
  return key(rule.standard, (text) => {
    const slip = FRACTIONS.has(name) ? percentFault(text) : null;
    if (slip !== null) return bad(slip);
    const parsed = plainNumber(text);
    if (!parsed.ok) return parsed;
    const fault = ruleFault(rule, parsed.value);
    return fault === null ? good(parsed.value) : bad(fault);
  });
};
