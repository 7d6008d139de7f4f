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

const raw = (value: bigint): Decimal => value as Decimal;

export const ZERO: Decimal = raw(0n);
export const ONE: Decimal = raw(ONE_RAW);

const DECIMAL_PATTERN = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal exactly. Accepts plain and exponent form, because both
 * occur in exchange answers ("0.00001000", "1e-7").
 * @throws RangeError when the text is not a decimal or has more than 16 significant decimals places.
 */
export const decimal = (text: string): Decimal => {
  const match = DECIMAL_PATTERN.exec(text);
  if (match === null) throw new RangeError(`not a decimal number: "${text}"`);
  const sign = match[1] === '-' ? -1n : 1n;
  const whole = match[2] ?? '0';
  const fraction = match[3] ?? '';
  const places = DECIMAL_PLACES + Number(match[4] ?? '0') - fraction.length;
  const digits = BigInt(whole + fraction);
  if (places >= 0) return raw(sign * digits * 10n ** BigInt(places));
  const divisor = 10n ** BigInt(-places);
  if (digits % divisor !== 0n) throw new RangeError(`more than ${DECIMAL_PLACES} decimals: "${text}"`);
  return raw((sign * digits) / divisor);
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
  return raw(BigInt(value) * ONE_RAW);
};

/**
 * The one boundary from doubles to money: the shortest decimal that reads back as `value`
 * (what JSON prints), cut to 16 places toward zero.
 * @throws RangeError when the value is not finite.
 */
export const decimalFromNumber = (value: number): Decimal => {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  const match = DECIMAL_PATTERN.exec(String(value));
  if (match === null) throw new RangeError(`not a decimal number: ${value}`);
  const fraction = match[3] ?? '';
  const places = DECIMAL_PLACES + Number(match[4] ?? '0') - fraction.length;
  const digits = BigInt((match[2] ?? '0') + fraction);
  const magnitude = places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
  return raw(match[1] === '-' ? -magnitude : magnitude);
};

/** The nearest double: for display, statistics and limits, never for booking. */
export const toNumber = (value: Decimal): number => Number(formatDecimal(value));

/** Plain decimal text without trailing zeros: "0.1", "-12", "0". */
export const formatDecimal = (value: Decimal): string => {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(DECIMAL_PLACES + 1, '0');
  const whole = digits.slice(0, -DECIMAL_PLACES);
  const fraction = digits.slice(-DECIMAL_PLACES).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative ? `-${text}` : text;
};

export const add = (a: Decimal, b: Decimal): Decimal => raw(a + b);
export const sub = (a: Decimal, b: Decimal): Decimal => raw(a - b);
export const neg = (a: Decimal): Decimal => raw(-a);
export const abs = (a: Decimal): Decimal => (a < 0n ? raw(-a) : a);
export const min = (a: Decimal, b: Decimal): Decimal => (a < b ? a : b);
export const max = (a: Decimal, b: Decimal): Decimal => (a > b ? a : b);
export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = 0n;
  for (const value of values) total += value;
  return raw(total);
};

const floorDiv = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

/** a x b, rounded toward minus infinity at the 16th place (exact for 8-place operands). */
export const mulDown = (a: Decimal, b: Decimal): Decimal => raw(floorDiv(a * b, ONE_RAW));
/** a x b, rounded toward plus infinity at the 16th place (exact for 8-place operands). */
export const mulUp = (a: Decimal, b: Decimal): Decimal => raw(-floorDiv(-(a * b), ONE_RAW));
/** a / b toward minus infinity. @throws RangeError when b is zero. */
export const divDown = (a: Decimal, b: Decimal): Decimal => {
  if (b === 0n) throw new RangeError('division by zero');
  return raw(floorDiv(a * ONE_RAW, b));
};
/** a / b toward plus infinity. @throws RangeError when b is zero. */
export const divUp = (a: Decimal, b: Decimal): Decimal => {
  if (b === 0n) throw new RangeError('division by zero');
  return raw(-floorDiv(-(a * ONE_RAW), b));
};

/** Largest multiple of `step` that is <= value. A step of zero means "no grid": the value itself. */
export const floorTo = (value: Decimal, step: Decimal): Decimal =>
  step === 0n ? value : raw(floorDiv(value, step) * step);
/** Smallest multiple of `step` that is >= value. A step of zero means "no grid": the value itself. */
export const ceilTo = (value: Decimal, step: Decimal): Decimal =>
  step === 0n ? value : raw(-floorDiv(-value, step) * step);
/** Whether the value lies on the grid of `step`; always true for a step of zero. */
export const isMultipleOf = (value: Decimal, step: Decimal): boolean => step === 0n || value % step === 0n;
