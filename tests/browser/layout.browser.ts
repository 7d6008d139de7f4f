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

  test.each([360, 375])(
    'on a phone of %i px every word of a decision and every tab can be read without scrolling aside',
    async (width) => {
      const { page } = await openPage(browser, url, { width, height: 812 });
      await decided(page);
      // The longest word that stands in the head.
      await page.evaluate(() => document.getElementById('live')?.replaceChildren('connecting'));
      expect(await page.locator('h1').evaluate((node) => node.getBoundingClientRect().height)).toBeLessThan(30);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
        0,
      );
      for (const tab of ['fills', 'trades', 'orders', 'alerts']) {
        await page.click(`#tab-${tab}`);
        for (const part of ['#decisions', '#activity', '#activity-tabs'])
          expect(
            await page.locator(part).evaluate((node) => node.scrollWidth - node.clientWidth),
            `${tab} ${part}`,
          ).toBeLessThanOrEqual(0);
      }
      await page.locator('.row-button').first().click();
      await page.waitForSelector('#decision h3');
      expect(
        await page
          .locator('#decision .dialog-body')
          .evaluate(
            (node) =>
              Math.max(...[...node.querySelectorAll('*')].map((part) => part.getBoundingClientRect().right)) -
              window.innerWidth,
          ),
      ).toBeLessThanOrEqual(0);
      await page.context().close();
    },
  );

  test.each([905, 1_024, 1_120])('beside the chat, too, no table is wider than its card: %i px', async (width) => {
    const { page } = await openPage(browser, url, { width });
    await decided(page);
    for (const tab of ['fills', 'trades', 'orders', 'alerts']) {
      await page.click(`#tab-${tab}`);
      for (const part of ['#decisions', '#activity'])
        expect(
          await page.locator(part).evaluate((node) => node.scrollWidth - node.clientWidth),
          `${tab} ${part}`,
        ).toBeLessThanOrEqual(0);
    }
    await page.context().close();
  });

  test.each([360, 640, 768, 905, 1_024, 1_180, 1_440, 1_920])(
    'no figure of the head stands alone under a row of others: %i px',
    async (width) => {
      const { page } = await openPage(browser, url, { width });
      await decided(page);
      const rows = await page
        .locator('.figures > *')
        .evaluateAll((nodes) =>
          Object.values(Object.groupBy(nodes, (node) => Math.round(node.getBoundingClientRect().top))).map(
            (row) => row?.length ?? 0,
          ),
        );
      expect(rows.reduce((sum, count) => sum + count)).toBe(5);
      expect(rows.length > 1 && width > 620 ? rows.at(-1) : 2).toBeGreaterThan(1);
      await page.context().close();
    },
  );

  test('the newest candle stands clear of the names of the lines of a position', async () => {
    const { page } = await openPage(browser, url);
    await page.waitForSelector('#chart[data-bars]');
    for (const symbol of ['BTC/USDT', 'ETH/USDT']) {
      await page.click(`#chart-symbols [data-value="${symbol}"]`);
      await expect.poll(() => page.locator('#chart').getAttribute('aria-label')).toContain(symbol);
    }
    // Columns in the last 40 px of the pane in which more is drawn than lines across it.
    const drawn = await page.locator('#chart').evaluate((chart) => {
      const [pane] = [...chart.querySelectorAll('canvas')].toSorted((a, b) => b.width * b.height - a.width * a.height);
      const ratio = (pane?.width ?? 0) / (pane?.clientWidth ?? 1);
      const wide = Math.round(40 * ratio);
      const { data, width, height } = pane?.getContext('2d')?.getImageData(pane.width - wide, 0, wide, pane.height) ?? {
        data: [],
        width: 0,
        height: 0,
      };
      let columns = 0;
      for (let x = 0; x < width; x += 1) {
        let pixels = 0;
        for (let y = 0; y < height; y += 1) if ((data[(y * width + x) * 4 + 3] ?? 0) > 200) pixels += 1;
        if (pixels > 16 * ratio) columns += 1;
      }
      return columns;
    });
    expect(await page.locator('#chart-note').innerText()).toContain('no position');
    expect(drawn).toBe(0);
    await page.context().close();
  });

  test('a bar of drift stands between its name and its value', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    // Drift is judged from 500 hours on: the row is laid out by the page's style all the same.
    const middles = await page.evaluate(() => {
      const row = Object.assign(document.createElement('div'), {
        className: 'bars-row',
        innerHTML:
          '<span class="bars-name">return 168h</span><div class="track"></div><span class="number">0.12</span>',
      });
      document.getElementById('model')?.append(row);
      return [...row.children].map(
        (part) => (part.getBoundingClientRect().top + part.getBoundingClientRect().bottom) / 2,
      );
    });
    expect(Math.max(...middles) - Math.min(...middles)).toBeLessThan(3);
    await page.context().close();
  });

  test('a row that is read stays where it is while others come above it', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    const box = page.locator('#decisions');
    await box.evaluate((node) => node.scrollTo(0, 150));
    const newest = () => page.locator('.row-button').first().getAttribute('data-at');
    const [row, first] = [page.locator('.row-button').nth(8), await newest()];
    const { symbol, at } = await row.evaluate((button) => ({ ...button.dataset }));
    const place = () =>
      page
        .locator(`.row-button[data-symbol="${symbol}"][data-at="${at}"]`)
        .evaluate(
          (button) =>
            button.getBoundingClientRect().top -
            (document.getElementById('decisions')?.getBoundingClientRect().top ?? 0),
        );
    const before = await place();
    await demo.bot.control('POST', '/control/pause', { paused: false });
    await passHours(demo.bot, 2);
    await demo.bot.control('POST', '/control/pause', { paused: true });
    await expect.poll(newest).not.toBe(first);
    await page.waitForTimeout(500);
    expect(Math.abs((await place()) - before)).toBeLessThan(2);
    await page.context().close();
  });

  test('on paper the board is light and whole, from whatever view: no table is cut off, and nothing is there to be pressed', async () => {
    const { page } = await openPage(browser, url, { width: 794, height: 1123, scheme: 'dark' });
    await decided(page);
    await page.click('#theme');
    await page.click('#theme');
    await page.click('[data-show=chat]');
    await page.emulateMedia({ media: 'print' });
    for (const id of ['#decisions', '#activity'])
      expect(await page.locator(id).evaluate((box) => box.scrollHeight - box.clientHeight), id).toBeLessThanOrEqual(1);
    for (const id of ['#side', '#desk', '#theme', '#tab-trades'])
      expect(await page.locator(id).isVisible(), id).toBe(false);
    for (const id of ['#hero', '#tab-fills', '#chart', '#audit'])
      expect(await page.locator(id).isVisible(), id).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(16, 28, 40)');
    await page.context().close();
  });

  test('in colours of the reader’s own it can be seen what is chosen, and how far a limit is', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    await page.emulateMedia({ forcedColors: 'active' });
    const ground = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((node) => getComputedStyle(node).backgroundColor);
    for (const chosen of ['#chart-hours [aria-pressed=true]', '#tab-fills'])
      expect(await ground(chosen), chosen).not.toBe(await ground('body'));
    expect(
      await page
        .locator('#limits .track')
        .first()
        .evaluate((node) => getComputedStyle(node).outlineStyle),
    ).toBe('solid');
    await page.context().close();
  });
});
