import type { EpochMs } from '../../../core/units.ts';
import { errors } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import type { Parameters } from '../parameters.ts';

export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT';

export interface RouteRequest {
  readonly exchange: Exchange;
  readonly parameters: Parameters;
  /** Wall clock, as the exchange sees it (a skew fault included). */
  readonly now: EpochMs;
  /** See RateMeter. */
  readonly orderCounts: () => readonly { readonly limit: number; readonly count: number }[];
}

/** One endpoint. `handle` returns the JSON body of a 200 answer or throws an ApiError or a Rejection. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly security: 'none' | 'signed';
  /** Request weight, by the exchange's table. */
  readonly weight: (parameters: Parameters) => number;
  readonly handle: (request: RouteRequest) => unknown;
}

/** The symbol asked for. @throws ApiError -1102 when absent, -1121 when unknown. */
export const requiredSymbol = ({ parameters, exchange }: RouteRequest): string => {
  const symbol = parameters.symbol();
  if (symbol === undefined) throw errors.mandatory('symbol');
  if (!exchange.engine.has(symbol)) throw errors.symbol();
  return symbol;
};

/** `symbol`, `symbols` or neither. A single symbol is answered as an object, everything else as a list. */
export const symbolChoice = ({
  parameters,
  exchange,
}: RouteRequest): { readonly single: boolean; readonly ids: readonly string[] } => {
  const symbol = parameters.symbol();
  const symbols = parameters.symbols();
  if (symbol !== undefined && symbols !== undefined) throw errors.combinationOfParameters();
  const ids = symbol === undefined ? (symbols ?? [...exchange.instruments.keys()]) : [symbol];
  for (const id of ids) if (!exchange.engine.has(id)) throw errors.symbol();
  return { single: symbol !== undefined, ids };
};
