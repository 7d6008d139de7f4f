import type { EpochMs } from '../../core/units.ts';
import { ceilTo, fixed, floorTo, larger, smaller, times, type Fixed } from './fixed.ts';
import { hash32 } from './hash.ts';
import type { SymbolRules } from './rules.ts';

/**
 * The other side of every order: a modest order book around the last price,
 * made from the seed, so that size costs slippage and large orders fill in
 * parts. The bot's own orders are not shown in it and do not move the price.
 */
export interface Liquidity {
  /** Distance between best bid and best ask, as basis points of the last price. */
  readonly spreadBps: number;
  /** Number of price levels on each side. */
  readonly levels: number;
  /** Distance between levels in basis points. */
  readonly levelStepBps: number;
  /** Typical value at the best level, in quote currency; deeper levels hold more. */
  readonly levelQuote: Fixed;
}

export const DEFAULT_LIQUIDITY: Liquidity = { spreadBps: 2, levels: 20, levelStepBps: 1, levelQuote: fixed('300') };

export type BookSide = 'bid' | 'ask';

export interface Level {
  readonly price: Fixed;
  readonly quantity: Fixed;
}

/** The moment a book belongs to: the same moment has the same book. */
export interface BookMoment {
  readonly last: Fixed;
  readonly time: EpochMs;
  readonly seed: number;
}

/** Basis points are resolved to a hundredth. */
const BPS_SCALE = 1_000_000n;
const basisPoints = (value: Fixed, bps: number): Fixed => (value * BigInt(Math.round(bps * 100))) / BPS_SCALE;

export const bestBid = (last: Fixed, rules: SymbolRules, liquidity: Liquidity): Fixed =>
  larger(floorTo(last - basisPoints(last, liquidity.spreadBps / 2), rules.tick), rules.tick);

export const bestAsk = (last: Fixed, rules: SymbolRules, liquidity: Liquidity): Fixed =>
  larger(
    ceilTo(last + basisPoints(last, liquidity.spreadBps / 2), rules.tick),
    bestBid(last, rules, liquidity) + rules.tick,
  );

/** In one moment out of eight the book is thin, so that partial fills happen at everyday sizes. */
const THIN_ONE_IN = 8;
const THIN_PERCENT = 15n;

/**
 * The levels of one side, best first, after `taken` of base currency has been
 * consumed from the front. Quantities are on the lot.
 */
export const bookLevels = (
  side: BookSide,
  moment: BookMoment,
  rules: SymbolRules,
  liquidity: Liquidity,
  taken: Fixed = 0n,
): Level[] => {
  const { last, time, seed } = moment;
  const best = side === 'bid' ? bestBid(last, rules, liquidity) : bestAsk(last, rules, liquidity);
  const gap = larger(floorTo(basisPoints(last, liquidity.levelStepBps), rules.tick), rules.tick);
  const thin = hash32(seed, rules.id, time, 'depth') % THIN_ONE_IN === 0 ? THIN_PERCENT : 100n;
  const levels: Level[] = [];
  let consumed = taken;
  for (let index = 0; index < liquidity.levels; index += 1) {
    const price = side === 'bid' ? best - gap * BigInt(index) : best + gap * BigInt(index);
    if (price < rules.minPrice || price <= 0n) break;
    const jitter = BigInt(50 + (hash32(seed, rules.id, time, side, index) % 101));
    const value = (liquidity.levelQuote * BigInt(4 + index) * jitter * thin) / 40_000n;
    const full = larger(floorTo((value * 100_000_000n) / price, rules.step), rules.step);
    const gone = smaller(full, consumed);
    consumed -= gone;
    if (full > gone) levels.push({ price, quantity: full - gone });
  }
  return levels;
};

/** What of `levels` an order at `limit` (null = any price) reaches. */
export const reachable = (levels: readonly Level[], side: BookSide, limit: Fixed | null): Level[] =>
  limit === null
    ? [...levels]
    : levels.filter((level) => (side === 'ask' ? level.price <= limit : level.price >= limit));

/** The executions that `quantity` finds on the levels, best first; shorter than asked when the book is. */
export const sweep = (levels: readonly Level[], quantity: Fixed): Level[] => {
  const fills: Level[] = [];
  let open = quantity;
  for (const level of levels) {
    if (open <= 0n) break;
    const size = smaller(open, level.quantity);
    fills.push({ price: level.price, quantity: size });
    open -= size;
  }
  return fills;
};

/** The executions that spend (or, for a seller, earn) at most `value` of quote currency, sized on the lot. */
export const sweepValue = (levels: readonly Level[], value: Fixed, step: Fixed): Level[] => {
  const fills: Level[] = [];
  let open = value;
  for (const level of levels) {
    const affordable = floorTo((open * 100_000_000n) / level.price, step);
    const size = smaller(affordable, level.quantity);
    if (size <= 0n) break;
    fills.push({ price: level.price, quantity: size });
    open -= times(level.price, size);
    if (size < level.quantity) break;
  }
  return fills;
};

export const totalQuantity = (levels: readonly Level[]): Fixed =>
  levels.reduce((sum, level) => sum + level.quantity, 0n);
export const totalValue = (levels: readonly Level[]): Fixed =>
  levels.reduce((sum, level) => sum + times(level.price, level.quantity), 0n);
