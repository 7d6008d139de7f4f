import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeFaults, coloursOf, launchChromium, openPage, type View } from './chromium.ts';
import { passHours, startDemo, type Demo } from './demo-process.ts';

const QUICK = { DEMO_HOUR_SECONDS: '0.2', DEMO_SEED: '1' };

let browser: Browser;
let demo: Demo;
let url: string;

beforeAll(async () => {
  browser = await launchChromium();
  // Slow enough that on a loaded machine, too, this market is not yet at its kill-switch (after 174 hours) when the
  // tests look at it.
  demo = await startDemo({ ...QUICK, DEMO_HOUR_SECONDS: '1' }, null);
  url = demo.bot.pageUrl;
});
afterAll(async () => {
  await demo.end();
  await browser.close();
});

const VIEWS: readonly View[] = [
  { width: 375, height: 812, scheme: 'light' },
  { width: 375, height: 812, scheme: 'dark' },
  { width: 768, height: 1024, scheme: 'light' },
  { width: 1440, height: 900, scheme: 'light' },
  { width: 1440, height: 900, scheme: 'dark' },
];
const named = VIEWS.map((view) => [`${view.width} px, ${view.scheme}`, view] as const);

const decided = async (page: Page): Promise<void> => {
  await page.waitForSelector('#decisions .row-button');
};
const marketTime = (page: Page): Promise<string> => page.locator('#market-time').innerText();

describe('the page of the demo', () => {
  test('shows state, figures, charts and the first decisions, without a fault and without leaving loopback', async () => {
    const { page, faults } = await openPage(browser, url);
    await decided(page);
    await page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true');
    expect(await page.locator('#state').innerText()).toMatch(/Active|Exits only|Halted/);
    expect(await page.locator('#equity').innerText()).toMatch(/^\d[\d,]*\.\d\d USDT$/);
    expect(await page.locator('#drawdown').textContent()).toMatch(/\d\u00a0% of \d/);
    expect(await page.locator('#limits [role=meter]').count()).toBeGreaterThanOrEqual(5);
    await expect.poll(() => coloursOf(page, '#chart')).toBeGreaterThan(20);
    await expect.poll(() => coloursOf(page, '#curve')).toBeGreaterThan(20);
    expect(await page.locator('#chart').getAttribute('aria-label')).toMatch(/BTC\/USDT: \d+ hourly candles/);
    await page.waitForSelector('#log .bubble');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each(named)('axe finds nothing wrong, and nothing is wider than the screen: %s', async (_name, view) => {
    const { page, faults } = await openPage(browser, url, view);
    await decided(page);
    expect(await axeFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await page.click('#desk-more');
    await page.locator('.row-button').first().click();
    await page.waitForSelector('#decision h3');
    expect(await axeFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    if (view.width < 900) {
      await page.click('[data-show=chat]');
      await page.waitForSelector('#log .bubble');
      expect(await axeFaults(page)).toEqual([]);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('an entry explains itself: odds, features, size, every check, and what became of it', async () => {
    // A demo of its own, stopped at its first entry: the other one has gone on for weeks by now, and a lock may keep
    // entries out.
    const own = await startDemo(QUICK, null);
    onTestFinished(() => own.end());
    const { page, faults } = await openPage(browser, own.bot.pageUrl);
    const entry = page.locator('#decisions tr:has(.chip.good) .row-button').first();
    await entry.waitFor();
    await own.bot.control('POST', '/control/pause', { paused: true });
    await entry.click();
    const dialog = page.locator('#decision');
    await dialog.locator('.guard li').first().waitFor();
    const text = await dialog.innerText();
    expect(text).toMatch(/Probability that the target comes before the stop: 0\.\d{3}/);
    expect(text).toMatch(/Expected value [+−]\d/);
    expect(await dialog.locator('.effects').first().locator('.effect').count()).toBeGreaterThanOrEqual(3);
    expect(text).toMatch(/Equity [\d,.]+, so at most [\d.]+ may be lost/);
    expect(await dialog.locator('.guard li').count()).toBeGreaterThanOrEqual(18);
    expect(text).toMatch(/What became of it/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('works by keyboard alone: skip link, tabs by arrows, a decision opened and closed with the focus back', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('board');
    await page.focus('#tab-fills');
    await page.keyboard.press('ArrowRight');
    expect(
      await page.evaluate(() => [document.activeElement?.id, document.activeElement?.getAttribute('aria-selected')]),
    ).toEqual(['tab-trades', 'true']);
    await page.locator('.row-button').first().focus();
    const opened = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#decision[open] h3');
    // The next hours are decided while the dialog is open: the list behind it is drawn anew.
    await passHours(demo.bot, 2);
    await page.waitForFunction(
      (label) => document.querySelector('.row-button')?.getAttribute('aria-label') !== label,
      opened,
    );
    await page.keyboard.press('Escape');
    expect(
      await page.evaluate(() => [
        document.querySelector('dialog[open]'),
        document.activeElement?.getAttribute('aria-label'),
      ]),
    ).toEqual([null, opened]);
    await page.context().close();
  });

  test('a line that broke with the bot is resumed with its next start: nothing missing, nothing twice', async () => {
    const { page } = await openPage(browser, url);
    await decided(page);
    const shown = () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.row-button')].map(
          ({ dataset }) => `${dataset['symbol']} ${dataset['at']}`,
        ),
      );
    const before = await shown();
    let begunAnew = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/api/board')) begunAnew += 1;
    });
    await demo.restart(async () => {
      await page.waitForSelector('#offline:not([hidden])', { timeout: 30_000 });
      expect(await page.locator('#offline').innerText()).toMatch(
        /does not answer\. What is shown is from \d\d:\d\d:\d\d/,
      );
    });
    await page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true', undefined, {
      timeout: 60_000,
    });
    await passHours(demo.bot, 6);
    await demo.bot.control('POST', '/control/pause', { paused: true });
    // Asked anew at each look: an hour that was under way at the pause is still decided.
    const newest = async () => {
      const { rows } = (await (await fetch(`${url}/api/board`)).json()) as {
        rows: { decisions: { symbol: string; openTime: number }[] };
      };
      return rows.decisions.map(({ symbol, openTime }) => `${symbol} ${openTime}`).toReversed();
    };
    const agree = async () => {
      const expected = await newest();
      return expected.length > 0 && expected.join() === (await shown()).slice(0, expected.length).join();
    };
    await expect.poll(agree, { timeout: 20_000 }).toBe(true);
    const after = await shown();
    expect(new Set(after).size).toBe(after.length);
    expect(after).toContain(before[0]);
    expect(begunAnew).toBe(0);
    expect(await page.locator('#offline').isVisible()).toBe(false);
    await demo.bot.control('POST', '/control/pause', { paused: false });
    await page.context().close();
  });

  test('the market can be paused, made faster and made to fail; the Guardian is seen at work', async () => {
    const { page, faults } = await openPage(browser, url);
    await decided(page);
    await page.click('#desk-speeds [data-value="0.5"]');
    await expect.poll(() => page.locator('#desk-speeds [data-value="0.5"]').getAttribute('aria-pressed')).toBe('true');
    await page.click('#desk-pause');
    await page.waitForSelector('#desk-pause[aria-pressed=true]');
    // The page comes to show the time at which the market stands; two looks later neither has moved.
    const look = () => page.waitForResponse((answer) => answer.url().endsWith('/api/market'));
    const standsAt = async (): Promise<number> =>
      ((await demo.bot.control('GET', '/control/state')) as { readonly marketTime: number }).marketTime;
    const stood = await standsAt();
    await expect
      .poll(async () => Date.parse(await marketTime(page)), { timeout: 10_000 })
      .toBe(stood - (stood % 60_000));
    const still = await marketTime(page);
    await look();
    await look();
    expect(await standsAt()).toBe(stood);
    expect(await marketTime(page)).toBe(still);
    await page.click('#desk-pause');
    await expect.poll(() => marketTime(page)).not.toBe(still);

    await page.click('#desk-more');
    await page.click('[data-preset=stale]');
    await page.waitForSelector('#desk-faults .chip');
    expect(await page.locator('#desk-say').innerText()).toContain('Prices stand still');
    await page.waitForSelector('#locks [data-lock^="stale-data"]', { timeout: 60_000 });
    expect(await page.locator('#why').innerText()).toMatch(/Stale data: no entries in [A-Z, ]+\./);
    await expect.poll(() => page.locator('#health-chip').innerText()).toMatch(/^\d to look at$/);
    await page.locator('#desk-faults .button').click();
    await page.waitForSelector('#locks [data-lock^="stale-data"]', { state: 'detached', timeout: 60_000 });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('light and dark can be chosen, and are remembered', async () => {
    const { page } = await openPage(browser, url);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.click('#theme');
    await page.click('#theme');
    expect(await page.locator('#theme').getAttribute('aria-label')).toBe('Colours: dark');
    expect(await ground()).not.toBe(light);
    await page.reload();
    expect(await ground()).not.toBe(light);
    await page.context().close();
  });
});
