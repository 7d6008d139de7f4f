import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axeFaults, launchChromium, openPage } from './chromium.ts';
import { forceThreeLosses, startDemo, STEP, type Demo } from './demo-process.ts';

let browser: Browser;
let demo: Demo;

beforeAll(async () => {
  browser = await launchChromium();
  demo = await startDemo({ SYMBOLS: 'BTC/USDT', DEMO_SEED: '7', DEMO_HOUR_SECONDS: String((4 * STEP) / 1000) }, 0.9);
});
afterAll(async () => {
  await demo.end();
  await browser.close();
});

test('three losses on three days are seen to lock; /unlock through the chat panel sets trading free', async () => {
  const { page, faults } = await openPage(browser, demo.bot.pageUrl);
  await page.waitForSelector('#decisions .row-button');
  await forceThreeLosses(demo.bot);

  await page.waitForSelector('#locks [data-lock=kill-switch]', { timeout: 60_000 });
  expect(await page.locator('#state').innerText()).toBe('Halted');
  expect(await page.locator('#why').innerText()).toMatch(/3 losses in a row/);
  expect(await page.locator('#announce').innerText()).toMatch(/^Halted\./);
  expect(await page.locator('#limits [role=meter][aria-label="Losses in a row"]').getAttribute('aria-valuenow')).toBe(
    '100',
  );
  await page.click('#tab-locks');
  await page.locator('#activity tr', { hasText: 'kill-switch' }).first().waitFor();
  expect(await axeFaults(page)).toEqual([]);

  await page.fill('#text', '/unlock looked at all three');
  await page.keyboard.press('Enter');
  // The alert's own button is the command "/unlock"; the question's says what it does.
  const question = page.locator('#log .keys button', { hasText: /^Unlock/ }).last();
  await question.click();
  await page.waitForSelector('#locks [data-lock=kill-switch]', { state: 'detached', timeout: 30_000 });
  await expect.poll(() => page.locator('#state').innerText()).toBe('Active');
  await page.click('#tab-commands');
  await expect.poll(() => page.locator('#activity').innerText(), { timeout: 10_000 }).toMatch(/unlock/);
  expect(faults).toEqual([]);
});

test('pictures and files come through the chat', async () => {
  const { page, faults } = await openPage(browser, demo.bot.pageUrl);
  await page.waitForSelector('#log .bubble');
  await page.fill('#text', '/pnl');
  await page.keyboard.press('Enter');
  const picture = page.locator('#log .bubble img').last();
  await picture.waitFor({ timeout: 60_000 });
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth))
    .toBeGreaterThan(500);
  await page.fill('#text', '/export trades');
  await page.keyboard.press('Enter');
  await page.locator('#log a.file').last().waitFor({ timeout: 30_000 });
  expect(faults).toEqual([]);
});
