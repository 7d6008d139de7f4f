import type { IncomingMessage, ServerResponse } from 'node:http';
import { BotApiError } from './errors.ts';
import type { FaultControl, TelegramFault, TelegramFaultName } from './faults.ts';
import { isLocalRequest, readBody, sendJson } from './http.ts';
import type { PersonApi } from './person.ts';
import type { BotApiState } from './state.ts';
import type { NumberedEvent } from './types.ts';

/**
 * The person's side over plain HTTP, for a chat page or a test in another process:
 *
 *     GET  /person/chats
 *     GET  /person/chats/<id>/messages?after=<message id>
 *     POST /person/chats/<id>/send    {"userId", "text", "threadId"?, "date"?}
 *     POST /person/chats/<id>/press   {"userId", "button", "messageId"?}
 *     GET  /person/chats/<id>/menu?user=<id>
 *     GET  /person/chats/<id>/events  server-sent events, resumed by Last-Event-ID
 *     GET  /person/files/<file id>
 *     POST /person/groups             {"id", "title", "type", "forum"?}
 *     POST /person/faults             {"name", "times"?, "methods"?, "chatId"?, "retryAfter"?, "delayMs"?}
 *     POST /person/faults/clear       {"name"?}
 */
export interface PersonHttp {
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  /** Ends open event streams. */
  close(): void;
}

type Body = Readonly<Record<string, unknown>>;

const readJson = async (request: IncomingMessage): Promise<Body> => {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new RangeError('content-type must be application/json');
  const parsed: unknown = JSON.parse((await readBody(request)).toString());
  if (typeof parsed !== 'object' || parsed === null) throw new RangeError('an object is expected');
  return parsed as Body;
};

const integer = (body: Body, key: string): number => {
  const value = body[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new RangeError(`${key} must be an integer`);
  return value;
};

const optionalInteger = (body: Body, key: string): number | undefined =>
  body[key] === undefined ? undefined : integer(body, key);

const string = (body: Body, key: string): string => {
  const value = body[key];
  if (typeof value !== 'string') throw new RangeError(`${key} must be a string`);
  return value;
};

const HEARTBEAT_MS = 15_000;

export const createPersonHttp = (state: BotApiState, person: PersonApi, faults: FaultControl): PersonHttp => {
  const streams = new Set<() => void>();

  const stream = (request: IncomingMessage, response: ServerResponse, chatId: number): void => {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      connection: 'keep-alive',
    });
    const write = (event: NumberedEvent): void => {
      if (event.chatId === chatId)
        response.write(`id: ${event.seq}\nevent: ${event.event.kind}\ndata: ${JSON.stringify(event.event)}\n\n`);
    };
    const last = Number(request.headers['last-event-id'] ?? Number.NaN);
    response.write(`: from ${state.lastSequence}\n\n`);
    if (Number.isSafeInteger(last)) state.eventsAfter(last).forEach(write);
    const leave = state.listen(write);
    const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
    const end = (): void => {
      clearInterval(heartbeat);
      leave();
      streams.delete(end);
      response.end();
    };
    streams.add(end);
    response.on('close', end);
  };

  const post = async (request: IncomingMessage, path: readonly string[]): Promise<unknown> => {
    const body = await readJson(request);
    const [room, id, verb] = path;
    if (room === 'chats' && verb === 'send') {
      const threadId = optionalInteger(body, 'threadId');
      const date = optionalInteger(body, 'date');
      return person.send(integer(body, 'userId'), Number(id), string(body, 'text'), {
        ...(threadId === undefined ? {} : { threadId }),
        ...(date === undefined ? {} : { date }),
      });
    }
    if (room === 'chats' && verb === 'press') {
      return {
        queryId: person.press(
          integer(body, 'userId'),
          Number(id),
          string(body, 'button'),
          optionalInteger(body, 'messageId'),
        ),
      };
    }
    if (room === 'groups') {
      const type = string(body, 'type') === 'group' ? 'group' : 'supergroup';
      person.addGroup({ id: integer(body, 'id'), title: string(body, 'title'), type, forum: body['forum'] === true });
      return { ok: true };
    }
    if (room === 'faults' && id === 'clear') {
      faults.clear(body['name'] === undefined ? undefined : (string(body, 'name') as TelegramFaultName));
      return { ok: true };
    }
    if (room === 'faults') {
      string(body, 'name');
      faults.inject(body as unknown as TelegramFault);
      return { ok: true };
    }
    return undefined;
  };

  const get = (url: URL, path: readonly string[]): unknown => {
    const [room, id, verb] = path;
    if (room === 'chats' && id === undefined) return person.chats();
    if (room === 'chats' && verb === 'messages') {
      const after = Number(url.searchParams.get('after') ?? 0);
      return {
        seq: state.lastSequence,
        messages: person.messages(Number(id)).filter((message) => message.message_id > after),
      };
    }
    if (room === 'chats' && verb === 'menu') return person.menu(Number(url.searchParams.get('user') ?? id), Number(id));
    return undefined;
  };

  const sendFile = (response: ServerResponse, id: string): void => {
    const file = state.file(id);
    if (file === undefined) return sendJson(response, 404, { error: 'no such file' });
    const disposition = file.mimeType.startsWith('image/') ? 'inline' : 'attachment';
    response.writeHead(200, {
      'content-type': file.mimeType,
      'content-length': file.content.length,
      'content-disposition': `${disposition}; filename="${file.filename.replace(/[^\w.-]/g, '_')}"`,
      'x-content-type-options': 'nosniff',
    });
    response.end(file.content);
  };

  const route = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const path = url.pathname.split('/').slice(2).map(decodeURIComponent);
    if (request.method === 'GET' && path[0] === 'files') return sendFile(response, path[1] ?? '');
    if (request.method === 'GET' && path[2] === 'events') return stream(request, response, Number(path[1]));
    const answer =
      request.method === 'POST' ? await post(request, path) : request.method === 'GET' ? get(url, path) : undefined;
    if (answer === undefined) sendJson(response, 404, { error: `nothing at ${request.method ?? ''} ${url.pathname}` });
    else sendJson(response, 200, answer);
  };

  return {
    handle: async (request, response, url) => {
      if (!isLocalRequest(request))
        return sendJson(response, 403, { error: 'this server answers local programs only' });
      try {
        await route(request, response, url);
      } catch (error) {
        const status = error instanceof BotApiError ? error.code : 400;
        sendJson(response, status, { error: error instanceof Error ? error.message : 'bad request' });
      }
    },
    close: () => {
      for (const end of streams) end();
    },
  };
};
