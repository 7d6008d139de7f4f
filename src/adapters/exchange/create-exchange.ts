import type { LookupFunction } from 'node:net';

import type { Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Venue } from '../../ports/venue.ts';
import { createAccountDesk, type AccountDesk } from './account-desk.ts';
import { createClient } from './client.ts';
import { createMarketData } from './market-data.ts';
import type { EntryCeiling } from './order-guard.ts';
import { createVenue } from './venue.ts';

export interface ExchangeOptions {
  /** null = public data only: every private call then fails as `authentication`. */
  readonly credentials: { readonly apiKey: string; readonly secret: string } | null;
  /** Another origin for every endpoint (EXCHANGE_API_ROOT); null = the exchange's own. */
  readonly apiRoot: string | null;
  /** The exchange's sandbox (testnet mode). */
  readonly sandbox: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly entryCeiling: EntryCeiling;
  /** How long the exchange may still act on a request; 5 s when absent. */
  readonly receiveWindow?: Milliseconds;
  /** From a call to the last byte of its answer; 10 s when absent. */
  readonly timeout?: Milliseconds;
  /**
   * Pause between two units of weight, as the client library counts them; 50 ms when absent, 0 against a simulator on
   * loopback.
   */
  readonly requestInterval?: Milliseconds;
  /**
   * How names are looked up: in one place for the whole process, so that the name of another that hangs does not keep
   * the exchange's waiting.
   */
  readonly lookUp: LookupFunction;
}

export interface ExchangeHandle {
  readonly venue: Venue;
  readonly marketData: MarketData;
  /** What is asked about the account itself, at start and in audits. */
  readonly account: AccountDesk;
  /** The exchange's count of this minute's request weight, and its limit. */
  readonly weight: () => { readonly used: number; readonly limit: number };
  close(): Promise<void>;
}

const RECEIVE_WINDOW: Milliseconds = 5_000;
const TIMEOUT: Milliseconds = 10_000;
const REQUEST_INTERVAL: Milliseconds = 50;

/**
 * Connects to the exchange and reads its clock once, so that the first signature is dated right. An
 * exchange that cannot be reached is no error here: every later call says so in its own outcome.
 */
export const createExchange = async (options: ExchangeOptions): Promise<ExchangeHandle> => {
  const { clock, log } = options;
  const receiveWindow = options.receiveWindow ?? RECEIVE_WINDOW;
  const client = createClient({
    credentials: options.credentials,
    apiRoot: options.apiRoot,
    sandbox: options.sandbox,
    clock,
    receiveWindow,
    timeout: options.timeout ?? TIMEOUT,
    requestInterval: options.requestInterval ?? REQUEST_INTERVAL,
    lookUp: options.lookUp,
  });
  const venue = createVenue({ client, clock, entryCeiling: options.entryCeiling, receiveWindow });
  const time = await venue.serverTime();
  if (!time.ok)
    log.warn(
      { kind: time.error.kind, code: time.error.code, why: time.error.message },
      'the exchange does not tell its time yet',
    );
  return {
    venue,
    marketData: createMarketData(client, log),
    account: createAccountDesk(client),
    weight: () => ({ used: client.budget.usedWeight, limit: client.budget.limit }),
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
};
