import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import type { Milliseconds } from '../../core/units.ts';

/** A whole answer of the exchange, whatever its status. */
export interface TransportAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * No whole answer came. `not-sent`: not one byte of the request can have left (name not found, connection or
 * TLS handshake failed, still queued). `no-answer`: it may have been acted upon.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly phase: 'not-sent' | 'no-answer';
  /** Node's error code (`ECONNREFUSED`), or `TIMEOUT`, `TOO_LARGE`, `CLOSED`. */
  readonly code: string;

  constructor(phase: 'not-sent' | 'no-answer', code: string, message: string) {
    super(message);
    this.phase = phase;
    this.code = code;
  }
}

export interface TransportOptions {
  /** From the call to the last byte of the answer. */
  readonly timeout: Milliseconds;
  /** Largest answer accepted, decompressed. */
  readonly largestAnswer: number;
  /** How long a connection may lie unused and still be used again. */
  readonly idle: Milliseconds;
  /** How names are looked up. */
  readonly lookUp: LookupFunction;
}

export interface TransportRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Transport {
  /** @throws TransportError */
  request(request: TransportRequest): Promise<TransportAnswer>;
  close(): void;
}

const MAX_SOCKETS = 8;

/**
 * HTTP with the one distinction that matters for orders: whether a failed request can have
 * reached the exchange. Client libraries lose it (a refused connection and a reset one are
 * the same class there), and their time-out ends with the headers, so that a stalled body hangs forever.
 */
export const createTransport = (options: TransportOptions): Transport => {
  // One that has lain unused may be closed at the other end this very moment, or long forgotten on the way there: an
  // order would be lost on it, its outcome unknown.
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: options.idle, lookup: options.lookUp };
  const plain = new http.Agent(pool);
  const secure = new https.Agent(pool);
  let closed = false;
  return {
    request: (request) => {
      if (closed) return Promise.reject(new TransportError('not-sent', 'CLOSED', 'the client is closed'));
      const url = new URL(request.url);
      return url.protocol === 'https:'
        ? exchange(
            (headers) => https.request(url, { method: request.method, agent: secure, headers }),
            'secureConnect',
            request,
            options,
            () => dropUnused(secure),
          )
        : exchange(
            (headers) => http.request(url, { method: request.method, agent: plain, headers }),
            'connect',
            request,
            options,
            () => dropUnused(plain),
          );
    },
    close: () => {
      closed = true;
      plain.destroy();
      secure.destroy();
    },
  };
};

const dropUnused = (agent: http.Agent): void => {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of [...(sockets ?? [])]) socket.destroy();
};

const exchange = (
  open: (headers: Record<string, string>) => http.ClientRequest,
  connected: 'connect' | 'secureConnect',
  { headers, body }: TransportRequest,
  { timeout, largestAnswer }: TransportOptions,
  wayIsLost: () => void,
): Promise<TransportAnswer> =>
  new Promise((resolve, reject) => {
    const length: Record<string, string> =
      body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = open({ ...headers, ...length, 'Accept-Encoding': 'gzip' });
    let mayHaveLeft = false;
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      request.destroy();
      reject(error instanceof TransportError ? error : asTransportError(error, mayHaveLeft));
    };
    const timer = setTimeout(() => {
      // Where one connection carries nothing any more, those that lie ready beside it carry nothing either, and the
      // question what became of an order would be put to the next of them.
      if (mayHaveLeft) wayIsLost();
      fail(
        new TransportError(mayHaveLeft ? 'no-answer' : 'not-sent', 'TIMEOUT', `no whole answer within ${timeout} ms`),
      );
    }, timeout);
    request.once('socket', (socket) => {
      // A socket from the pool is open already: whatever happens from here on may have been sent.
      if (!socket.connecting) mayHaveLeft = true;
      else socket.once(connected, () => void (mayHaveLeft = true));
    });
    request.on('error', fail);
    request.once('response', (response) => {
      readText(response, largestAnswer).then((text) => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? '',
          headers: flatHeaders(response.headers),
          text,
        });
      }, fail);
    });
    request.end(body);
  });

const asTransportError = (error: unknown, mayHaveLeft: boolean): TransportError => {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'UNKNOWN';
  const message = error instanceof Error ? error.message : String(error);
  return new TransportError(mayHaveLeft ? 'no-answer' : 'not-sent', code, message === '' ? code : message);
};

const flatHeaders = (headers: http.IncomingHttpHeaders): Record<string, string> => {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
};

const readText = async (response: http.IncomingMessage, largest: number): Promise<string> => {
  let source: Readable = response;
  if (response.headers['content-encoding'] === 'gzip') {
    const gunzip = createGunzip();
    response.once('error', (error) => gunzip.destroy(error));
    source = response.pipe(gunzip);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    const part = chunk as Buffer;
    size += part.length;
    if (size > largest)
      throw new TransportError('no-answer', 'TOO_LARGE', `the answer is larger than ${largest} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
};
