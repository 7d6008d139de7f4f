import { errors, type ApiError } from '../api-error.ts';
import type { FaultDefinition, Interruption } from './fault.ts';

const ORDERS = { endpoint: 'order', method: 'POST' } as const;

export const errorReply = (error: ApiError, headers: Readonly<Record<string, string>> = {}): Interruption => ({
  kind: 'reply',
  reply: { status: error.status, body: { code: error.code, msg: error.message }, headers },
});

/** What happens to a request between the two machines. */
export const networkFaults: readonly FaultDefinition[] = [
  {
    name: 'accepted-but-time-out',
    summary: 'The request has its full effect, but no answer ever comes.',
    parameters: { milliseconds: 'how long the connection stays open (default 30000)' },
    match: ORDERS,
    count: 1,
    create: (values) => {
      const milliseconds = values.number('milliseconds', 30_000);
      return { after: () => ({ kind: 'hang', milliseconds }) };
    },
  },
  {
    name: 'reset-before-acceptance',
    summary: 'The connection is cut before the exchange has seen the request.',
    parameters: {},
    match: ORDERS,
    count: 1,
    create: () => ({ before: () => ({ kind: 'reset' }) }),
  },
  {
    name: 'reset-after-acceptance',
    summary: 'The request has its full effect, then the connection is cut.',
    parameters: {},
    match: ORDERS,
    count: 1,
    create: () => ({ after: () => ({ kind: 'reset' }) }),
  },
  {
    name: '5xx',
    summary: 'A server error; the request may have had its effect all the same.',
    parameters: {
      status: 'HTTP status (default 503)',
      body: 'answer text or JSON (default {"code":-1,"msg":"Unknown error, please check your request or try again later."})',
      accepted: 'whether the request has its effect (default false)',
    },
    match: ORDERS,
    count: 1,
    create: (values) => {
      const status = values.number('status', 503);
      const { code, message } = errors.unknownStatus();
      const body = values.raw('body') ?? { code, msg: message };
      const interruption: Interruption = { kind: 'reply', reply: { status, body } };
      return values.flag('accepted', false) ? { after: () => interruption } : { before: () => interruption };
    },
  },
  {
    name: '429',
    summary: 'Too many requests, with Retry-After.',
    parameters: { retryAfter: 'seconds (default 1)' },
    match: {},
    count: 1,
    create: (values) => {
      const retryAfter = String(values.number('retryAfter', 1));
      return { before: () => errorReply(errors.tooManyRequests(), { 'Retry-After': retryAfter }) };
    },
  },
  {
    name: '418',
    summary: 'The address is banned, with Retry-After.',
    parameters: { retryAfter: 'seconds (default 120)' },
    match: {},
    count: 1,
    create: (values, exchange) => {
      const seconds = values.number('retryAfter', 120);
      return {
        before: () =>
          errorReply(errors.banned(exchange.wallNow() + seconds * 1000), { 'Retry-After': String(seconds) }),
      };
    },
  },
  {
    name: 'slow-answer',
    summary: 'The answer is late; the request has its effect before or after the wait.',
    parameters: {
      milliseconds: 'how late (default 2000)',
      accepted: 'true: the effect is at once, only the answer waits (default true)',
    },
    match: {},
    count: 1,
    create: (values) => {
      const delay: Interruption = { kind: 'delay', milliseconds: values.number('milliseconds', 2000) };
      return values.flag('accepted', true) ? { after: () => delay } : { before: () => delay };
    },
  },
  {
    name: 'maintenance',
    summary: 'Every endpoint but the system status answers 503, and the status says maintenance.',
    parameters: {},
    match: {},
    count: null,
    create: () => ({
      before: ({ path }) =>
        path.endsWith('/system/status')
          ? { kind: 'reply', reply: { status: 200, body: { status: 1, msg: 'system_maintenance' } } }
          : { kind: 'reply', reply: { status: 503, body: { code: -1, msg: 'Service Unavailable.' } } },
    }),
  },
];
