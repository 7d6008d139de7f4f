/**
 * What an open page costs: first paint, and its heap after 1,000 and after 10,000 market hours of the real demo,
 * unpaced. Needs Debian's chromium. Usage: npm run bench -- dashboard-page [hours of the first look] [hours of the
 * second]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { startGuardian, type RunningBot } from '../tests/e2e/running-bot.ts';

const [early = 1_000, late = 10_000] = process.argv.slice(2).map(Number);
const HOUR = 3_600_000;
const PAINTS = 7;

const marketTime = async (bot: RunningBot): Promise<number> =>
  ((await bot.control('GET', '/control/state')) as { readonly marketTime: number }).marketTime;

const reach = async (bot: RunningBot, page: Page, at: number): Promise<void> => {
  while ((await marketTime(bot)) < at) await page.waitForTimeout(500);
};

interface Heap {
  readonly megabytes: number;
  readonly nodes: number;
}

/** After the garbage is gone: what the page really holds. */
const heapOf = async (cdp: CDPSession, page: Page): Promise<Heap> => {
  for (let time = 0; time < 3; time += 1) {
    await cdp.send('HeapProfiler.collectGarbage');
    await page.waitForTimeout(300);
  }
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const nodes = (await page.evaluate("document.getElementsByTagName('*').length")) as number;
  return { megabytes: usedSize / 1e6, nodes };
};

const directory = mkdtempSync(join(tmpdir(), 'guardian-bench-page-'));
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const bot = await startGuardian(
  { DASHBOARD_PORT: '0', DATABASE_PATH: join(directory, 'demo.db'), DEMO_HOUR_SECONDS: '2' },
  directory,
);
try {
  const paints: number[] = [];
  for (let time = 0; time < PAINTS; time += 1) {
    const page = await browser.newPage();
    await page.goto(bot.pageUrl);
    await page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length > 0");
    paints.push(await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime"));
    await page.close();
  }
  paints.sort((a, b) => a - b);
  console.log(`first paint   ${paints.map((paint) => `${paint.toFixed(0)} ms`).join(', ')}`);

  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(bot.pageUrl);
  await page.waitForSelector('#decisions .row-button');
  const cdp = await page.context().newCDPSession(page);
  const begin = await marketTime(bot);
  const from = performance.now();
  await bot.control('POST', '/control/pace', { stepMilliseconds: 0 });
  await reach(bot, page, begin + early * HOUR);
  const first = await heapOf(cdp, page);
  console.log(
    `heap at ${early.toLocaleString('en')} hours   ${first.megabytes.toFixed(2)} MB, ${first.nodes} elements`,
  );
  await reach(bot, page, begin + late * HOUR);
  const second = await heapOf(cdp, page);
  console.log(
    `heap at ${late.toLocaleString('en')} hours  ${second.megabytes.toFixed(2)} MB, ${second.nodes} elements, ${(second.megabytes / first.megabytes).toFixed(2)} times the first (${((performance.now() - from) / 1000).toFixed(0)} s)`,
  );
} finally {
  await bot.end('SIGKILL');
  await browser.close();
  rmSync(directory, { recursive: true, force: true });
}
