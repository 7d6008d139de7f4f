import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, openPage } from './chromium.ts';
import { passHours, startDemo, type Demo } from './demo-process.ts';

let browser: Browser;
let demo: Demo;
let url: string;

beforeAll(async () => {
  browser = await launchChromium();
  demo = await startDemo({ DEMO_HOUR_SECONDS: '0.2', DEMO_SEED: '1' }, null);
  url = demo.bot.pageUrl;
  await passHours(demo.bot, 12);
  await demo.bot.control('POST', '/control/pause', { paused: true });
});
afterAll(async () => {
  await demo.end();
  await browser.close();
});

const decided = async (page: Page): Promise<void> => {
  await page.waitForSelector('#decisions .row-button');
};

describe('what the page looks like', () => {
  test('the span that was chosen is shown whole, at the first width and at every other', async () => {
    const { page } = await openPage(browser, url);
    const bars = async (id: string): Promise<number> => Number(await page.locator(id).getAttribute('data-bars'));
    await page.waitForSelector('#chart[data-bars]');
    await expect.poll(() => bars('#chart')).toBeGreaterThanOrEqual(165);
    for (const width of [375, 1440, 768]) {
      await page.setViewportSize({ width, height: 900 });
      // A week of hours and the few that have come since.
      await expect.poll(() => bars('#chart'), { message: String(width) }).toBeGreaterThanOrEqual(165);
      await expect.poll(() => bars('#chart'), { message: String(width) }).toBeLessThan(168 + 48);
    }
    await page.context().close();
  });

  test('on a phone every word of a decision and every tab can be read without scrolling aside', async () => {
    const { page } = await openPage(browser, url, { width: 375, height: 812 });
    await decided(page);
    for (const part of ['#decisions', '#activity', '#activity-tabs']) expect(await page.locator(part).evaluate((node) => node.scrollWidth - node.clientWidth), part).toBeLessThanOrEqual(0);
    await page.locator('.row-button').first().click();
    await page.waitForSelector('#decision h3');
    expect(await page.locator('#decision .dialog-body').evaluate((node) => Math.max(...[...node.querySelectorAll('*')].map((part) => part.getBoundingClientRect().right)) - window.innerWidth)).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test('a bar of drift stands between its name and its value', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    // Drift is judged from 500 hours on: the row is laid out by the page's style all the same.
    const middles = await page.evaluate(() => {
      const row = Object.assign(document.createElement('div'), { className: 'bars-row', innerHTML: '<span class="bars-name">return 168h</span><div class="track"></div><span class="number">0.12</span>' });
      document.getElementById('model')?.append(row);
      return [...row.children].map((part) => (part.getBoundingClientRect().top + part.getBoundingClientRect().bottom) / 2);
    });
    expect(Math.max(...middles) - Math.min(...middles)).toBeLessThan(3);
    await page.context().close();
  });
});
