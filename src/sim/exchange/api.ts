import { Rejection } from '../matching/order.ts';
import { ApiError, errors, rejectionError } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import type { FaultContext, FaultHooks, Interruption, Reply } from './faults/fault.ts';
import type { Faults } from './faults/registry.ts';
import { Parameters } from './parameters.ts';
import { RateMeter } from './rate-meter.ts';
import { accountRoutes } from './routes/account.ts';
import { generalRoutes } from './routes/general.ts';
import { marketDataRoutes } from './routes/market-data.ts';
import { orderRoutes } from './routes/orders.ts';
import type { Route } from './routes/route.ts';
import { checkKey, checkSignature, type Credentials } from './signature.ts';

/** A request as it came in. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | undefined;
}

/** What becomes of the connection. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang'; readonly milliseconds: number };

export interface ApiOptions {
  readonly exchange: Exchange;
  readonly faults: Faults;
  readonly credentials: Credentials;
  readonly enforceRateLimits: boolean;
  /** Waits on the wall clock; gives up early when the simulator closes. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Told of every fault of the simulator itself. */
  readonly onInternalError: (error: unknown) => void;
}

interface Strike {
  readonly name: string;
  readonly hooks: FaultHooks;
}

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...generalRoutes, ...marketDataRoutes, ...orderRoutes, ...accountRoutes].map((route) => [
    `${route.method} ${route.path}`,
    route,
  ]),
);

/** The exchange's REST interface without its sockets: a request in, an outcome out, the effect stored before it. */
export const createApi = (options: ApiOptions): { handle(request: ApiRequest): Promise<Outcome> } => {
  const { exchange, faults } = options;
  const meter = new RateMeter(options.enforceRateLimits);

  const now = (): number => exchange.wallNow() + faults.skew();

  const run = (request: ApiRequest, parameters: Parameters): unknown => {
    const route = ROUTES.get(`${request.method} ${request.path}`);
    if (route === undefined) throw new ApiError(404, -1000, `no endpoint ${request.method} ${request.path}`);
    meter.request(route.weight(parameters), exchange.wallNow(), exchange.marketTime);
    if (route.security === 'signed') {
      checkKey(request.apiKey, options.credentials);
      checkSignature(parameters, request, options.credentials, now());
    }
    if (isOrder(request)) meter.order(exchange.wallNow(), exchange.marketTime);
    return route.handle({
      exchange,
      parameters,
      now: now(),
      orderCounts: () => meter.orderCounts(exchange.wallNow(), exchange.marketTime),
    });
  };

  /** The answer to a request, errors in the exchange's form. */
  const process = (request: ApiRequest, context: FaultContext, strikes: readonly Strike[]): Reply => {
    try {
      let body = run(request, context.parameters);
      for (const { hooks } of strikes) if (hooks.rewrite !== undefined) body = hooks.rewrite(context, body);
      return { status: 200, body };
    } catch (error) {
      const reply = errorReply(error, options.onInternalError);
      if (reply.status === 500 && request.method !== 'GET') exchange.fail(error);
      return reply;
    }
  };

  const record = (request: ApiRequest, context: FaultContext, reply: Reply | null, fault: string | null): void => {
    if (!isOrder(request)) return;
    const text = (name: string): string => context.parameters.raw(name) ?? '';
    const body = typeof reply?.body === 'object' && reply.body !== null ? (reply.body as Record<string, unknown>) : {};
    exchange.note({
      wallTime: exchange.wallNow(),
      symbol: text('symbol'),
      side: text('side'),
      type: text('type'),
      clientOrderId: typeof body['clientOrderId'] === 'string' ? body['clientOrderId'] : text('newClientOrderId'),
      quantity: text('quantity'),
      price: text('price'),
      stopPrice: text('stopPrice'),
      timeInForce: text('timeInForce'),
      orderId: typeof body['orderId'] === 'number' ? body['orderId'] : null,
      code: typeof body['code'] === 'number' ? body['code'] : null,
      message: typeof body['msg'] === 'string' ? body['msg'] : null,
      fault,
    });
  };

  /** Runs one kind of hook; a delay is waited for and the rest goes on. */
  const interrupt = async (
    strikes: readonly Strike[],
    hook: (strike: Strike) => Interruption | null | undefined,
  ): Promise<{ readonly outcome: Outcome; readonly fault: string } | null> => {
    for (const strike of strikes) {
      const interruption = hook(strike) ?? null;
      if (interruption?.kind === 'delay') await options.wait(interruption.milliseconds);
      else if (interruption !== null) return { outcome: interruption, fault: strike.name };
    }
    return null;
  };

  const respond = async (request: ApiRequest, context: FaultContext): Promise<Outcome> => {
    const strikes = faults.claim(context);
    const early = await interrupt(strikes, ({ hooks }) => hooks.before?.(context));
    if (early !== null) {
      record(request, context, early.outcome.kind === 'reply' ? early.outcome.reply : null, early.fault);
      exchange.commit();
      return early.outcome;
    }
    const reply = process(request, context, strikes);
    record(request, context, reply, strikes[0]?.name ?? null);
    exchange.commit();
    const late = await interrupt(strikes, ({ hooks }) => hooks.after?.(context, reply));
    if (late !== null) return late.outcome;
    const headers = { ...reply.headers, ...(isOrder(request) && reply.status === 200 ? meter.orderHeaders() : {}) };
    return { kind: 'reply', reply: { ...reply, headers } };
  };

  return {
    async handle(request) {
      let outcome: Outcome;
      try {
        if (exchange.failure !== null) throw exchange.failure;
        outcome = await respond(request, contextOf(exchange, request));
      } catch (error) {
        outcome = { kind: 'reply', reply: errorReply(error, options.onInternalError) };
      }
      if (outcome.kind !== 'reply') return outcome;
      return {
        kind: 'reply',
        reply: { ...outcome.reply, headers: { ...meter.weightHeaders(), ...outcome.reply.headers } },
      };
    },
  };
};

const isOrder = ({ method, path }: ApiRequest): boolean => method === 'POST' && path === '/api/v3/order';

const errorReply = (error: unknown, onInternalError: (error: unknown) => void): Reply => {
  const known = error instanceof Rejection ? rejectionError(error) : error;
  if (known instanceof ApiError) {
    // The limit of orders is answered without it (public documentation of the spot API, order rate limits).
    const headers = known.status === 429 && known.code !== -1015 ? { 'Retry-After': '60' } : {};
    return { status: known.status, body: { code: known.code, msg: known.message }, headers };
  }
  onInternalError(error);
  const internal = errors.internal();
  return { status: internal.status, body: { code: internal.code, msg: internal.message } };
};

const contextOf = (exchange: Exchange, request: ApiRequest): FaultContext => {
  const parameters = new Parameters(request.query, request.body);
  const symbol = parameters.raw('symbol');
  const orderId = Number(parameters.raw('orderId'));
  const clientId = parameters.raw('origClientOrderId');
  const { files } = exchange.engine;
  const named =
    symbol === undefined
      ? undefined
      : clientId === undefined
        ? files.byId(symbol, orderId)
        : files.byClientId(symbol, clientId);
  return {
    method: request.method,
    path: request.path,
    parameters,
    symbol,
    side: parameters.raw('side') ?? named?.side,
    type: parameters.raw('type') ?? named?.type,
    clientOrderId: parameters.raw('newClientOrderId') ?? named?.clientOrderId,
    order: named,
  };
};
