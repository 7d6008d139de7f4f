import { LIMIT_RULES, type LimitRule, type Limits } from '../risk/limits.ts';
import { DENIALS } from './denial.ts';
import { LOCKS, type LockClearing } from './lock.ts';

/**
 * The tables of docs/guardian.md, from the definitions that the code runs on. A
 * test holds the page equal to them.
 */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const CLEARED_BY: Readonly<Record<LockClearing, string>> = {
  self: 'itself',
  unlock: '`/unlock`',
  'day-or-unlock': 'the next UTC day, or `/unlock`',
  'self-or-unlock': 'itself, or `/unlock`',
  resume: '`/resume`',
};

/** What each lock does and what clears it. */
export const locksTable = (): string =>
  table(
    ['lock', 'id', 'trips when', 'state', 'positions', 'cleared by', 'rule of clearing'],
    Object.entries(LOCKS).map(([id, lock]) => [
      lock.title,
      `\`${id}\`${lock.perSymbol ? ', one a symbol' : ''}`,
      lock.trips,
      lock.state,
      lock.policy === 'flatten' ? '**closed**' : 'kept, with their stops',
      CLEARED_BY[lock.clearing],
      lock.clears,
    ]),
  );

/** Every reason for which an order is refused or cut. */
export const denialsTable = (): string =>
  table(
    ['code', 'the order is refused or cut because'],
    Object.entries(DENIALS).map(([code, why]) => [`\`${code}\``, why]),
  );

/** The environment variable of a limit: `maxDailyDrawdown` is MAX_DAILY_DRAWDOWN. */
const variable = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

const range = ({ safer, ceiling, tightest }: LimitRule): string =>
  safer === 'lower' ? `${tightest} to ${ceiling}` : `${ceiling} and more`;

const MEANING: Readonly<Record<keyof Limits, string>> = {
  riskPerTrade: 'most equity that one trade may lose at its stop',
  stopLoss: 'distance of the protective stop below the average entry price',
  takeProfit: "distance of the target above it; the model's own",
  horizonHours: "hours after which a position is closed; the model's own",
  maxLeverage: 'gross exposure over equity',
  maxGrossExposure: 'all positions and working entries over equity',
  maxSymbolExposure: "one symbol's over equity",
  maxDailyDrawdown: "fall of equity below the day's baseline",
  maxTotalDrawdown: 'fall of equity below its high-water mark',
  maxConsecutiveLosses: 'losing closed trades in a row, net of fees',
  maxDataAgeSeconds: 'age of the newest price; lateness of the newest candle',
  maxAtrPercentile: "percentile of the trailing year's ATR/close",
  minBalance: 'least equity in quote currency',
};

/** What may be configured, and how far. */
export const limitsTable = (): string =>
  table(
    ['limit', 'standard', 'may be set to', 'what it bounds'],
    (Object.keys(LIMIT_RULES) as (keyof Limits)[]).map((name) => {
      const rule = LIMIT_RULES[name];
      return [
        `\`${variable(name)}\``,
        String(rule.standard),
        `${range(rule)}${rule.integer ? ', whole' : ''}`,
        MEANING[name],
      ];
    }),
  );
