import type { ExecutionPolicy } from '../../matching/engine.ts';
import type { SimOrder } from '../../matching/order.ts';
import { isTriggerType } from '../../matching/rules.ts';
import { fixed, type Fixed } from '../../matching/fixed.ts';
import { ControlError, type Exchange } from '../exchange.ts';
import type { Parameters } from '../parameters.ts';

/** One request as the faults look at it. Order fields come from the request, or from the order it names. */
export interface FaultContext {
  readonly method: string;
  readonly path: string;
  readonly parameters: Parameters;
  readonly symbol: string | undefined;
  readonly side: string | undefined;
  readonly type: string | undefined;
  readonly clientOrderId: string | undefined;
  /** The order a query or cancel names, when there is one. */
  readonly order: SimOrder | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a fault does to a request instead of, or before, letting it go on. */
export type Interruption =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'reset' }
  /** Keeps the connection open without an answer, then cuts it. */
  | { readonly kind: 'hang'; readonly milliseconds: number }
  | { readonly kind: 'delay'; readonly milliseconds: number };

/** The places where a fault can take part. Each is optional. */
export interface FaultHooks extends Partial<ExecutionPolicy> {
  /** Before the exchange has seen the request. */
  readonly before?: (context: FaultContext) => Interruption | null;
  /** After the request has had its effect. */
  readonly after?: (context: FaultContext, reply: Reply) => Interruption | null;
  /** Rewrites the body of a good answer. */
  readonly rewrite?: (context: FaultContext, body: unknown) => unknown;
  /** After each sub-step of the market. */
  readonly stepped?: () => boolean;
  /** Milliseconds by which the exchange's wall clock is ahead. */
  readonly skew?: number;
}

/** Which requests (or orders) a fault concerns. Absent fields match everything. */
export interface FaultMatch {
  /** End of the path, e.g. `order` or `/api/v3/myTrades`. */
  readonly endpoint?: string;
  readonly method?: string;
  readonly symbol?: string;
  readonly side?: string;
  /** An exchange order type, or `stop` for every type that waits for a trigger. */
  readonly type?: string;
  readonly clientOrderId?: string;
}

export interface FaultDefinition {
  readonly name: string;
  readonly summary: string;
  /** Own parameters, each with its meaning and default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What it concerns when the caller does not say. */
  readonly match: FaultMatch;
  /** How many requests it takes when the caller does not say; null until it is removed. */
  readonly count: number | null;
  readonly create: (values: FaultValues, exchange: Exchange) => FaultHooks;
}

/** A fault's own parameters. Every reader names the parameter it refuses. */
export class FaultValues {
  readonly #fault: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(fault: string, values: Readonly<Record<string, unknown>>) {
    this.#fault = fault;
    this.#values = values;
  }

  number(name: string, fallback: number): number {
    const value = this.#values[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#refuse(name, 'a number');
    return value;
  }

  text(name: string, fallback: string): string {
    const value = this.#values[name] ?? fallback;
    if (typeof value !== 'string') throw this.#refuse(name, 'a text');
    return value;
  }

  choice<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name, fallback);
    const found = allowed.find((item) => item === value);
    if (found === undefined) throw this.#refuse(name, `one of ${allowed.join(', ')}`);
    return found;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#values[name] ?? fallback;
    if (typeof value !== 'boolean') throw this.#refuse(name, 'true or false');
    return value;
  }

  /** A fraction from 0 to 1, scaled. */
  fraction(name: string, fallback: number): Fixed {
    const value = this.number(name, fallback);
    if (value < 0 || value > 1) throw this.#refuse(name, 'a fraction from 0 to 1');
    return fixed(value.toFixed(8));
  }

  /** Decimal text (or a number), possibly negative. */
  amount(name: string, fallback: string): Fixed {
    const value = this.#values[name] ?? fallback;
    const text = typeof value === 'number' ? value.toFixed(8) : value;
    if (typeof text !== 'string') throw this.#refuse(name, 'a decimal');
    try {
      return fixed(text);
    } catch {
      throw this.#refuse(name, 'a decimal of at most 8 places');
    }
  }

  raw(name: string): unknown {
    return this.#values[name];
  }

  #refuse(name: string, wanted: string): ControlError {
    return new ControlError(
      `fault ${this.#fault}: ${name} must be ${wanted}, not ${JSON.stringify(this.#values[name])}`,
    );
  }
}

/** Accepts both forms of a symbol's name. */
export const symbolId = (symbol: string): string => symbol.replace('/', '');

const matchesType = (wanted: string, type: string | undefined): boolean =>
  wanted === 'stop' ? type !== undefined && isTriggerType(type as SimOrder['type']) : wanted === type;

type Subject = Pick<FaultContext, 'symbol' | 'side' | 'type' | 'clientOrderId'>;

export const matchesSubject = (match: FaultMatch, subject: Subject): boolean =>
  (match.symbol === undefined || symbolId(match.symbol) === subject.symbol) &&
  (match.side === undefined || match.side.toUpperCase() === subject.side) &&
  (match.type === undefined || matchesType(match.type, subject.type)) &&
  (match.clientOrderId === undefined || match.clientOrderId === subject.clientOrderId);

export const matchesRequest = (match: FaultMatch, context: FaultContext): boolean =>
  (match.endpoint === undefined || `/${context.path}`.endsWith(`/${match.endpoint.replace(/^\/+/, '')}`)) &&
  (match.method === undefined || match.method.toUpperCase() === context.method) &&
  matchesSubject(match, context);
