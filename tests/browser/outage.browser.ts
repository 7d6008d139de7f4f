import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launchChromium, openPage } from './chromium.ts';
import { passHours, startDemo, type Demo } from './demo-process.ts';

let browser: Browser;
let demo: Demo;

beforeAll(async () => {
  browser = await launchChromium();
  demo = await startDemo({ DEMO_HOUR_SECONDS: '1', DEMO_SEED: '1' }, null);
  await passHours(demo.bot, 30);
});
afterAll(async () => {
  await demo.end();
  await browser.close();
});

test('what is asked of a bot that is gone is said, not lost, and done once it is back', async () => {
  const { page, faults } = await openPage(browser, demo.bot.pageUrl);
  await page.waitForSelector('#decisions .row-button');
  await page.waitForSelector('#chart[data-bars]');
  await page.fill('#text', '/status');
  await page.keyboard.press('Enter');
  const refresh = page.locator('#log .keys button', { hasText: 'Refresh' }).last();
  await refresh.waitFor();
  await demo.restart(async () => {
    await page.waitForSelector('#offline:not([hidden])', { timeout: 30_000 });
    // Also where the name of the tab alone is seen, and the morning after.
    expect(await page.title()).toBe('No answer · Guardian Bot');
    expect(await page.locator('#offline').innerText()).toMatch(
      /What is shown is from \d\d:\d\d:\d\d on [A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2,3}, on your clock\./,
    );
    await page.fill('#text', '/pause the market looks odd');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#toast').innerText()).toMatch(/Not sent/);
    expect(await page.inputValue('#text')).toBe('/pause the market looks odd');
    await refresh.click();
    await expect.poll(() => refresh.getAttribute('data-busy')).toBe(null);
    await page.click('#desk-pause');
    await expect.poll(() => page.locator('#desk-say').innerText()).toMatch(/can’t be reached/);
    // Another symbol's prices must not go on from these candles.
    await page.click('#chart-symbols [data-value="ETH/USDT"]');
    await expect.poll(() => page.locator('#chart-note').innerText()).toMatch(/can’t be read now/);
    await page.click('#equity-ranges [data-value="24h"]');
    await page.locator('#log').evaluate((log) => log.scrollTo(0, 0));
    // The word stays in sight further down, too.
    await page.locator('#activity').scrollIntoViewIfNeeded();
    await page.mouse.wheel(0, 1_200);
    await expect
      .poll(() => page.locator('#offline').evaluate((node) => Math.round(node.getBoundingClientRect().top)))
      .toBe(60);
  });
  await page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true', undefined, {
    timeout: 60_000,
  });
  await expect.poll(() => page.title()).toMatch(/^(Active|Exits only|Halted) · Guardian Bot$/);
  await expect
    .poll(() => page.locator('#chart').getAttribute('aria-label'), { timeout: 20_000 })
    .toMatch(/^ETH\/USDT: \d+ hourly candles/);
  await expect.poll(() => page.locator('#chart-note').innerText()).toMatch(/^ETH [\d,.]+/);
  // What is read further up does not jump to what has come.
  await page.locator('#log .bubble', { hasText: 'recovered after a crash' }).last().waitFor({ state: 'attached' });
  expect(await page.locator('#log').evaluate((log) => log.scrollTop)).toBe(0);
  // A day of hours, no longer the whole curve.
  await expect
    .poll(async () => Number(await page.locator('#curve').getAttribute('data-bars')), { timeout: 20_000 })
    .toBeLessThanOrEqual(25);
  expect(faults.filter((fault) => fault.startsWith('page error'))).toEqual([]);
  await page.context().close();
});

test('an answer in place, the menu and a decision leave the keyboard where it was', async () => {
  const { page } = await openPage(browser, demo.bot.pageUrl);
  await page.waitForSelector('#decisions .row-button');
  // Nothing else comes into the chat meanwhile.
  await demo.bot.control('POST', '/control/pause', { paused: true });
  await page.waitForTimeout(1_000);
  const bubbles = await page.locator('#log .bubble').count();
  await page.fill('#text', '/status');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('#log .bubble').count(), { timeout: 20_000 }).toBe(bubbles + 2);
  await page.locator('#log .keys button', { hasText: 'Refresh' }).last().focus();
  const edited = () => page.locator('#log .stamp', { hasText: 'edited' }).count();
  const before = await edited();
  // An answer that would be the same is none.
  await demo.bot.control('POST', '/control/pause', { paused: false });
  await passHours(demo.bot, 1);
  await page.keyboard.press('Enter');
  await expect.poll(edited, { timeout: 20_000 }).toBe(before + 1);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/Refresh/);

  await page.focus('#menu-button');
  await page.keyboard.press('Enter');
  await page.locator('#menu button').first().focus();
  await page.keyboard.press('Escape');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('menu-button');

  await page.locator('.row-button').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#decision h3');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Close');
  await page.context().close();
});

test('a chat that is refused comes back by itself', async () => {
  const { page } = await openPage(browser, demo.bot.pageUrl);
  const state = () => page.locator('#chat-state').innerText();
  await expect.poll(state, { timeout: 20_000 }).toBe('bot · online');
  await page.route('**/api/chat/events', (route) => route.fulfill({ status: 502, body: '{}' }));
  const refused = page.waitForResponse(
    (answer) => answer.url().endsWith('/api/chat/events') && answer.status() === 502,
    { timeout: 60_000 },
  );
  await demo.restart();
  await refused;
  expect(await state()).toBe('connecting …');
  await page.unroute('**/api/chat/events');
  await expect.poll(state, { timeout: 20_000 }).toBe('bot · online');
  await page.context().close();
});

test('the list of commands grows while it is looked at', async () => {
  const { page, faults } = await openPage(browser, demo.bot.pageUrl);
  await page.click('#tab-commands');
  await demo.bot.say('/halt seen from elsewhere');
  await page.locator('#activity tr', { hasText: 'halt' }).first().waitFor({ timeout: 20_000 });
  expect(faults).toEqual([]);
  await page.context().close();
});
