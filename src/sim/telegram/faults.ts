import { BotApiError, conflict, migrated, tooManyRequests } from './errors.ts';

/** Faults of the Bot API, by name. */
export type TelegramFaultName =
  /** 429 with `retryAfter` seconds. */
  | 'too-many-requests'
  /** 500, as the Bot API words it. */
  | 'internal-error'
  /** 502 with an HTML body, as a proxy in front of it words it. */
  | 'bad-gateway'
  /** Accepts the request and never answers. */
  | 'time-out'
  /** The connection breaks before the request is done. */
  | 'reset'
  /** The request is done, then the connection breaks: the caller cannot know. */
  | 'reset-after'
  /** Answers after `delayMs`. */
  | 'slow'
  | 'blocked'
  | 'too-long'
  | 'chat-not-found'
  /** 400 with `description`, for the many refusals that have no name here. */
  | 'refused'
  | 'conflict'
  | 'unauthorized'
  /** The group is now the supergroup `migrateTo`. */
  | 'migrated';

export interface TelegramFault {
  readonly name: TelegramFaultName;
  /** Only these methods; left out = all but getUpdates, for `conflict` getUpdates alone, for `unauthorized` all. */
  readonly methods?: readonly string[];
  /** Only requests with this chat_id. */
  readonly chatId?: number;
  /** How often it strikes; left out = once. `Infinity` = until cleared. */
  readonly times?: number;
  readonly retryAfter?: number;
  readonly delayMs?: number;
  readonly migrateTo?: number;
  readonly description?: string;
}

export interface FaultControl {
  inject(fault: TelegramFault): void;
  /** Without a name: all of them. */
  clear(name?: TelegramFaultName): void;
  /** How often each has struck. */
  struck(name: TelegramFaultName): number;
}

export interface FaultBook extends FaultControl {
  /** The fault that strikes this request, counted, or null. */
  strike(method: string, chatId: number | null): TelegramFault | null;
}

const defaultMethods = (name: TelegramFaultName): ((method: string) => boolean) => {
  if (name === 'conflict') return (method) => method === 'getUpdates';
  if (name === 'unauthorized') return () => true;
  return (method) => method !== 'getUpdates';
};

export const createFaultBook = (): FaultBook => {
  const armed: { readonly fault: TelegramFault; left: number }[] = [];
  const counts = new Map<TelegramFaultName, number>();
  return {
    inject: (fault) => {
      armed.push({ fault, left: fault.times ?? 1 });
    },
    clear: (name) => {
      for (let index = armed.length - 1; index >= 0; index -= 1) {
        if (name === undefined || armed[index]?.fault.name === name) armed.splice(index, 1);
      }
    },
    struck: (name) => counts.get(name) ?? 0,
    strike: (method, chatId) => {
      const index = armed.findIndex(({ fault }) => {
        const fits = fault.methods?.includes(method) ?? defaultMethods(fault.name)(method);
        return fits && (fault.chatId === undefined || fault.chatId === chatId);
      });
      const hit = armed[index];
      if (hit === undefined) return null;
      hit.left -= 1;
      if (hit.left <= 0) armed.splice(index, 1);
      counts.set(hit.fault.name, (counts.get(hit.fault.name) ?? 0) + 1);
      return hit.fault;
    },
  };
};

/** The error answer of a fault, or null for one that is not an answer (time-out, reset, slow, bad gateway). */
export const faultAnswer = (fault: TelegramFault): BotApiError | null => {
  switch (fault.name) {
    case 'too-many-requests':
      return tooManyRequests(fault.retryAfter ?? 1);
    case 'internal-error':
      return new BotApiError(500, 'Internal Server Error');
    case 'blocked':
      return new BotApiError(403, 'Forbidden: bot was blocked by the user');
    case 'too-long':
      return new BotApiError(400, 'Bad Request: message is too long');
    case 'chat-not-found':
      return new BotApiError(400, 'Bad Request: chat not found');
    case 'refused':
      return new BotApiError(400, `Bad Request: ${fault.description ?? 'refused'}`);
    case 'conflict':
      return conflict();
    case 'unauthorized':
      return new BotApiError(401, 'Unauthorized');
    case 'migrated':
      return migrated(fault.migrateTo ?? -1_000_000_000_001);
    case 'bad-gateway':
    case 'time-out':
    case 'reset':
    case 'reset-after':
    case 'slow':
      return null;
  }
};
