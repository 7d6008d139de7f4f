import type { ExecutionPolicy } from '../../matching/engine.ts';
import type { SimOrder } from '../../matching/order.ts';
import { ControlError, type Exchange } from '../exchange.ts';
import { dataFaults } from './data.ts';
import {
  FaultValues,
  matchesRequest,
  matchesSubject,
  type FaultContext,
  type FaultDefinition,
  type FaultHooks,
  type FaultMatch,
} from './fault.ts';
import { fillFaults } from './fills.ts';
import { networkFaults } from './network.ts';
import { refusalFaults } from './refusals.ts';

/** Every fault there is, by the name that tests, the demo and the control interface use. */
export const FAULTS: readonly FaultDefinition[] = [...networkFaults, ...refusalFaults, ...fillFaults, ...dataFaults];

/** A request for a fault: its name, its own parameters, and what it concerns. */
export interface FaultRequest extends FaultMatch {
  readonly name: string;
  /** How many requests or executions it takes before it ends. */
  readonly count?: number;
  /** How many matching ones pass unharmed first. */
  readonly after?: number;
  /** Ends after this many sub-steps of the market. */
  readonly steps?: number;
  readonly [parameter: string]: unknown;
}

export interface FaultState {
  readonly id: number;
  readonly name: string;
  /** How often it has struck. */
  readonly hits: number;
  /** Null until removed. */
  readonly remaining: number | null;
  readonly request: FaultRequest;
}

interface ActiveFault {
  readonly id: number;
  readonly request: FaultRequest;
  readonly match: FaultMatch;
  readonly hooks: FaultHooks;
  remaining: number | null;
  skip: number;
  steps: number | null;
  hits: number;
}

const MATCH_KEYS = ['endpoint', 'method', 'symbol', 'side', 'type', 'clientOrderId'] as const;
const COMMON_KEYS: readonly string[] = [...MATCH_KEYS, 'name', 'count', 'after', 'steps'];

/**
 * The faults in force. A request claims its faults once, when it arrives, so
 * that counts mean requests. Faults are not stored: after a restart there are none.
 */
export class Faults implements ExecutionPolicy {
  readonly #exchange: Exchange;
  #active: ActiveFault[] = [];
  #nextId = 1;
  #revision = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.engine.policy = this;
  }

  /** @throws ControlError for an unknown name or parameter, or a value of the wrong kind. */
  add(request: FaultRequest): number {
    const definition = FAULTS.find(({ name }) => name === request.name);
    if (definition === undefined) {
      throw new ControlError(
        `no fault is called ${JSON.stringify(request.name)}; there are ${FAULTS.map(({ name }) => name).join(', ')}`,
      );
    }
    for (const key of Object.keys(request)) {
      if (!COMMON_KEYS.includes(key) && !(key in definition.parameters)) {
        const known = [...Object.keys(definition.parameters), ...COMMON_KEYS.filter((name) => name !== 'name')];
        throw new ControlError(`fault ${request.name} has no parameter "${key}"; it has ${known.join(', ')}`);
      }
    }
    const id = this.#nextId;
    this.#active.push({
      id,
      request,
      match: matchOf(definition, request),
      hooks: definition.create(new FaultValues(request.name, request), this.#exchange),
      remaining: wholeNumber(request, 'count', definition.count),
      skip: wholeNumber(request, 'after', 0) ?? 0,
      steps: wholeNumber(request, 'steps', null),
      hits: 0,
    });
    this.#nextId += 1;
    this.#revision += 1;
    return id;
  }

  /** Removes one fault, or all. Returns how many went. */
  remove(id?: number): number {
    const before = this.#active.length;
    this.#revision += 1;
    this.#active = id === undefined ? [] : this.#active.filter((fault) => fault.id !== id);
    return before - this.#active.length;
  }

  /** Another number whenever a fault has come or gone. */
  get revision(): number {
    return this.#revision;
  }

  list(): FaultState[] {
    return this.#active.map(({ id, request, hits, remaining }) => ({
      id,
      name: request.name,
      hits,
      remaining,
      request,
    }));
  }

  /** The faults that strike this request, with their counts taken. */
  claim(context: FaultContext): { readonly name: string; readonly hooks: FaultHooks }[] {
    return this.#active
      .filter(({ hooks, match }) => concernsRequests(hooks) && matchesRequest(match, context))
      .filter((fault) => this.#strike(fault))
      .map(({ request, hooks }) => ({ name: request.name, hooks }));
  }

  holds(order: SimOrder): boolean {
    return this.#active.some((fault) => {
      const held = fault.hooks.holds !== undefined && matchesSubject(fault.match, order) && fault.hooks.holds(order);
      if (held) fault.hits += 1;
      return held;
    });
  }

  cap(order: SimOrder): ReturnType<ExecutionPolicy['cap']> {
    for (const fault of this.#active) {
      if (fault.hooks.cap === undefined || !matchesSubject(fault.match, order)) continue;
      if (this.#strike(fault)) return fault.hooks.cap(order);
    }
    return null;
  }

  /** To be called after each sub-step of the market. */
  stepped(): void {
    for (const fault of [...this.#active]) {
      if (fault.hooks.stepped?.() === true) this.#strike(fault);
      if (fault.steps === null) continue;
      fault.steps -= 1;
      if (fault.steps <= 0) this.remove(fault.id);
    }
  }

  /** Milliseconds by which the exchange's wall clock is ahead of the real one. */
  skew(): number {
    return this.#active.reduce((sum, { hooks }) => sum + (hooks.skew ?? 0), 0);
  }

  /** Takes one from the fault's count; false when it lets this one pass. */
  #strike(fault: ActiveFault): boolean {
    if (fault.skip > 0) {
      fault.skip -= 1;
      return false;
    }
    fault.hits += 1;
    if (fault.remaining !== null) {
      fault.remaining -= 1;
      if (fault.remaining <= 0) this.remove(fault.id);
    }
    return true;
  }
}

const concernsRequests = ({ before, after, rewrite }: FaultHooks): boolean =>
  before !== undefined || after !== undefined || rewrite !== undefined;

const matchOf = (definition: FaultDefinition, request: FaultRequest): FaultMatch => {
  const match: Record<string, string> = { ...definition.match };
  for (const key of MATCH_KEYS) {
    const value: unknown = request[key];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw new ControlError(`fault ${request.name}: ${key} must be a text`);
    match[key] = value;
  }
  return match;
};

const wholeNumber = (
  request: FaultRequest,
  key: 'count' | 'after' | 'steps',
  fallback: number | null,
): number | null => {
  const value = request[key];
  if (value === undefined || value === null) return fallback;
  const lowest = key === 'after' ? 0 : 1;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < lowest) {
    throw new ControlError(
      `fault ${request.name}: ${key} must be a whole number of at least ${lowest}, not ${JSON.stringify(value)}`,
    );
  }
  return value;
};
