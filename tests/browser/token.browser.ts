import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { startWebServer, type WebServer } from '../../src/adapters/web/server.ts';
import { createFakeDashboard } from '../../src/adapters/web/fake-dashboard.test-helper.ts';
import type { Log } from '../../src/ports/log.ts';
import { axeFaults, launchChromium, openPage } from './chromium.ts';

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const TOKEN = 'a-token-of-some-length';
let browser: Browser;
let server: WebServer;

beforeAll(async () => {
  browser = await launchChromium();
  server = await startWebServer({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    names: [],
    dashboard: createFakeDashboard(),
    health: () => ({ ok: true, checks: [] }),
    metrics: null,
    chat: null,
    market: null,
    log: silent,
  });
});
afterAll(async () => {
  await server.close();
  await browser.close();
});

test('the token is asked for once, in a form that works under the content policy', async () => {
  const { page } = await openPage(browser, server.url);
  await page.waitForSelector('#token');
  expect(await axeFaults(page)).toEqual([]);
  await page.fill('#token', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/login?wrong');
  expect(await page.locator('form').innerText()).toContain('That is not the token.');
  expect(await axeFaults(page)).toEqual([]);
  await page.fill('#token', TOKEN);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#state');
  await expect.poll(() => page.locator('#equity').innerText()).toMatch(/1,000\.00/);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  // No demo: no chat, no market, and the board has the room.
  expect(await page.locator('#side').isVisible()).toBe(false);
  expect(await page.locator('#desk').isVisible()).toBe(false);
});
