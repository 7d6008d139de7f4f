/**
 * Exact decimals for money: a bigint scaled by 10^16.
 *
 * Why 16: the exchange states prices and quantities with at most 8 decimals, so
 * a product of the two is exact with 16. Why our own: in the engine's hot loop
 * a scaled bigint costs about a hundredth of a decimal package's operation
 * (docs/adr/0002-exact-decimals.md), and it is small enough to be proved by
 * properties (decimal.test.ts).
 *
 * Every operation is exact or says in its name which way it rounds.
 */
declare const decimalBrand: unique symbol;
export type Decimal = bigint & { readonly [decimalBrand]: true };

export const DECIMAL_PLACES = 16;
const ONE_RAW = 10n ** BigInt(DECIMAL_PLACES);
/**
 * The exchange's own resolution: what has at most eight places takes the short ways below, which give the same values.
 */
const SHORT_PLACES = 8;
const SHORT = 10 ** SHORT_PLACES;
const SHORT_RAW = BigInt(SHORT);
/** Decimals with at most 15 digits are told apart by doubles (IEEE 754: 15 decimal digits survive a round trip). */
const SHORT_LIMIT = 1e15;
/** Powers of ten by the number of places that are left to sixteen. */
const POWERS: readonly bigint[] = Array.from({ length: DECIMAL_PLACES + 1 }, (_, places) => 10n ** BigInt(places));

export const ZERO: Decimal = 0n as Decimal;
export const ONE: Decimal = ONE_RAW as Decimal;

const DECIMAL_PATTERN = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal exactly. Accepts plain and exponent form, because both
 * occur in exchange answers ("0.00001000", "1e-7").
 * @throws RangeError when the text is not a decimal or has more than 16 significant decimals places.
 */
export const decimal = (text: string): Decimal => shortDecimal(text) ?? longDecimal(text);

/** Plain text of at most 15 digits, or null: the usual case, without a pattern. */
const shortDecimal = (text: string): Decimal | null => {
  const { length } = text;
  if (length === 0 || length > 16) return null;
  let digits = 0;
  let point = -1;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) digits = digits * 10 + (code - 48);
    else if (code === 46 && point < 0 && index > 0 && index < length - 1) point = index;
    else return null;
  }
  if (digits >= SHORT_LIMIT) return null;
  const power = POWERS[DECIMAL_PLACES - (point < 0 ? 0 : length - 1 - point)];
  return power === undefined ? null : ((BigInt(digits) * power) as Decimal);
};

const longDecimal = (text: string): Decimal => {
  const match = DECIMAL_PATTERN.exec(text);
  if (match === null) throw new RangeError(`not a decimal number: "${text}"`);
  const sign = match[1] === '-' ? -1n : 1n;
  const whole = match[2] ?? '0';
  const fraction = match[3] ?? '';
  const places = DECIMAL_PLACES + Number(match[4] ?? '0') - fraction.length;
  const digits = BigInt(whole + fraction);
  if (places >= 0) return (sign * digits * 10n ** BigInt(places)) as Decimal;
  const divisor = 10n ** BigInt(-places);
  if (digits % divisor !== 0n) throw new RangeError(`more than ${DECIMAL_PLACES} decimals: "${text}"`);
  return ((sign * digits) / divisor) as Decimal;
};

/** Whether `decimal` takes the text. */
export const isDecimalText = (text: string): boolean => {
  try {
    decimal(text);
    return true;
  } catch {
    return false;
  }
};

/** A whole number as a decimal. @throws RangeError for a fraction or an unsafe integer. */
export const decimalFromInteger = (value: number): Decimal => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
  return (BigInt(value) * ONE_RAW) as Decimal;
};

/**
 * The one boundary from doubles to money: the shortest decimal that reads back as `value`
 * (what JSON prints), cut to 16 places toward zero.
 * @throws RangeError when the value is not finite.
 */
export const decimalFromNumber = (value: number): Decimal => {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  // When eight places and 15 digits read back as the value, no other decimal as short does.
  const short = Math.round(value * SHORT);
  if (short < SHORT_LIMIT && short > -SHORT_LIMIT && short / SHORT === value)
    return (BigInt(short) * SHORT_RAW) as Decimal;
  const match = DECIMAL_PATTERN.exec(String(value));
  if (match === null) throw new RangeError(`not a decimal number: ${value}`);
  const fraction = match[3] ?? '';
  const places = DECIMAL_PLACES + Number(match[4] ?? '0') - fraction.length;
  const digits = BigInt((match[2] ?? '0') + fraction);
  const magnitude = places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
  return (match[1] === '-' ? -magnitude : magnitude) as Decimal;
};

/** The nearest double: for display, statistics and limits, never for booking. */
export const toNumber = (value: Decimal): number => {
  const short = value / SHORT_RAW;
  // Both operands are exact, so that one division gives the nearest double.
  if (short * SHORT_RAW === value && short < MOST_EXACT && short > -MOST_EXACT) return Number(short) / SHORT;
  return Number(formatDecimal(value));
};

const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** Plain decimal text without trailing zeros: "0.1", "-12", "0". */
export const formatDecimal = (value: Decimal): string => {
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  const whole = magnitude / ONE_RAW;
  const rest = magnitude - whole * ONE_RAW;
  const text =
    rest === 0n ? whole.toString() : `${whole}.${fractionText(Number(rest / SHORT_RAW), Number(rest % SHORT_RAW))}`;
  return negative ? `-${text}` : text;
};

/** Sixteen places in two halves, without the zeros at their end. */
const fractionText = (upper: number, lower: number): string =>
  lower === 0 ? trimmed(upper) : String(upper).padStart(SHORT_PLACES, '0') + trimmed(lower);

/** Eight places of a number above zero, without the zeros at their end. */
const trimmed = (digits: number): string => {
  let left = digits;
  let places = SHORT_PLACES;
  while (left % 10 === 0) {
    left /= 10;
    places -= 1;
  }
  return String(left).padStart(places, '0');
};

export const add = (a: Decimal, b: Decimal): Decimal => (a + b) as Decimal;
export const sub = (a: Decimal, b: Decimal): Decimal => (a - b) as Decimal;
export const neg = (a: Decimal): Decimal => -a as Decimal;
export const abs = (a: Decimal): Decimal => (a < 0n ? (-a as Decimal) : a);
export const min = (a: Decimal, b: Decimal): Decimal => (a < b ? a : b);
export const max = (a: Decimal, b: Decimal): Decimal => (a > b ? a : b);
export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = 0n;
  for (const value of values) total += value;
  return total as Decimal;
};

const floorDiv = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  // Division cuts toward zero, which is the floor while both have the same sign.
  return a < 0n !== b < 0n && quotient * b !== a ? quotient - 1n : quotient;
};

/** a x b, rounded toward minus infinity at the 16th place (exact for 8-place operands). */
export const mulDown = (a: Decimal, b: Decimal): Decimal => floorDiv(a * b, ONE_RAW) as Decimal;
/** a x b, rounded toward plus infinity at the 16th place (exact for 8-place operands). */
export const mulUp = (a: Decimal, b: Decimal): Decimal => -floorDiv(-(a * b), ONE_RAW) as Decimal;
/** a / b toward minus infinity. @throws RangeError when b is zero. */
export const divDown = (a: Decimal, b: Decimal): Decimal => {
  if (b === 0n) throw new RangeError('division by zero');
  return floorDiv(a * ONE_RAW, b) as Decimal;
};
/** a / b toward plus infinity. @throws RangeError when b is zero. */
export const divUp = (a: Decimal, b: Decimal): Decimal => {
  if (b === 0n) throw new RangeError('division by zero');
  return -floorDiv(-(a * ONE_RAW), b) as Decimal;
};

/** Largest multiple of `step` that is <= value. A step of zero means "no grid": the value itself. */
export const floorTo = (value: Decimal, step: Decimal): Decimal =>
  step === 0n ? value : ((floorDiv(value, step) * step) as Decimal);
/** Smallest multiple of `step` that is >= value. A step of zero means "no grid": the value itself. */
export const ceilTo = (value: Decimal, step: Decimal): Decimal =>
  step === 0n ? value : ((-floorDiv(-value, step) * step) as Decimal);
/** Whether the value lies on the grid of `step`; always true for a step of zero. */
export const isMultipleOf = (value: Decimal, step: Decimal): boolean => step === 0n || value % step === 0n;
