import { hostname, networkInterfaces } from 'node:os';
import type { MiddlewareHandler } from 'hono';

/** As the configuration has it: all of 127.0.0.0/8 is this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Names by which a server on this address is reached, without ports. */
const namesOf = (host: string): readonly string[] => {
  if (!ANY_ADDRESS.has(host)) return [bracketed(host)];
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => bracketed(address)),
  );
  return [...own, hostname()];
};

/**
 * The spellings of a name and a port in Host. A browser leaves the standard port out, and writes an IPv6 address in its
 * short form.
 */
const spellings = (name: string, port: number): readonly string[] => {
  const browsers = URL.parse(`http://${name}:${port}`)?.host;
  return [`${name}:${port}`, ...(browsers === undefined ? [] : [browsers])];
};

/**
 * The values of the Host header that the page answers to. A name that somebody
 * else's DNS points at this machine is not among them.
 * @param extra further names, as a reverse proxy sends them: with their own port, or with none
 */
export const allowedHosts = (host: string, port: number, extra: readonly string[]): ReadonlySet<string> =>
  new Set(
    [...['127.0.0.1', 'localhost', '[::1]', ...namesOf(host)].flatMap((name) => spellings(name, port)), ...extra].map(
      (name) => name.toLowerCase(),
    ),
  );

const isAllowedOrigin = (origin: string, hosts: ReadonlySet<string>): boolean => {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match !== null && hosts.has((match[1] ?? '').toLowerCase());
};

export const hostGuard =
  (hosts: () => ReadonlySet<string>): MiddlewareHandler =>
  async (context, next) => {
    const host = (context.req.header('host') ?? '').toLowerCase();
    const origin = context.req.header('origin');
    const site = context.req.header('sec-fetch-site');
    const foreignHost = !hosts().has(host);
    const foreignOrigin = origin !== undefined && !isAllowedOrigin(origin, hosts());
    const crossSite = site === 'cross-site' && context.req.header('sec-fetch-mode') !== 'navigate';
    if (foreignHost || foreignOrigin || crossSite)
      return context.text('This page answers on its own address only.\n', 403);
    return next();
  };

/**
 * Refuses HEAD for answers that never end, such as event streams: it would open one that nobody reads and nobody
 * closes.
 */
export const noHead: MiddlewareHandler = async (context, next) =>
  context.req.method === 'HEAD' ? context.text('', 405, { allow: 'GET' }) : next();

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header('content-security-policy', POLICY);
  context.header('x-content-type-options', 'nosniff');
  // Not `no-referrer`: that would make the form of the token send `Origin: null`.
  context.header('referrer-policy', 'same-origin');
  context.header('cross-origin-opener-policy', 'same-origin');
  context.header('cross-origin-resource-policy', 'same-origin');
  context.header('x-frame-options', 'DENY');
  context.header('permissions-policy', 'camera=(), geolocation=(), microphone=()');
};
