/**
 * How long `/status` takes on loopback while the whole bot works: real grammY over HTTP, the engine
 * fed by an unpaced market over ccxt, every alert delivered meanwhile.
 *
 *     npm run bench -- status-latency [count]
 *
 * The wanted figure is a 99th percentile below 150 ms.
 */
import { OPERATOR, startWholeBot, textOf, type WholeBot } from '../tests/support/whole-bot.ts';

const LIMIT = 150;
const count = Number(process.argv[2] ?? 500);

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

/** Many people, so that each stays below the limit of one command a second. */
const VIEWERS = Array.from({ length: 20 }, (_, index) => 3_001 + index);
const PAUSE = 1_050 / VIEWERS.length;

/** From the person's message until the answer is in the chat. */
const measure = async (bot: WholeBot, viewer: number): Promise<number> => {
  const { person } = bot.server;
  const before = performance.now();
  const sent = person.send(viewer, viewer, '/status');
  await person.waitFor(viewer, (message) => textOf(message).includes('Drawdown'), { afterMessageId: sent.message_id });
  const took = performance.now() - before;
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
  return took;
};

const report = async (name: string, bot: WholeBot, wanted: number): Promise<number> => {
  const before = await bot.market();
  const began = performance.now();
  const spans: number[] = [];
  for (let done = 0; done < wanted; done += 1)
    spans.push(await measure(bot, VIEWERS[done % VIEWERS.length] ?? OPERATOR));
  const after = await bot.market();
  spans.sort((left, right) => left - right);
  const hours = (after.marketTime - before.marketTime) / 3_600_000;
  const worst = percentile(spans, 0.99);
  console.log(
    `${name}: ${wanted} times, median ${percentile(spans, 0.5).toFixed(1)} ms, 95th ${percentile(spans, 0.95).toFixed(1)} ms, 99th ${worst.toFixed(1)} ms, longest ${(spans.at(-1) ?? 0).toFixed(1)} ms; meanwhile ${hours.toFixed(0)} market hours (${((hours / (performance.now() - began)) * 1000).toFixed(0)} a second), ${after.receivedCount - before.receivedCount} orders`,
  );
  return worst;
};

const bot = await startWholeBot({
  SYMBOLS: 'BTC/USDT,ETH/USDT',
  DEMO_HOUR_SECONDS: '0.1',
  TELEGRAM_VIEWERS: VIEWERS.join(','),
});
try {
  for (const id of VIEWERS) bot.server.person.addUser({ id, firstName: `Viewer ${id}` });
  await bot.hears(OPERATOR, 'stop placed');
  const worst = await report('/status', bot, count);
  console.log(worst < LIMIT ? `below the limit of ${LIMIT} ms` : `ABOVE the limit of ${LIMIT} ms`);
  process.exitCode = worst < LIMIT ? 0 : 1;
} finally {
  await bot.close();
}
