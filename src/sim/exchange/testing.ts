import { createHmac } from 'node:crypto';
import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { fixed } from '../matching/fixed.ts';
import { hash32 } from '../matching/hash.ts';
import { createMarketHistory, type MarketHistory } from './market-history.ts';
import type { Credentials } from './signature.ts';
import { createExchangeSimulator, type ExchangeSimulator, type SimulatorOptions } from './simulator.ts';

export interface GeneratedMarket {
  readonly symbols: Readonly<Record<SymbolName, number>>;
  readonly from: EpochMs;
  readonly hours: number;
  readonly seed: number;
  /** Typical hourly move as a fraction (default 0.006). */
  readonly volatility?: number;
  /** Hours without a candle, counted from the start. */
  readonly missing?: readonly number[];
}

const unit = (...parts: readonly (string | number)[]): number => hash32(...parts) / 0x1_0000_0000;
const cents = (value: number): number => Math.round(value * 100) / 100;

/** A small random walk for tests of the simulator: sound candles, no claim to look like a market. */
export const generateMarket = ({
  symbols,
  from,
  hours,
  seed,
  volatility = 0.006,
  missing = [],
}: GeneratedMarket): MarketHistory => {
  const candles: Record<SymbolName, Candle[]> = {};
  for (const [symbol, start] of Object.entries(symbols)) {
    let price = cents(start);
    candles[symbol] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      const draw = (what: string): number => unit(seed, symbol, hour, what);
      const open = price;
      const close = cents(open * (1 + volatility * 2 * (draw('close') - 0.5)));
      const high = cents(Math.max(open, close) * (1 + volatility * draw('high')));
      const low = cents(Math.min(open, close) * (1 - volatility * draw('low')));
      const volume = Math.round(1e8 * (10 + 90 * draw('volume'))) / 1e8;
      price = close;
      if (missing.includes(hour)) continue;
      candles[symbol].push({
        openTime: from + hour * HOUR_MS,
        open,
        high,
        low,
        close,
        volume,
        quoteVolume: Math.round(volume * close * 1e6) / 1e6,
        trades: Math.floor(100 + 1000 * draw('trades')),
        takerBuyBase: Math.round(volume * 5e7) / 1e8,
        takerBuyQuote: Math.round(volume * close * 5e5) / 1e6,
      });
    }
  }
  return createMarketHistory(candles);
};

export interface RawAnswer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
  readonly headers: Headers;
}

export interface RawClient {
  call(method: string, path: string, parameters?: RawParameters, options?: RawOptions): Promise<RawAnswer>;
  /** As call, for signed endpoints below /api/v3. */
  signed(method: string, endpoint: string, parameters?: RawParameters, options?: RawOptions): Promise<RawAnswer>;
  /** As call, for public endpoints below /api/v3. */
  open(endpoint: string, parameters?: RawParameters): Promise<RawAnswer>;
}

type RawParameters = Readonly<Record<string, string | number>>;

export interface RawOptions {
  readonly sign?: boolean;
  /** Header X-MBX-APIKEY; null leaves it out. */
  readonly apiKey?: string | null;
  readonly secret?: string;
  /** Wall clock of the client. */
  readonly now?: EpochMs;
  readonly signal?: AbortSignal;
}

/** A client that shows raw answers, for tests. POST parameters go in the body, as ccxt sends them. */
export const createRawClient = (simulator: { readonly url: string; readonly credentials: Credentials }): RawClient => {
  const { apiKey, secret } = simulator.credentials;
  const call: RawClient['call'] = async (method, path, parameters = {}, options = {}) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
    if (options.sign === true) {
      if (!query.has('timestamp')) query.set('timestamp', String(options.now ?? Date.now()));
      query.set(
        'signature',
        createHmac('sha256', options.secret ?? secret)
          .update(query.toString())
          .digest('hex'),
      );
    }
    const inBody = method === 'POST';
    const suffix = inBody || query.size === 0 ? '' : `?${query.toString()}`;
    const key = options.apiKey === undefined ? apiKey : options.apiKey;
    const response = await fetch(`${simulator.url}${path}${suffix}`, {
      method,
      headers: {
        ...(options.sign === true && key !== null ? { 'X-MBX-APIKEY': key } : {}),
        ...(inBody ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(inBody ? { body: query.toString() } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  return {
    call,
    signed: (method, endpoint, parameters, options) =>
      call(method, `/api/v3/${endpoint}`, parameters, { sign: true, ...options }),
    open: (endpoint, parameters) => call('GET', `/api/v3/${endpoint}`, parameters),
  };
};

/** First market time of the tests' simulator: 400 hours of history are before it. */
export const TEST_FROM: EpochMs = Date.UTC(2024, 0, 1);
export const TEST_START: EpochMs = TEST_FROM + 400 * HOUR_MS;

/** A small simulator: BTC near 50,000 and ETH near 2,500, deep book unless said otherwise. */
export const startTestSimulator = (options: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> =>
  createExchangeSimulator({
    history: generateMarket({
      symbols: { 'BTC/USDT': 50_000, 'ETH/USDT': 2_500 },
      from: TEST_FROM,
      hours: 1000,
      seed: 11,
    }),
    startTime: TEST_START,
    balances: { USDT: '10000' },
    liquidity: { levelQuote: fixed('1000000') },
    instruments: {
      'BTC/USDT': {
        orderTypes: [
          'LIMIT',
          'LIMIT_MAKER',
          'MARKET',
          'STOP_LOSS',
          'STOP_LOSS_LIMIT',
          'TAKE_PROFIT',
          'TAKE_PROFIT_LIMIT',
        ],
      },
    },
    onInternalError: (error) => {
      throw error;
    },
    ...options,
  });
