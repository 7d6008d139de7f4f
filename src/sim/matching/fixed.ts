/**
 * Scaled integers for the simulator's books: a bigint in units of 10^-8, the
 * resolution in which the exchange states prices, quantities and balances.
 *
 * The simulator has an arithmetic of its own on purpose: its account is
 * compared with the bot's ledger, and a fault shared by both would not show.
 */
export type Fixed = bigint;

export const FIXED_PLACES = 8;
/** One whole unit. */
export const UNIT: Fixed = 100_000_000n;

const SCALE = 10 ** FIXED_PLACES;
/** Below this a product with the scale is off by less than a tenth of a unit. */
const SHORT_LIMIT = 2 ** 49;
const NEAR_WHOLE = 0.25;

const FIXED_PATTERN = /^(-?)(\d{1,20})(?:\.(\d{1,8}))?$/;

/** Reads plain decimal text with at most 8 decimals, or null when it is none. */
export const tryFixed = (text: string): Fixed | null => {
  const match = FIXED_PATTERN.exec(text);
  if (match === null) return null;
  const digits = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(FIXED_PLACES, '0'));
  return match[1] === '-' ? -digits : digits;
};

/** As tryFixed. @throws RangeError when the text is not a decimal of at most 8 places. */
export const fixed = (text: string): Fixed => {
  const value = tryFixed(text);
  if (value === null) throw new RangeError(`not a decimal number of at most ${FIXED_PLACES} places: "${text}"`);
  return value;
};

/** The nearest 10^-8 of a double. @throws RangeError when it is not finite or too large to be exact. */
export const fixedFromNumber = (value: number): Fixed => {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  // Far enough from a half the product's own rounding can't decide: the short way to the same integer.
  const scaled = value * SCALE;
  const whole = Math.round(scaled);
  if (Math.abs(scaled) < SHORT_LIMIT && Math.abs(scaled - whole) < NEAR_WHOLE) return BigInt(whole);
  return fixed(value.toFixed(FIXED_PLACES));
};

/** Always eight decimals, as the exchange prints them: "0.00000000". */
export const formatFixed = (value: Fixed): string => {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(FIXED_PLACES + 1, '0');
  const cut = digits.length - FIXED_PLACES;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
};

/** a x b, the ninth and later decimals cut off (exact for prices on a tick and quantities on a lot, see rules.ts). */
export const times = (a: Fixed, b: Fixed): Fixed => (a * b) / UNIT;

/** Largest multiple of `step` at or below a value of at least zero; a step of zero is no grid. */
export const floorTo = (value: Fixed, step: Fixed): Fixed => (step === 0n ? value : (value / step) * step);
/** Smallest multiple of `step` at or above a value of at least zero. */
export const ceilTo = (value: Fixed, step: Fixed): Fixed => (step === 0n ? value : ((value + step - 1n) / step) * step);
/** Nearest multiple of `step`, halves upward. */
export const nearestTo = (value: Fixed, step: Fixed): Fixed =>
  step === 0n ? value : ((value + step / 2n) / step) * step;
export const onGrid = (value: Fixed, step: Fixed): boolean => step === 0n || value % step === 0n;

export const smaller = (a: Fixed, b: Fixed): Fixed => (a < b ? a : b);
export const larger = (a: Fixed, b: Fixed): Fixed => (a > b ? a : b);
