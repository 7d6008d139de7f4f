import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Debian's Chromium, headless, which can reach nothing but loopback. */
export const launchChromium = async (): Promise<Browser> => {
  try {
    accessSync(EXECUTABLE, constants.X_OK);
  } catch {
    throw new Error(
      `the browser tests need ${EXECUTABLE}: install Debian's package "chromium", or set CHROMIUM to another one`,
    );
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    // Containers have no user namespaces for its sandbox; the only pages it ever opens are ours.
    args: [
      '--no-sandbox',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      '--js-flags=--expose-gc',
      '--enable-precise-memory-info',
    ],
  });
};

export interface Watched {
  readonly page: Page;
  /** Console errors and warnings, page errors, and requests to anywhere else than the page's own origin. */
  readonly faults: string[];
}

export interface View {
  readonly width: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

/** A page on which everything that should not happen is noted. */
export const openPage = async (browser: Browser, url: string, view: View = { width: 1440 }): Promise<Watched> => {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height ?? 900 },
    colorScheme: view.scheme ?? 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      faults.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== 'data:') faults.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
};

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong, one line a rule; WCAG 2.2 A and AA with its best practices. */
export const axeFaults = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(AXE);
  const result = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResult;
  return result.violations.map(
    ({ id, impact, nodes }) =>
      `${id} (${impact ?? ''}): ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`)
        .join(' | ')}`,
  );
};

/** Colours within the canvases of an element: a blank chart has one or two. */
export const coloursOf = async (page: Page, selector: string): Promise<number> =>
  page.evaluate((found) => {
    const colours = new Set<number>();
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>(`${found} canvas`)) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      for (let at = 0; at < data.length; at += 4)
        if ((data[at + 3] ?? 0) > 200)
          colours.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
    }
    return colours.size;
  }, selector);
