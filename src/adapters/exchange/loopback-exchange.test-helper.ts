import { lookup } from 'node:dns';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decimal } from '../../core/decimal.ts';
import { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { createExchange, type ExchangeHandle, type ExchangeOptions } from './create-exchange.ts';

export interface Received {
  readonly method: string;
  /** Path below /api/v3, e.g. `order`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text as it is. */
  readonly body?: unknown;
}

/** Full control over the socket, for answers that are none. */
export type Handler = (request: Received, response: ServerResponse) => Answer | null;

export interface LoopbackExchange {
  readonly origin: string;
  readonly received: Received[];
  handle: Handler;
  /** What the question for the time is answered; null = the time. */
  timeAnswer: Answer | null;
  close(): Promise<void>;
}

/** A hand-made exchange on loopback: it answers what a test tells it to. */
export const startLoopbackExchange = async (): Promise<LoopbackExchange> => {
  const received: Received[] = [];
  const exchange: { handle: Handler; timeAnswer: Answer | null } = {
    handle: () => ({ status: 404, body: {} }),
    timeAnswer: null,
  };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://loopback');
      const query = new URLSearchParams(request.method === 'POST' ? body : url.search);
      const entry: Received = {
        method: request.method ?? '',
        path: url.pathname.replace('/api/v3/', ''),
        query,
        headers: request.headers,
      };
      received.push(entry);
      const answer =
        entry.path === 'time'
          ? (exchange.timeAnswer ?? { body: { serverTime: Date.now() } })
          : exchange.handle(entry, response);
      if (answer === null) return;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get handle() {
      return exchange.handle;
    },
    set handle(handler) {
      exchange.handle = handler;
    },
    get timeAnswer() {
      return exchange.timeAnswer;
    },
    set timeAnswer(answer) {
      exchange.timeAnswer = answer;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
};

/** Real wall time, sleeps that do not wait. */
export const impatientClock = (overrides: Partial<Clock> = {}): Clock => ({
  marketNow: () => Date.now(),
  wallNow: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: () => Promise.resolve(),
  ...overrides,
});

export interface RecordedLog extends Log {
  readonly lines: string[];
}

export const recordingLog = (): RecordedLog => {
  const lines: string[] = [];
  const record = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, debug: record, info: record, warn: record, error: record };
};

export const TEST_CREDENTIALS = { apiKey: 'planted-api-key', secret: 'planted-api-secret' };

export const connect = (origin: string, overrides: Partial<ExchangeOptions> = {}): Promise<ExchangeHandle> =>
  createExchange({
    credentials: TEST_CREDENTIALS,
    apiRoot: origin,
    sandbox: false,
    clock: impatientClock(),
    log: recordingLog(),
    lookUp: lookup,
    entryCeiling: () => decimal('1000'),
    requestInterval: 0,
    timeout: 2_000,
    ...overrides,
  });

/** An entry of 0.001 BTC at 60,000 unless told otherwise. */
export const draft = (overrides: Partial<OrderDraft> = {}): OrderDraft => ({
  clientOrderId: 'gb-test-1',
  symbol: 'BTC/USDT',
  side: 'buy',
  type: 'limit',
  purpose: 'entry',
  quantity: decimal('0.001'),
  limitPrice: decimal('60000'),
  stopPrice: null,
  timeInForce: 'IOC',
  expiresAtWall: Date.now() + 60_000,
  reason: 'test',
  ...overrides,
});

export const approved = (overrides: Partial<OrderDraft> = {}): ApprovedOrder => ApprovedOrder.approve(draft(overrides));

export const stopDraft = (overrides: Partial<OrderDraft> = {}): Partial<OrderDraft> => ({
  side: 'sell',
  type: 'stop-loss-limit',
  purpose: 'stop',
  limitPrice: decimal('57000'),
  stopPrice: decimal('58000'),
  timeInForce: 'GTC',
  expiresAtWall: null,
  ...overrides,
});

export const exitDraft = (overrides: Partial<OrderDraft> = {}): Partial<OrderDraft> => ({
  side: 'sell',
  type: 'market',
  purpose: 'exit',
  limitPrice: null,
  timeInForce: null,
  expiresAtWall: null,
  ...overrides,
});
