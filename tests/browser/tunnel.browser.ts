import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launchChromium, openPage } from './chromium.ts';
import { startDemo, type Demo } from './demo-process.ts';

let browser: Browser;
let demo: Demo;
/** The other end is gone: nothing comes through any more, and what was open then stays so for ever. */
let gone = false;
const ends = new Map<Socket, { dead: boolean }>();
const tunnel = createServer((near) => {
  const far = connect(Number(new URL(demo.bot.pageUrl).port), '127.0.0.1');
  const way = { dead: gone };
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    ends.set(from, way);
    from.on('data', (bytes) => void (way.dead || to.write(bytes)));
    from.on('error', () => undefined);
    from.on('close', () => void (way.dead || to.destroy()));
  }
});
const breakOff = (): void => {
  gone = true;
  for (const way of ends.values()) way.dead = true;
};

beforeAll(async () => {
  browser = await launchChromium();
  tunnel.listen(0, '127.0.0.1');
  await once(tunnel, 'listening');
  demo = await startDemo(
    { DEMO_HOUR_SECONDS: '1', DEMO_SEED: '1', DASHBOARD_NAMES: `127.0.0.1:${(tunnel.address() as AddressInfo).port}` },
    null,
  );
});
afterAll(async () => {
  await demo.end();
  await browser.close();
  for (const end of ends.keys()) end.destroy();
  tunnel.close();
});

test('where the line is dead and nothing says so, board and chat do, and both come back with it', async () => {
  const { page } = await openPage(browser, `http://127.0.0.1:${(tunnel.address() as AddressInfo).port}`);
  const chat = () => page.locator('#chat-state').innerText();
  await expect.poll(chat, { timeout: 20_000 }).toBe('bot · online');
  await page.waitForFunction(() => document.getElementById('live')?.dataset['on'] === 'true');
  breakOff();
  await page.waitForSelector('#offline:not([hidden])', { timeout: 30_000 });
  expect([await page.locator('#live').innerText(), await page.title(), await chat()]).toEqual([
    'connecting',
    'No answer · Guardian Bot',
    'connecting …',
  ]);
  await demo.bot.say('/pause said elsewhere meanwhile');
  await demo.bot.control('POST', '/control/pause', { paused: true });
  // Neither this question nor those that were under way are ever answered.
  await page.click('#chart-symbols [data-value="ETH/USDT"]');
  gone = false;
  await page.locator('#log .bubble', { hasText: 'said elsewhere meanwhile' }).first().waitFor({ timeout: 40_000 });
  await expect
    .poll(async () => [await page.locator('#offline').isVisible(), await chat()])
    .toEqual([false, 'bot · online']);
  await page.waitForSelector('#desk-pause[aria-pressed=true]', { timeout: 40_000 });
  await expect
    .poll(() => page.locator('#chart').getAttribute('aria-label'), { timeout: 40_000 })
    .toMatch(/^ETH\/USDT: \d+ hourly candles/);
  await page.context().close();
});
