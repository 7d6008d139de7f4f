import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { startWebServer, type WebServer } from '../../src/adapters/web/server.ts';
import { createFakeDashboard } from '../../src/adapters/web/fake-dashboard.test-helper.ts';
import { plainOptions } from '../../src/adapters/web/server-options.test-helper.ts';
import { launchChromium, openPage } from './chromium.ts';

const dashboard = createFakeDashboard();
let browser: Browser;
let server: WebServer;

/** A bot on this port, with the same books whatever it trades. */
const start = async (port: number, symbols: readonly string[]): Promise<void> => {
  dashboard.symbols = symbols;
  server = await startWebServer({ ...plainOptions(), port, dashboard });
};

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await server.close();
  await browser.close();
});

test('a bot that is started again with other symbols is shown with these by a page that stayed open', async () => {
  await start(0, []);
  const port = Number(new URL(server.url).port);
  const { page } = await openPage(browser, server.url);
  const offered = () => page.locator('#chart-symbols button').allInnerTexts();
  const charted = () => page.locator('#chart').getAttribute('aria-label');
  await page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true');
  for (const [symbols, shown] of [
    [['BTC/USDT', 'ETH/USDT'], 'BTC/USDT'],
    [['ETH/USDT', 'BTC/USDT', 'SOL/USDT'], 'BTC/USDT'],
    [['ETH/USDT', 'SOL/USDT'], 'ETH/USDT'],
  ] as const) {
    await server.close();
    await start(port, symbols);
    await expect.poll(offered, { timeout: 15_000 }).toEqual(symbols.map((symbol) => symbol.split('/')[0]));
    await expect.poll(charted).toContain(`${shown}: 1 hourly candles`);
    expect(await page.locator('#chart-symbols [aria-pressed=true]').getAttribute('data-value')).toBe(shown);
  }
  await page.context().close();
});
