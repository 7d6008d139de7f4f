import { tryFixed, type Fixed } from '../matching/fixed.ts';
import { errors, type ApiError } from './api-error.ts';

const DECIMAL_RANGE = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const DECIMAL = /^[0-9]{1,20}(?:\.[0-9]{1,20})?$/;
const INTEGER_RANGE = '^[0-9]{1,20}$';
const INTEGER = /^[0-9]{1,20}$/;
const SYMBOL_RANGE = '^[A-Z0-9-_.]{1,20}$';
const SYMBOL = /^[A-Z0-9\-_.]{1,20}$/;
const CLIENT_ID_RANGE = '^[a-zA-Z0-9-_]{1,36}$';
const CLIENT_ID = /^[a-zA-Z0-9\-_]{1,36}$/;

/** Parameters of one request, query string before body, each value refused in the exchange's words. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  /** @throws ApiError -1101 when a parameter is sent twice in the same place. */
  constructor(query: string, body: string) {
    const values = new Map<string, string>();
    for (const part of [body, query]) {
      if (part === '') continue;
      const seen = new Set<string>();
      for (const [name, value] of new URLSearchParams(part)) {
        if (seen.has(name)) throw errors.duplicateParameter();
        seen.add(name);
        values.set(name, value);
      }
    }
    this.#values = values;
  }

  raw(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Undefined when not sent. @throws ApiError -1105 when sent without a value. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === '') throw errors.emptyParameter(name);
    return value;
  }

  /** @throws ApiError -1102 when not sent. */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw errors.mandatory(name);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!INTEGER.test(value)) throw errors.illegalCharacters(name, INTEGER_RANGE);
    return Number(value);
  }

  requiredInteger(name: string): number {
    const value = this.integer(name);
    if (value === undefined) throw errors.mandatory(name);
    return value;
  }

  /** Milliseconds; microseconds are understood, as the exchange does. */
  time(name: string): number | undefined {
    const value = this.integer(name);
    return value !== undefined && value > 1e15 ? Math.floor(value / 1000) : value;
  }

  limit(fallback: number, maximum: number): number {
    const value = this.integer('limit');
    if (value === 0) throw errors.invalidData('limit');
    return Math.min(value ?? fallback, maximum);
  }

  /** A decimal of at least zero. @throws ApiError -1100 (not a number) or -1111 (more than 8 decimals). */
  decimal(name: string): Fixed | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!DECIMAL.test(value)) throw errors.illegalCharacters(name, DECIMAL_RANGE);
    const [whole = '', fraction = ''] = value.split('.');
    const number = tryFixed(`${whole}.${fraction.replace(/0+$/, '').padEnd(1, '0')}`);
    if (number === null) throw errors.precision(name);
    return number;
  }

  flag(name: string): boolean {
    return this.text(name)?.toLowerCase() === 'true';
  }

  symbol(): string | undefined {
    const value = this.text('symbol');
    if (value !== undefined && !SYMBOL.test(value)) throw errors.illegalCharacters('symbol', SYMBOL_RANGE);
    return value;
  }

  /** `symbols=["A","B"]`, or undefined. */
  symbols(): readonly string[] | undefined {
    const value = this.text('symbols');
    if (value === undefined) return undefined;
    if (!/^\[("[A-Z0-9\-_.]{1,20}"(,"[A-Z0-9\-_.]{1,20}")*)\]$/.test(value)) {
      throw errors.illegalCharacters('symbols', '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$');
    }
    return value.slice(2, -2).split('","');
  }

  clientId(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !CLIENT_ID.test(value)) throw errors.illegalCharacters(name, CLIENT_ID_RANGE);
    return value;
  }

  /** @throws the given error when the value is not one of `allowed`. */
  choice<T extends string>(name: string, allowed: readonly T[], refuse: () => ApiError): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((item) => item === value);
    if (found === undefined) throw refuse();
    return found;
  }
}
