import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HOUR_MS, MINUTE_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';

/** A session ends after this, and with every change of the token. */
const SESSION: Milliseconds = 12 * HOUR_MS;
/** Wrong tokens from one sender within a minute after which none of theirs is looked at for the rest of it. */
const MOST_FAILURES = 10;
/** From all together: whoever has this many addresses learns nothing from more. */
const MOST_FAILURES_OF_ALL = 1_000;
const MOST_BODY = 1024;

export interface Access {
  /** Turns away who has neither a session nor the token. */
  readonly guard: MiddlewareHandler;
  /** The question for the token and its answer. */
  readonly routes: Hono;
}

const digest = (key: string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** In constant time, whatever the lengths. */
const sameText = (key: string, a: string, b: string): boolean => timingSafeEqual(digest(key, a), digest(key, b));

/**
 * A browser keeps one cookie of a name for all ports of a host: two bots there would end each other's sessions, so the
 * name is that of the token. Over TLS it forbids by itself a cookie that another host or a plain connection has set.
 */
const cookiesOf = (token: string) => {
  const plain = `guardian_session_${digest(token, 'cookie').toString('hex').slice(0, 8)}`;
  return { plain, secure: `__Host-${plain}` } as const;
};

/**
 * Whom an address counts as: of IPv6 a network of the size that one customer gets, whose addresses are theirs to
 * choose.
 */
export const senderAt = (address: string): string => {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [before = [], after = []] = address
    .replace(/%.*/, '')
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after].slice(0, 4).join(':');
};

const senderOf = (context: Context): string => senderAt(getConnInfo(context).remote.address ?? '');

/**
 * Few enough guesses that 16 characters hold for ever. They are counted for each sender, or anybody could keep the
 * owner out; and what the same sender has tried before is no new guess: a machine that still sends the token of
 * yesterday would keep people at the same address out for good.
 */
const createGuessLimit = (token: string, wallNow: () => EpochMs) => {
  let from = 0;
  let all = 0;
  const tried = new Map<string, Set<string>>();
  // A clock that is set back must not make the minute last for hours.
  const over = (): boolean => wallNow() < from || wallNow() - from >= MINUTE_MS;
  return {
    exhausted: (sender: string): boolean =>
      !over() && ((tried.get(sender)?.size ?? 0) >= MOST_FAILURES || all >= MOST_FAILURES_OF_ALL),
    failed: (sender: string, given: string): void => {
      if (over()) {
        from = wallNow();
        all = 0;
        tried.clear();
      }
      const own = tried.get(sender) ?? new Set();
      const before = own.size;
      tried.set(sender, own.add(digest(token, given).toString('base64url')));
      all += own.size - before;
    },
  };
};

/** Where the form says, after a wrong token, that it was one; an empty form alone reads like a fault of the page. */
const AGAIN = {
  place: '<!-- again -->',
  words: '<p class="bad" id="again" role="alert">That is not the token.</p>',
} as const;

/**
 * The page behind a token: typed once into a form, or sent as a bearer token by
 * a machine. The session cookie holds its end and a signature, never the token;
 * no page of another site can send it, and no script can read it.
 */
export const createAccess = (token: string, page: Uint8Array<ArrayBuffer>, wallNow: () => EpochMs): Access => {
  const limit = createGuessLimit(token, wallNow);
  const cookies = cookiesOf(token);
  const signature = (expires: string): string => digest(token, `session ${expires}`).toString('base64url');

  const hasSession = (context: Context): boolean => {
    const cookie = getCookie(context, cookies.secure) ?? getCookie(context, cookies.plain) ?? '';
    const [expires = '', signed = ''] = cookie.split('.');
    return /^\d{1,16}$/.test(expires) && Number(expires) > wallNow() && sameText(token, signed, signature(expires));
  };

  const hasBearer = (context: Context): boolean => {
    const given = /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    if (given === undefined || limit.exhausted(senderOf(context))) return false;
    const right = sameText(token, given, token);
    if (!right) limit.failed(senderOf(context), given);
    return right;
  };

  const again = new TextEncoder().encode(new TextDecoder().decode(page).replace(AGAIN.place, AGAIN.words));
  const ask = (context: Context, status: 200 | 401, form = page): Response =>
    context.body(form, status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });

  const guard: MiddlewareHandler = async (context, next) => {
    if (hasSession(context) || hasBearer(context)) return next();
    if (context.req.path === '/' && context.req.method === 'GET') return ask(context, 401);
    return context.json({ error: 'the token is missing or wrong' }, 401, { 'www-authenticate': 'Bearer' });
  };

  const routes = new Hono();
  routes.get('/', (context) => ask(context, 200, context.req.query('wrong') === undefined ? page : again));
  routes.post('/', async (context) => {
    if (limit.exhausted(senderOf(context)))
      return context.text('Too many wrong tokens; wait a minute.\n', 429, { 'retry-after': '60' });
    const body = await context.req.text();
    const given = body.length > MOST_BODY ? '' : (new URLSearchParams(body).get('token') ?? '');
    if (!sameText(token, given, token)) {
      limit.failed(senderOf(context), given);
      return context.redirect('/login?wrong', 303);
    }
    const secure = (context.req.header('origin') ?? '').startsWith('https:');
    const expires = String(wallNow() + SESSION);
    setCookie(context, secure ? cookies.secure : cookies.plain, `${expires}.${signature(expires)}`, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      secure,
      maxAge: SESSION / 1000,
    });
    return context.redirect('/', 303);
  });
  return { guard, routes };
};
