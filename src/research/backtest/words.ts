import type { EpochMs, Fraction } from '../../core/units.ts';
import type { Interval } from './resampling.ts';

/** How figures are written in every report; what is not available says so. */
export const NOT_AVAILABLE = 'n/a';

/** From here on a percentage is a multiple, and its decimals say nothing. */
const MULTIPLE: Fraction = 10;

export const percent = (value: Fraction | null, digits = 2): string =>
  value === null || !Number.isFinite(value)
    ? NOT_AVAILABLE
    : `${money(value * 100, Math.abs(value) >= MULTIPLE ? 0 : digits)} %`;
export const signedPercent = (value: Fraction | null, digits = 2): string =>
  value !== null && value > 0 ? `+${percent(value, digits)}` : percent(value, digits);
export const figure = (value: number | null, digits = 2): string =>
  value === null || !Number.isFinite(value) ? NOT_AVAILABLE : value.toFixed(digits);
/** Thousands set apart by a thin space, so that no locale decides. */
export const money = (value: number | null, digits = 2): string => {
  if (value === null || !Number.isFinite(value)) return NOT_AVAILABLE;
  const [whole = '', fraction] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return `${value < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
};
/** Digits of a price that say where it stands: exchanges' ticks are a ten-thousandth of the price or less. */
const PRICE_DIGITS = 6;
/** A price with two decimals, and as many more as its size calls for. */
export const price = (value: number | null): string => {
  if (value === null || !Number.isFinite(value) || value === 0) return money(value);
  const places = Math.min(12, Math.max(2, PRICE_DIGITS - 1 - Math.floor(Math.log10(Math.abs(value)))));
  return money(value, places).replace(/(\.\d\d\d*?)0+$/, '$1');
};
export const signedMoney = (value: number, digits = 2): string =>
  value > 0 ? `+${money(value, digits)}` : money(value, digits);
export const minute = (at: EpochMs): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
export const day = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);
export const interval = (value: Interval | null, write: (value: number) => string): string =>
  value === null ? NOT_AVAILABLE : `${write(value.low)} to ${write(value.high)} (median ${write(value.median)})`;
