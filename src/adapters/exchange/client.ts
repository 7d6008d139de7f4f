import type { LookupFunction } from 'node:net';

import { AuthenticationError, BaseError, binance } from 'ccxt';

import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Read } from '../../ports/venue.ts';
import { checkAnswer, serverTimeAnswer } from './answers.ts';
import { requestKind, type Endpoint, type Parameters } from './endpoints.ts';
import { classify, isLimit, waitAsked, type FailureFacts } from './error-map.ts';
import { createExchangeRedactor } from './redact.ts';
import { createRequestBudget, heldBack, type RequestBudget } from './request-budget.ts';
import { createRequestPacer, type RequestPacer } from './request-pacer.ts';
import { TransportError, createTransport, type Transport } from './transport.ts';

/**
 * The only file that knows the client library. It signs, paces and addresses; what a failure means is ours
 * (error-map.ts).
 */

export interface ClientOptions {
  /** null = public endpoints only. */
  readonly credentials: { readonly apiKey: string; readonly secret: string } | null;
  /** Another origin for every endpoint; null = the exchange's own. */
  readonly apiRoot: string | null;
  readonly sandbox: boolean;
  readonly clock: Clock;
  readonly receiveWindow: Milliseconds;
  readonly timeout: Milliseconds;
  /** Between two units of request weight, as the library counts them. */
  readonly requestInterval: Milliseconds;
  /** How names are looked up. */
  readonly lookUp: LookupFunction;
}

export interface Client {
  /** Calls one endpoint. Never throws and never retries: a failure is classified, its message redacted. */
  call(endpoint: Endpoint, parameters: Parameters): Promise<Read<unknown>>;
  /** The exchange's wall clock, which signatures are dated by from then on. */
  serverTime(): Promise<Read<EpochMs>>;
  readonly budget: RequestBudget;
  close(): void;
}

/** What went wrong with one request, on its way through the library. */
class RequestFailure extends Error {
  readonly facts: FailureFacts;

  constructor(facts: FailureFacts) {
    super(facts.message);
    this.facts = facts;
  }
}

/** Not sent: the exchange has asked for slowness, or the minute's weight is nearly used. */
class HeldBack extends Error {
  readonly wait: Milliseconds;

  constructor(wait: Milliseconds) {
    super('held back');
    this.wait = wait;
  }
}

const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;
/**
 * Three looks at prices: the connections in steady use live on, those of a busy moment do not wait for an order to be
 * lost on them.
 */
const IDLE_CONNECTION: Milliseconds = 15_000;
/** A sample that took longer says too little about the other clock to replace a better one. */
const LONGEST_TIME_SAMPLE: Milliseconds = 2_000;

const libraryOptions = (options: ClientOptions): Record<string, unknown> => ({
  ...(options.credentials ?? {}),
  enableRateLimit: true,
  options: {
    defaultType: 'spot',
    fetchMarkets: { types: ['spot'] },
    fetchMargins: false,
    fetchCurrencies: false,
    recvWindow: options.receiveWindow,
    adjustForTimeDifference: false,
  },
});

/** Replaces scheme, host and port in every address of a nested table. */
const withOrigin = (table: unknown, origin: string): unknown => {
  if (typeof table === 'string')
    return URL.canParse(table) ? origin + new URL(table).pathname.replace(/\/$/, '') : table;
  if (typeof table !== 'object' || table === null) return table;
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, withOrigin(value, origin)]));
};

class BinanceClient extends binance {
  transport!: Transport;
  clock!: Clock;
  requestBudget!: RequestBudget;
  pace!: RequestPacer;
  /** Local wall time minus the exchange's. */
  clockDifference: Milliseconds = 0;

  /** Signatures are dated by wall time as the exchange sees it, never by market time. */
  override nonce(): number {
    return Math.round(this.clock.wallNow() - this.clockDifference);
  }

  /** The library calls this before it signs: its own cost of the request, our own clock. */
  override async throttle(cost = 1): Promise<void> {
    await this.pace(cost);
  }

  override async fetch(url: string, method = 'GET', headers?: Record<string, string>, body?: string): Promise<unknown> {
    // Whatever waited for its turn when the exchange asked for slowness must not go into its ban. Nothing is posted but
    // orders.
    const wait = this.requestBudget.wait({ urgent: true, order: method === 'POST' });
    if (wait !== null) throw new HeldBack(wait);
    const sentAt = this.nonce();
    const answer = await this.transport
      .request({ method, url, headers: { 'User-Agent': 'guardian-bot', ...headers }, body })
      .catch((error: unknown) => {
        if (error instanceof TransportError)
          throw new RequestFailure({ phase: error.phase, code: error.code, message: error.message });
        throw error;
      });
    const { status } = answer;
    const used = answer.headers['x-mbx-used-weight-1m'];
    if (used !== undefined) this.requestBudget.noteUsed(Number(used), sentAt);
    const stated = exchangeError(answer.text);
    const exchangeNow = Date.parse(answer.headers['date'] ?? '') || this.nonce();
    const asked = waitAsked({ status, header: answer.headers['retry-after'], ...stated, exchangeNow });
    // Whoever asked is told of the pause that is kept here: two different ones would leave a position bare for the
    // longer.
    const retryAfter = isLimit(status, stated.code)
      ? this.requestBudget.noteLimited(status, stated.code, asked)
      : asked;
    const response = {
      status,
      statusText: answer.statusText,
      headers: answer.headers,
      text: () => Promise.resolve(answer.text),
    };
    try {
      const value: unknown = await this.handleRestResponse(response, url, method, headers, body);
      if (status >= 200 && status < 300) {
        if (method === 'POST') this.requestBudget.noteOrderTaken();
        return value;
      }
    } catch (error) {
      throw new RequestFailure({
        phase: 'answered',
        status,
        ...stated,
        retryAfter,
        library: error instanceof Error ? error.name : 'Error',
      });
    }
    throw new RequestFailure({ phase: 'answered', status, ...stated, retryAfter, library: 'none' });
  }
}

/** The exchange's own code and words, from a body that may be anything. */
const exchangeError = (text: string): { readonly code: string | null; readonly message: string } => {
  try {
    const body = JSON.parse(text) as { readonly code?: unknown; readonly msg?: unknown } | null;
    const code = typeof body?.code === 'number' || typeof body?.code === 'string' ? String(body.code) : null;
    return { code, message: typeof body?.msg === 'string' ? body.msg.slice(0, 300) : '' };
  } catch {
    return { code: null, message: '' };
  }
};

const factsOf = (error: unknown): FailureFacts => {
  if (error instanceof RequestFailure) return error.facts;
  const message = error instanceof Error ? error.message : String(error);
  // No RequestFailure: the library gave up before its fetch, so nothing left this machine.
  if (error instanceof AuthenticationError) return { phase: 'not-sent', code: 'AuthenticationError', message };
  return { phase: 'not-sent', code: error instanceof BaseError ? `Library${error.name}` : 'LibraryError', message };
};

type Method = (parameters: Parameters) => Promise<unknown>;

const methodsOf = (library: BinanceClient): Readonly<Record<Endpoint, Method>> => ({
  time: (parameters) => library.publicGetTime(parameters),
  exchangeInfo: (parameters) => library.publicGetExchangeInfo(parameters),
  klines: (parameters) => library.publicGetKlines(parameters),
  bookTicker: (parameters) => library.publicGetTickerBookTicker(parameters),
  tickerPrice: (parameters) => library.publicGetTickerPrice(parameters),
  account: (parameters) => library.privateGetAccount(parameters),
  openOrders: (parameters) => library.privateGetOpenOrders(parameters),
  myTrades: (parameters) => library.privateGetMyTrades(parameters),
  queryOrder: (parameters) => library.privateGetOrder(parameters),
  createOrder: (parameters) => library.privatePostOrder(parameters),
  cancelOrder: (parameters) => library.privateDeleteOrder(parameters),
  orderCounts: (parameters) => library.privateGetRateLimitOrder(parameters),
  allOrders: (parameters) => library.privateGetAllOrders(parameters),
  keyRights: (parameters) => library.sapiGetAccountApiRestrictions(parameters),
  commission: (parameters) => library.privateGetAccountCommission(parameters),
});

export const createClient = (options: ClientOptions): Client => {
  const library = new BinanceClient(libraryOptions(options));
  if (options.sandbox) library.setSandboxMode(true);
  const urls = library.urls as { api: unknown };
  if (options.apiRoot !== null) urls.api = withOrigin(urls.api, options.apiRoot);
  library.clock = options.clock;
  library.transport = createTransport({
    timeout: options.timeout,
    largestAnswer: LARGEST_ANSWER_BYTES,
    idle: IDLE_CONNECTION,
    lookUp: options.lookUp,
  });
  library.requestBudget = createRequestBudget({
    wall: () => library.nonce(),
    monotonic: () => options.clock.monotonicNow(),
  });
  library.pace = createRequestPacer(options.clock, options.requestInterval);
  const methods = methodsOf(library);
  const redact = createExchangeRedactor([options.credentials?.apiKey ?? null, options.credentials?.secret ?? null]);
  let timeSampled = false;
  const attempt = async (endpoint: Endpoint, parameters: Parameters): Promise<Read<unknown>> => {
    const wait = library.requestBudget.wait(requestKind(endpoint, parameters));
    if (wait !== null) return { ok: false, error: heldBack(wait, library.requestBudget) };
    try {
      return { ok: true, value: await methods[endpoint]({ ...parameters }) };
    } catch (error) {
      if (error instanceof HeldBack) return { ok: false, error: heldBack(error.wait, library.requestBudget) };
      const classified = classify(factsOf(error));
      return { ok: false, error: { ...classified, message: redact(`${endpoint}: ${classified.message}`) } };
    }
  };
  const serverTime = async (): Promise<Read<EpochMs>> => {
    const wallBefore = options.clock.wallNow();
    const started = options.clock.monotonicNow();
    const answer = checkAnswer('server time', serverTimeAnswer, await attempt('time', {}));
    if (!answer.ok) return answer;
    const roundTrip = options.clock.monotonicNow() - started;
    const difference = wallBefore + roundTrip / 2 - answer.value.serverTime;
    // A slow sample says little, but that the one in use is wrong by more than it leaves open it does say: the clock
    // was set.
    const disproved = Math.abs(difference - library.clockDifference) > roundTrip;
    if (roundTrip <= LONGEST_TIME_SAMPLE || !timeSampled || disproved) {
      timeSampled = true;
      library.clockDifference = difference;
    }
    return { ok: true, value: answer.value.serverTime };
  };
  return {
    call: async (endpoint, parameters) => {
      const read = await attempt(endpoint, parameters);
      // Nothing happened, and the next try should be dated right.
      if (!read.ok && read.error.kind === 'clock-skew') await serverTime();
      return read;
    },
    serverTime,
    budget: library.requestBudget,
    close: () => library.transport.close(),
  };
};
