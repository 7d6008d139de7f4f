import type { MiddlewareHandler } from 'hono';

/**
 * Who may speak to the page: names of our own in Host, and no page of another
 * origin. A name that somebody else's DNS points at loopback is turned away.
 */
export const allowedHosts = (host: string, port: number, extra: readonly string[]): ReadonlySet<string> =>
  new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `${host}:${port}`, ...extra].map((name) => name.toLowerCase()));

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
    if (foreignHost || foreignOrigin || crossSite) return context.text('This page answers on its own address only.\n', 403);
    return next();
  };

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header('content-security-policy', POLICY);
  context.header('x-content-type-options', 'nosniff');
  context.header('referrer-policy', 'no-referrer');
  context.header('cross-origin-opener-policy', 'same-origin');
  context.header('cross-origin-resource-policy', 'same-origin');
  context.header('x-frame-options', 'DENY');
};
