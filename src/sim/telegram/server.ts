import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { EpochMs } from '../../core/units.ts';
import { badRequest, BotApiError, errorBody } from './errors.ts';
import { createFaultBook, faultAnswer, type FaultControl } from './faults.ts';
import { readBody, sendJson } from './http.ts';
import { methods } from './methods.ts';
import { boundaryOf, parseMultipart } from './multipart.ts';
import { readChatId, readInteger, readList, type Payload } from './payload.ts';
import { createPersonApi, type PersonApi } from './person.ts';
import { createPersonHttp } from './person-http.ts';
import { BotApiState } from './state.ts';

export interface BotApiServerOptions {
  /** The one token that is let in, `<digits>:<letters>`. */
  readonly token: string;
  /** Wall time: dates of messages. */
  readonly wallNow: () => EpochMs;
  /** 0 (the default) = any free port of 127.0.0.1. */
  readonly port?: number;
  readonly botName?: string;
  readonly botUsername?: string;
  /** Kept per chat; 500 when left out. */
  readonly maxMessages?: number;
  /** Kept over all chats; 64 MiB when left out. */
  readonly maxFileBytes?: number;
}

export interface BotApiServer {
  /** What TELEGRAM_API_ROOT is set to. */
  readonly url: string;
  /** Where people are: `<url>/person`. */
  readonly personUrl: string;
  readonly port: number;
  readonly person: PersonApi;
  readonly faults: FaultControl;
  /** Requests served so far, by method name in lower case. */
  calls(method: string): number;
  close(): Promise<void>;
}

const MAX_POLL_SECONDS = 50;

const readPayload = async (request: IncomingMessage, url: URL): Promise<Payload> => {
  const query = Object.fromEntries(url.searchParams);
  const body = await readBody(request);
  const type = request.headers['content-type'] ?? '';
  const boundary = boundaryOf(type);
  if (boundary !== null) {
    const form = parseMultipart(body, boundary);
    return { values: { ...query, ...Object.fromEntries(form.fields) }, files: form.files };
  }
  if (body.length === 0) return { values: query, files: new Map() };
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    return { values: { ...query, ...Object.fromEntries(new URLSearchParams(body.toString())) }, files: new Map() };
  }
  const parsed: unknown = JSON.parse(body.toString());
  if (typeof parsed !== 'object' || parsed === null) throw new RangeError('an object is expected');
  return { values: { ...query, ...parsed }, files: new Map() };
};

const poll = async (state: BotApiState, payload: Payload, response: ServerResponse): Promise<unknown> => {
  const allowed = readList(payload, 'allowed_updates');
  const { result, abandon } = state.updates.poll({
    offset: readInteger(payload, 'offset') ?? 0,
    limit: Math.min(100, Math.max(1, readInteger(payload, 'limit') ?? 100)),
    timeoutMs: 1000 * Math.min(MAX_POLL_SECONDS, Math.max(0, readInteger(payload, 'timeout') ?? 0)),
    allowed: allowed === null ? null : allowed.map(String),
  });
  response.on('close', abandon);
  return result;
};

/**
 * A Bot API server on loopback that stands in for Telegram: the methods the
 * bot uses, with the real limits and error bodies, faults by name, and the
 * people's side in process (`person`) and over HTTP (`/person/`).
 * @throws Error when the port is taken.
 */
export const startBotApiServer = async (options: BotApiServerOptions): Promise<BotApiServer> => {
  const botId = Number(/^(\d+):/.exec(options.token)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(botId)) throw new RangeError('a bot token is <digits>:<letters>');
  const bot = {
    id: botId,
    is_bot: true,
    first_name: options.botName ?? 'Guardian Bot',
    username: options.botUsername ?? 'guardian_demo_bot',
  };
  const state = new BotApiState({
    bot,
    wallNow: options.wallNow,
    maxMessages: options.maxMessages ?? 500,
    maxFileBytes: options.maxFileBytes ?? 64 * 1024 * 1024,
  });
  const faults = createFaultBook();
  const person = createPersonApi(state);
  const personHttp = createPersonHttp(state, person, faults);
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();

  const perform = async (name: string, payload: Payload, response: ServerResponse): Promise<unknown> => {
    if (name === 'getupdates') return poll(state, payload, response);
    const method = methods[name];
    if (method === undefined) throw new BotApiError(404, 'Not Found');
    return method(state, payload);
  };

  /** True when the fault has dealt with the request altogether. */
  const suffer = async (method: string, payload: Payload, response: ServerResponse): Promise<boolean> => {
    const fault = faults.strike(method, readChatId(payload));
    if (fault === null) return false;
    const answer = faultAnswer(fault);
    if (answer !== null) throw answer;
    switch (fault.name) {
      case 'bad-gateway':
        response.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>502 Bad Gateway</h1></html>');
        return true;
      case 'reset-after':
        await perform(method.toLowerCase(), payload, response);
        response.socket?.resetAndDestroy();
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 100));
        return false;
      default:
        // Time-out: no answer at all; the socket stays open until somebody gives up.
        return true;
    }
  };

  const serveMethod = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const [, token, method = ''] = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(url.pathname) ?? [];
    if (token === undefined) throw new BotApiError(404, 'Not Found');
    if (token !== options.token) throw new BotApiError(401, 'Unauthorized');
    const payload = await readPayload(request, url);
    const name = method.toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (await suffer(method, payload, response)) return;
    const result = await perform(name, payload, response);
    sendJson(response, 200, { ok: true, result });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname.startsWith('/person/')) return personHttp.handle(request, response, url);
    try {
      await serveMethod(request, response, url);
    } catch (error) {
      const known =
        error instanceof BotApiError ? error : badRequest(error instanceof Error ? error.message : 'malformed request');
      sendJson(response, known.code, errorBody(known));
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen(options.port ?? 0, '127.0.0.1', () => listening.resolve(undefined));
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    personUrl: `${url}/person`,
    port,
    person,
    faults,
    calls: (method) => counts.get(method.toLowerCase()) ?? 0,
    close: async () => {
      state.updates.close();
      personHttp.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
