import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EpochMs, Milliseconds, SymbolName } from '../../core/units.ts';
import { DEFAULT_LIQUIDITY, type Liquidity } from '../matching/book.ts';
import { DEFAULT_FEES } from '../matching/fees.ts';
import { fixed, type Fixed } from '../matching/fixed.ts';
import { createApi, type ApiOptions } from './api.ts';
import { createControl, type SimulatorControl } from './control.ts';
import { createControlApi } from './control-api.ts';
import { Exchange, type KeyRights } from './exchange.ts';
import { Faults } from './faults/registry.ts';
import { isForeignPage, listen, readBody, sendJson, splitTarget, type Listener } from './http.ts';
import { instrumentOf, type InstrumentOverride } from './instruments.ts';
import type { MarketHistory } from './market-history.ts';
import { DEFAULT_CREDENTIALS, type Credentials } from './signature.ts';
import { createNullStore, type SimStore } from './store.ts';

export interface SimulatorFees {
  /** Decimal fractions: "0.001". */
  readonly maker?: string;
  readonly taker?: string;
  /**
   * A third coin that pays commissions; its market against the quote currency must be in the history (withFlatSymbol
   * helps).
   */
  readonly coin?: string;
  /** What the coin takes off the rate (default "0.25"). */
  readonly discount?: string;
}

export interface SimulatorOptions {
  readonly history: MarketHistory;
  /**
   * First market time, on the hour; earlier candles are served as history. A store that holds a market goes on where it
   * was.
   */
  readonly startTime: EpochMs;
  /** Decides walks and books (default 1). */
  readonly seed?: number;
  /** The exchange's number of a new account (default: a new one, so that two simulators on a host are two accounts). */
  readonly accountId?: number;
  /** Balances of a new account as decimal text (default 1000 USDT). */
  readonly balances?: Readonly<Record<string, string>>;
  readonly credentials?: Credentials;
  readonly keyRights?: Partial<KeyRights>;
  /** Sub-steps per market hour, 4 to 60 (default 4). */
  readonly stepsPerHour?: number;
  /** Wall milliseconds per sub-step (default 0: at once). */
  readonly stepMilliseconds?: Milliseconds;
  /** Where the account is kept (default: nowhere). */
  readonly store?: SimStore;
  /** Wall clock in epoch milliseconds (default Date.now). */
  readonly wallNow?: () => EpochMs;
  /** Ports on 127.0.0.1 (default 0: any free one). */
  readonly port?: number;
  readonly controlPort?: number;
  readonly fees?: SimulatorFees;
  readonly liquidity?: Partial<Liquidity>;
  readonly instruments?: Readonly<Record<SymbolName, InstrumentOverride>>;
  /** Answer 429 when the weight or order limits are broken (default false). */
  readonly enforceRateLimits?: boolean;
  /**
   * Told of faults of the simulator itself (default: standard error); of one that makes it refuse everything from then
   * on once.
   */
  readonly onInternalError?: (error: unknown) => void;
  /** Once, when it refuses everything from then on: only another start helps. */
  readonly onFailure?: (error: Error) => void;
}

export interface ExchangeSimulator {
  /** Origin of the exchange's API. */
  readonly url: string;
  /** Origin of the control interface. */
  readonly controlUrl: string;
  readonly credentials: Credentials;
  readonly control: SimulatorControl;
  close(): Promise<void>;
}

const toStandardError = (error: unknown): void => {
  process.stderr.write(
    `exchange simulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
};

/** What everything is refused with says nothing new the second time. */
const toldOnce = (tell: (error: unknown) => void): ((error: unknown) => void) => {
  let told: unknown = null;
  return (error) => {
    if (error === told) return;
    told = error;
    tell(error);
  };
};

const feesOf = (fees: SimulatorFees = {}): typeof DEFAULT_FEES => ({
  maker: fees.maker === undefined ? DEFAULT_FEES.maker : fixed(fees.maker),
  taker: fees.taker === undefined ? DEFAULT_FEES.taker : fixed(fees.taker),
  coin: fees.coin ?? null,
  discount: fees.discount === undefined ? DEFAULT_FEES.discount : fixed(fees.discount),
});

const FIRST_ACCOUNT = 100_000_000;
const newAccountId = (): number => FIRST_ACCOUNT + Math.floor(Math.random() * FIRST_ACCOUNT);

const exchangeOf = (options: SimulatorOptions): Exchange => {
  const instruments = options.history.symbols.map((name) => instrumentOf(name, options.instruments?.[name]));
  const balances: Record<string, Fixed> = {};
  for (const [asset, amount] of Object.entries(options.balances ?? { USDT: '1000' })) balances[asset] = fixed(amount);
  if (options.startTime % 3_600_000 !== 0)
    throw new RangeError(`the market starts on the hour, not at ${options.startTime}`);
  return new Exchange({
    history: options.history,
    instruments,
    balances,
    startTime: options.startTime,
    seed: options.seed ?? 1,
    accountId: options.accountId ?? newAccountId(),
    stepsPerHour: options.stepsPerHour ?? 4,
    store: options.store ?? createNullStore(),
    wallNow: options.wallNow ?? Date.now,
    fees: feesOf(options.fees),
    liquidity: { ...DEFAULT_LIQUIDITY, ...options.liquidity },
    keyRights: {
      trading: true,
      withdrawals: false,
      ipRestricted: true,
      createdAt: options.startTime,
      ...options.keyRights,
    },
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  });
};

/** Waits that end early when the simulator closes, so that nothing outlives it. */
const createWaits = (): { wait: (milliseconds: number) => Promise<void>; end: () => void; ended: () => boolean } => {
  const pending = new Set<() => void>();
  let closed = false;
  return {
    wait: (milliseconds) =>
      new Promise((resolve) => {
        if (closed) {
          resolve();
          return;
        }
        const finish = (): void => {
          clearTimeout(timer);
          pending.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, milliseconds);
        pending.add(finish);
      }),
    end: () => {
      closed = true;
      for (const finish of [...pending]) finish();
    },
    ended: () => closed,
  };
};

const apiHandler = (options: ApiOptions) => {
  const api = createApi(options);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path, query } = splitTarget(request.url ?? '/');
    const body = await readBody(request);
    if (body === null) {
      sendJson(response, 413, { code: -1000, msg: 'Request too large.' });
      return;
    }
    const header = request.headers['x-mbx-apikey'];
    const apiKey = Array.isArray(header) ? header[0] : header;
    const outcome = await api.handle({ method: request.method ?? 'GET', path, query, body, apiKey });
    if (outcome.kind === 'reply') {
      sendJson(response, outcome.reply.status, outcome.reply.body, outcome.reply.headers);
      return;
    }
    if (outcome.kind === 'hang') await options.wait(outcome.milliseconds);
    request.socket.resetAndDestroy();
  };
};

const controlHandler = (control: SimulatorControl, onInternalError: (error: unknown) => void) => {
  const api = createControlApi(control, onInternalError);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (isForeignPage(request)) {
      sendJson(response, 403, { error: 'the control interface is not for web pages' });
      return;
    }
    const { path, query } = splitTarget(request.url ?? '/');
    const body = await readBody(request);
    if (body === null) {
      sendJson(response, 413, { error: 'the body is too large' });
      return;
    }
    const cancelled = (): boolean => response.destroyed;
    const reply = await api.handle({
      method: request.method ?? 'GET',
      path,
      query: new URLSearchParams(query),
      body,
      cancelled,
    });
    sendJson(response, reply.status, reply.body);
  };
};

/**
 * Starts the exchange simulator: the API and the control interface on two
 * loopback ports.
 * @throws RangeError or Error for options that make no market, a store of another market, or a port in use.
 */
export const createExchangeSimulator = async (options: SimulatorOptions): Promise<ExchangeSimulator> => {
  const exchange = exchangeOf(options);
  const faults = new Faults(exchange);
  const waits = createWaits();
  const { wait } = waits;
  const onInternalError = toldOnce(options.onInternalError ?? toStandardError);
  const credentials = options.credentials ?? DEFAULT_CREDENTIALS;
  const monotonic = (): number => performance.now();
  const control = createControl({
    exchange,
    faults,
    wait,
    monotonic,
    closed: waits.ended,
    stepMilliseconds: options.stepMilliseconds ?? 0,
  });
  const enforceRateLimits = options.enforceRateLimits ?? false;
  const api = await listen(
    options.port ?? 0,
    apiHandler({ exchange, faults, credentials, enforceRateLimits, wait, onInternalError }),
  );
  let controls: Listener;
  try {
    controls = await listen(options.controlPort ?? 0, controlHandler(control, onInternalError));
  } catch (error) {
    await api.close();
    throw error;
  }
  return {
    url: api.url,
    controlUrl: controls.url,
    credentials,
    control,
    close: async () => {
      waits.end();
      await Promise.all([api.close(), controls.close()]);
    },
  };
};
