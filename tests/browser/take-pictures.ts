/**
 * Takes the pictures of docs/pictures from the real demo: the board at three widths, light and dark, a decision
 * explained, trouble at the exchange, a lock, the chat on a phone.
 * Usage: npx node tests/browser/take-pictures.ts [directory]
 * The chat's signs need a font that has them: Debian's fonts-noto-color-emoji.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, openPage, type View } from './chromium.ts';
import { passHours, setPace, startDemo } from './demo-process.ts';

const directory = process.argv[2] ?? 'docs/pictures';
const QUALITY = 84;
const CALM_STEP = 1_250;

const save = async (page: Page, name: string): Promise<void> => {
  const picture = await loadImage(await page.screenshot());
  const canvas = createCanvas(picture.width, picture.height);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  const bytes = await canvas.encode('webp', QUALITY);
  writeFileSync(join(directory, `${name}.webp`), bytes);
  console.log(`${name}.webp  ${picture.width}x${picture.height}  ${(bytes.length / 1024).toFixed(0)} kB`);
};

const withPage = async (
  browser: Browser,
  url: string,
  view: View,
  then: (page: Page) => Promise<void>,
): Promise<void> => {
  const { page } = await openPage(browser, url, view);
  await page.waitForSelector('#decisions .row-button');
  await page.waitForSelector('#log .bubble', { state: 'attached' });
  // Charts and pictures of the chat have been drawn by then.
  await page.waitForTimeout(2_500);
  await then(page);
  await page.context().close();
};

mkdirSync(directory, { recursive: true });
const browser = await launchChromium();
const demo = await startDemo({ DEMO_HOUR_SECONDS: '0.5', DEMO_SEED: '1' }, null);
try {
  const url = demo.bot.pageUrl;
  await passHours(demo.bot, 140);
  await setPace(demo.bot, CALM_STEP);
  await demo.bot.say('/pnl');
  for (const scheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [375, 812],
      [768, 1024],
      [1440, 900],
    ] as const)
      await withPage(browser, url, { width, height, scheme }, (page) => save(page, `dashboard-${width}-${scheme}`));
  }
  await withPage(browser, url, { width: 1440, height: 1180, scheme: 'light' }, async (page) => {
    const entry = page.locator('#decisions tr:has(.chip.good) .row-button').first();
    await ((await entry.count()) > 0 ? entry : page.locator('.row-button').first()).click();
    await page.waitForSelector('#decision h3');
    await save(page, 'decision-1440-light');
  });
  await demo.bot.say('/chart');
  await withPage(browser, url, { width: 375, height: 812, scheme: 'light' }, async (page) => {
    await page.click('[data-show=chat]');
    await page.waitForTimeout(500);
    await save(page, 'chat-375-light');
  });
  await setPace(demo.bot, 250);
  await withPage(browser, url, { width: 1440, height: 900, scheme: 'dark' }, async (page) => {
    await page.click('#desk-more');
    await page.click('[data-preset=wrong-balance]');
    await page.mouse.move(1_420, 890);
    await page.waitForSelector('#locks [data-lock=reconciliation]', { timeout: 60_000 });
    await save(page, 'trouble-1440-dark');
  });
} finally {
  await demo.end();
  await browser.close();
}
