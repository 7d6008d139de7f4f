import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
} as const;

/** Our own files. A name that is not here is not served. */
const OWN = [
  'index.html',
  'login.html',
  'icon.svg',
  ...[
    'page',
    'dom',
    'format',
    'stream',
    'theme',
    'hero',
    'limits',
    'positions',
    'tables',
    'decisions',
    'decision-dialog',
    'equity',
    'equity-points',
    'chart',
    'model',
    'chat',
    'market',
  ].map((name) => `${name}.mjs`),
] as const;

/** Style sheets as one file each: the first paint waits for nothing else. */
const STYLES: Readonly<Record<string, readonly string[]>> = {
  'page.css': ['tokens', 'layout', 'board', 'dialog', 'market', 'chat'],
  'login.css': ['tokens', 'dialog'],
};

/** Files of packages, under names of our own. */
const VENDOR: Readonly<Record<string, string>> = {
  'vendor/lightweight-charts.mjs': fileURLToPath(
    new URL(
      'dist/lightweight-charts.standalone.production.mjs',
      import.meta.resolve('lightweight-charts/package.json'),
    ),
  ),
  'vendor/inter-400.ttf': fileURLToPath(
    import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  ),
  'vendor/inter-600.ttf': fileURLToPath(
    import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
  ),
};

interface Asset {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly tag: string;
}

const load = (name: string, ...paths: readonly string[]): Asset => {
  const content = new Uint8Array(Buffer.concat(paths.map((path) => readFileSync(path))));
  const ending = name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES;
  return {
    content,
    zipped: new Uint8Array(gzipSync(content, { level: 6 })),
    type: TYPES[ending],
    tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
};

export interface Assets {
  /** Everything but the question for the token. */
  readonly routes: Hono;
  /** Style and icon of the question for the token: nothing in them tells anything. */
  readonly open: Hono;
  readonly login: Uint8Array<ArrayBuffer>;
  /** Every address that is served. */
  readonly paths: readonly string[];
}

/** The page's files, read once at start, each with a tag so that a browser asks again for next to nothing. */
export const loadAssets = (): Assets => {
  const pathTo = (name: string): string => fileURLToPath(new URL(`page/${name}`, import.meta.url));
  const own = OWN.map((name) => [name, load(name, pathTo(name))] as const);
  const styles = Object.entries(STYLES).map(
    ([name, parts]) => [name, load(name, ...parts.map((part) => pathTo(`${part}.css`)))] as const,
  );
  const vendor = Object.entries(VENDOR).map(([name, path]) => [name, load(name, path)] as const);
  const all = new Map<string, Asset>([...own, ...styles, ...vendor]);
  const pathOf = (name: string): string => (name === 'index.html' ? '/' : `/${name}`);
  const serve = (app: Hono, name: string, { content, zipped, type, tag }: Asset): void => {
    app.get(pathOf(name), (context) => {
      const headers = { etag: tag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
      if (context.req.header('if-none-match') === tag) return context.body(null, 304, headers);
      const zip = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '');
      return context.body(zip ? zipped : content, 200, {
        ...headers,
        'content-type': type,
        ...(zip ? { 'content-encoding': 'gzip' } : {}),
      });
    });
  };
  const routes = new Hono();
  const open = new Hono();
  const names = [...all.keys()].filter((name) => name !== 'login.html');
  for (const [name, asset] of all) {
    if (name === 'login.html') continue;
    serve(name === 'login.css' || name === 'icon.svg' || name.endsWith('.ttf') ? open : routes, name, asset);
  }
  return { routes, open, login: all.get('login.html')?.content ?? new Uint8Array(), paths: names.map(pathOf) };
};
