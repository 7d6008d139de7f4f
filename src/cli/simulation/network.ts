import type { Client } from '../../adapters/exchange/client.ts';
import { requestKind, type Endpoint, type Parameters } from '../../adapters/exchange/endpoints.ts';
import { classify, isLimit, waitAsked, type FailureFacts } from '../../adapters/exchange/error-map.ts';
import { createRequestBudget, heldBack } from '../../adapters/exchange/request-budget.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Read } from '../../ports/venue.ts';
import { DEFAULT_CREDENTIALS, sign } from '../../sim/exchange/signature.ts';
import type { RandomStream } from '../../sim/generator/random.ts';
import type { CrashPoint } from '../../sim/simulation/crash.ts';
import { never } from '../../sim/simulation/telegram.ts';
import type { Trace } from '../../sim/simulation/trace.ts';
import type { World } from '../../sim/simulation/world.ts';

interface Address {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly signed: boolean;
}

const address = (method: Address['method'], path: string, signed = false): Address => ({
  method,
  path: `/api/v3/${path}`,
  signed,
});
const ADDRESSES: Readonly<Partial<Record<Endpoint, Address>>> = {
  time: address('GET', 'time'),
  exchangeInfo: address('GET', 'exchangeInfo'),
  klines: address('GET', 'klines'),
  bookTicker: address('GET', 'ticker/bookTicker'),
  tickerPrice: address('GET', 'ticker/price'),
  account: address('GET', 'account', true),
  openOrders: address('GET', 'openOrders', true),
  myTrades: address('GET', 'myTrades', true),
  queryOrder: address('GET', 'order', true),
  createOrder: address('POST', 'order', true),
  cancelOrder: address('DELETE', 'order', true),
  orderCounts: address('GET', 'rateLimit/order', true),
};

export const RECEIVE_WINDOW: Milliseconds = 5 * SECOND_MS;
/** From a call to the last byte of its answer, as in the real client. */
const TIMEOUT: Milliseconds = 10 * SECOND_MS;

/** Requests about orders: where a death hurts most. */
const WEIGHTY: ReadonlySet<Endpoint> = new Set<Endpoint>(['createOrder', 'cancelOrder', 'queryOrder']);

export interface NetworkOptions {
  readonly world: World;
  /** The process's own clock. */
  readonly clock: Clock;
  readonly random: RandomStream;
  readonly trace: Trace;
  readonly alive: () => boolean;
  /** True: the process has died at this point. */
  readonly dies: (point: CrashPoint, weighty: boolean) => boolean;
}

/**
 * The exchange client's counterpart in the simulation: the same endpoints, signatures, error table and
 * request budget, with a network that the seed decides in the place of sockets. A request that has left
 * arrives even when its sender has died.
 */
export const createNetworkClient = (options: NetworkOptions): Client => {
  const { world, clock, random, trace, alive, dies } = options;
  const budget = createRequestBudget({ wall: () => clock.wallNow(), monotonic: () => clock.monotonicNow() });
  let difference: Milliseconds = 0;

  const target = (endpoint: Endpoint, parameters: Parameters) => {
    const found = ADDRESSES[endpoint];
    if (found === undefined) throw new Error(`${endpoint} is not part of the simulation`);
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    if (found.signed) {
      pairs.push(`timestamp=${Math.round(clock.wallNow() - difference)}`, `recvWindow=${RECEIVE_WINDOW}`);
      pairs.push(`signature=${sign(pairs.join('&'), DEFAULT_CREDENTIALS.secret)}`);
    }
    return {
      method: found.method,
      path: found.path,
      query: pairs.join('&'),
      body: '',
      apiKey: DEFAULT_CREDENTIALS.apiKey,
    };
  };

  /** Ways through the network: mostly quick, at times slow enough to arrive after the receive window. */
  const travel = (): Milliseconds => {
    const slow = world.active('network') !== null;
    const draw = random.uniform();
    if (slow && draw < 0.3) return 500 + Math.floor(random.uniform() * 7_000);
    return 10 + Math.floor(draw * 120);
  };

  const exchangeOf = async (endpoint: Endpoint, parameters: Parameters): Promise<Read<unknown> | 'dead'> => {
    const weighty = WEIGHTY.has(endpoint);
    if (!alive() || dies('call:before', weighty)) return 'dead';
    const request = target(endpoint, parameters);
    const begun = clock.monotonicNow();
    const answered = Promise.withResolvers<Awaited<ReturnType<World['request']>> | 'late'>();
    const arrive = async (): Promise<void> => {
      await world.clock.sleep(travel());
      answered.resolve(await world.request(request));
    };
    void arrive();
    if (dies('call:under-way', weighty)) return 'dead';
    if (weighty && world.active('network') !== null && random.uniform() < 0.25) {
      // The connection breaks while the request is still on its way somewhere: it arrives all the same, later.
      await clock.sleep(5);
      return failed(endpoint, { phase: 'no-answer', code: 'ECONNRESET', message: 'the connection was cut' });
    }
    const answerCame = world.clock.after(TIMEOUT, () => answered.resolve('late'));
    const outcome = await answered.promise;
    answerCame();
    if (!alive() || dies('call:after', weighty)) return 'dead';
    if (outcome !== 'late' && outcome.kind !== 'hang') await clock.sleep(travel() / 2);
    if (outcome === 'late') return failed(endpoint, { phase: 'no-answer', code: 'TIMEOUT', message: 'no answer' });
    switch (outcome.kind) {
      case 'hang':
        await clock.sleep(Math.max(0, Math.min(outcome.milliseconds, TIMEOUT - (clock.monotonicNow() - begun))));
        return failed(endpoint, { phase: 'no-answer', code: 'TIMEOUT', message: 'no answer' });
      case 'reset':
        return failed(endpoint, { phase: 'no-answer', code: 'ECONNRESET', message: 'the connection was cut' });
      case 'reply':
        return answer(endpoint, outcome.reply);
    }
  };

  const failed = (endpoint: Endpoint, facts: FailureFacts): Read<never> => {
    const error = classify(facts);
    trace.note(clock.wallNow(), `${endpoint} ${error.kind} ${error.code}`);
    return { ok: false, error };
  };

  const answer = (
    endpoint: Endpoint,
    reply: Extract<Awaited<ReturnType<World['request']>>, { kind: 'reply' }>['reply'],
  ): Read<unknown> => {
    if (reply.status >= 200 && reply.status < 300) {
      if (endpoint === 'createOrder') budget.noteOrderTaken();
      return { ok: true, value: reply.body };
    }
    const body = (typeof reply.body === 'object' && reply.body !== null ? reply.body : {}) as {
      readonly code?: unknown;
      readonly msg?: unknown;
    };
    const code = typeof body.code === 'number' ? String(body.code) : null;
    const message = typeof body.msg === 'string' ? body.msg : '';
    const { status } = reply;
    const asked = waitAsked({
      status,
      header: reply.headers?.['Retry-After'],
      code,
      message,
      exchangeNow: clock.wallNow(),
    });
    const retryAfter = isLimit(status, code) ? budget.noteLimited(status, code, asked) : asked;
    return failed(endpoint, {
      phase: 'answered',
      status,
      code,
      message,
      retryAfter,
      library: 'none',
    });
  };

  const attempt = async (endpoint: Endpoint, parameters: Parameters): Promise<Read<unknown>> => {
    const wait = budget.wait(requestKind(endpoint, parameters));
    if (wait !== null) return { ok: false, error: heldBack(wait, budget) };
    const read = await exchangeOf(endpoint, parameters);
    return read === 'dead' ? await never() : read;
  };

  const serverTime = async (): Promise<Read<EpochMs>> => {
    const before = clock.wallNow();
    const read = await attempt('time', {});
    if (!read.ok) return read;
    const { serverTime: there } = read.value as { readonly serverTime: number };
    difference = (before + clock.wallNow()) / 2 - there;
    return { ok: true, value: there };
  };

  return {
    call: async (endpoint, parameters) => {
      const read = await attempt(endpoint, parameters);
      if (!read.ok && read.error.kind === 'clock-skew') await serverTime();
      return read;
    },
    serverTime,
    budget,
    close: () => undefined,
  };
};
