import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, openPage } from './chromium.ts';
import { startDemo, type Demo } from './demo-process.ts';

let browser: Browser;
let demo: Demo;

beforeAll(async () => {
  browser = await launchChromium();
  demo = await startDemo({ DEMO_HOUR_SECONDS: '1', DEMO_SEED: '1' }, null);
});
afterAll(async () => {
  await demo.end();
  await browser.close();
});

/** As the browser does with a tab that is left or come back to; a headless one shows all of its tabs. */
const seen = (page: Page, inSight: boolean): Promise<void> =>
  page.evaluate((shown) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: !shown });
    document.dispatchEvent(new Event('visibilitychange'));
  }, inSight);

const isLive = (page: Page) =>
  page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true', undefined, { timeout: 15_000 });

test('a tab that is left is kept up to date and keeps nothing from the others: the eighth works as the first', async () => {
  const { page: first, faults } = await openPage(browser, demo.bot.pageUrl);
  const pages = [first];
  for (let tab = 2; tab <= 8; tab += 1) {
    await isLive(pages.at(-1) ?? expect.unreachable());
    await seen(pages.at(-1) ?? expect.unreachable(), false);
    const page = await first.context().newPage();
    await page.goto(demo.bot.pageUrl, { timeout: 15_000 });
    pages.push(page);
  }
  const last = pages.at(-1) ?? expect.unreachable();
  await isLive(last);
  await last.fill('#text', '/pause to look at all of these');
  await last.keyboard.press('Enter');
  await last.locator('#log .bubble', { hasText: 'Paused' }).first().waitFor({ timeout: 15_000 });
  // Of a tab that is not looked at the name alone is seen.
  await expect.poll(() => first.title(), { timeout: 20_000 }).toBe('Exits only · Guardian Bot');
  await seen(first, true);
  await first.locator('#log .bubble', { hasText: 'Paused' }).first().waitFor({ timeout: 15_000 });
  expect(await first.locator('#chat-state').innerText()).toBe('bot · online');
  expect(faults).toEqual([]);
  await first.context().close();
});

test('a chat longer than what the page keeps stays as it is when its tab is come back to', async () => {
  for (let message = 0; message < 310; message += 1) await demo.bot.say(`word ${message}`);
  const { page } = await openPage(browser, demo.bot.pageUrl);
  await page.locator('#log .bubble', { hasText: 'word 309' }).first().waitFor();
  const marked = await page.evaluate(() => {
    const bubbles = document.querySelectorAll<HTMLElement>('#log .bubble');
    for (const bubble of bubbles) bubble.dataset['marked'] = '';
    return bubbles.length;
  });
  expect(marked).toBe(300);
  const messages = page.waitForResponse((answer) => answer.url().endsWith('/api/chat/messages'));
  await seen(page, false);
  await seen(page, true);
  await (await messages).finished();
  // What is asked after it is answered after the page has taken it.
  await page.evaluate(async () => (await fetch('/api/chat/messages')).text());
  // One or the other may have come meanwhile.
  expect(await page.locator('#log .bubble[data-marked]').count()).toBeGreaterThan(290);
  await page.context().close();
});
