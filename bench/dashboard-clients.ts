/**
 * Whether open pages slow the engine: time of a step with no page and with 50, turn by turn on one running bot,
 * so that whatever else the machine does meets both alike. The readers live in a process of their own.
 * Usage: npm run bench -- dashboard-clients [readers] [market hours a turn] [pairs of turns]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startWebServer } from '../src/adapters/web/server.ts';
import { createDashboard } from '../src/app/dashboard/dashboard.ts';
import { createFeatureExplainer } from '../src/app/dashboard/explain-features.ts';
import type { JournalStore } from '../src/ports/store.ts';
import { HOUR_MS } from '../src/core/units.ts';
import { demoHistory } from '../src/sim/generator/demo-history.ts';
import { startInProcess } from '../tests/support/in-process-bot.ts';

const [first = '50', second = '120', third = '8'] = process.argv.slice(2);

/** In the readers' process: opens streams and throws away what comes. */
const readFrom = async (url: string, count: number): Promise<void> => {
  const streams = await Promise.all(Array.from({ length: count }, () => fetch(`${url}/api/stream`)));
  process.stdout.write('open\n');
  await Promise.all(
    streams.map(async ({ body }) => {
      for await (const _part of body ?? []) continue;
    }),
  );
};

const openReaders = async (url: string, count: number): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [import.meta.filename, 'read', url, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no output to read');
  await once(child.stdout, 'data');
  return child;
};

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;

const measure = async (readers: number, hours: number, pairs: number): Promise<void> => {
  const symbols = ['BTC/USDT', 'ETH/USDT'];
  const series = demoHistory({ seed: 1, symbols });
  let times: number[] = [];
  let turnEnds = series.from + 100 * HOUR_MS;
  const turnOver = { resolve: (): void => undefined };
  let goOn = Promise.resolve();
  const running = await startInProcess({
    history: { symbols, candles: series.candles, end: series.end },
    from: series.from,
    until: series.end,
    symbols,
    probability: 0.5,
    eachRound: async () => {
      if (running.marketNow() < turnEnds) return;
      turnOver.resolve();
      await goOn;
    },
  });
  const { journal } = running.database;
  const commit = journal.commit.bind(journal);
  const timed: JournalStore['commit'] = (inputs, apply) =>
    commit(inputs, (input) => {
      const from = performance.now();
      const effects = apply(input);
      times.push(performance.now() - from);
      return effects;
    });
  Object.assign(journal, { commit: timed });
  const dashboard = createDashboard({
    host: running.bot.host,
    service: running.service,
    tools: { model: () => null, readiness: () => null },
    records: running.database.board,
    audits: running.database.audit,
    recent: (symbol, count) => running.bot.feed.recent(symbol, count),
    explainer: createFeatureExplainer(null, null),
    health: () => ({ ok: true, checks: [] }),
    outboxDepth: () => 0,
    instanceId: running.database.identity.instanceId,
  });
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const server = await startWebServer({
    host: '127.0.0.1',
    port: 0,
    token: null,
    names: [],
    dashboard,
    health: () => ({ ok: true, checks: [] }),
    metrics: null,
    chat: null,
    market: null,
    log: quiet,
    refresh: 400,
  });

  const samples = { none: [] as number[], some: [] as number[] };
  /** Lets the market run for one turn; the bot waits between turns. */
  const turn = async (into: number[] | null, begin: () => void): Promise<void> => {
    const over = Promise.withResolvers<void>();
    turnOver.resolve = over.resolve;
    times = [];
    begin();
    await over.promise;
    into?.push(...times);
  };
  let release: () => void = () => undefined;
  const hold = (): void => {
    const next = Promise.withResolvers<void>();
    const before = release;
    goOn = next.promise;
    release = next.resolve;
    before();
  };
  hold();
  await turn(null, () => running.bot.start());
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const kind of pair % 2 === 0 ? (['none', 'some'] as const) : (['some', 'none'] as const)) {
      const child = kind === 'some' ? await openReaders(server.url, readers) : null;
      await turn(samples[kind], () => {
        turnEnds = running.marketNow() + hours * HOUR_MS;
        hold();
      });
      child?.kill();
      if (child !== null) await once(child, 'close');
    }
  }
  await server.close();
  release();
  await running.close();
  for (const list of [samples.none, samples.some]) list.sort((a, b) => a - b);
  const line = (name: string, list: readonly number[]): string =>
    `${name.padEnd(12)} ${String(list.length).padStart(7)} steps; p50 ${(quantile(list, 0.5) * 1000).toFixed(1)} µs, p99 ${(quantile(list, 0.99) * 1000).toFixed(1)} µs, p99.9 ${(quantile(list, 0.999) * 1000).toFixed(1)} µs`;
  console.log(line('no page', samples.none));
  console.log(line(`${readers} pages`, samples.some));
  console.log(
    `p99 with ${readers} pages is ${(quantile(samples.some, 0.99) / quantile(samples.none, 0.99)).toFixed(2)} times that with none`,
  );
};

if (first === 'read') await readFrom(second, Number(third));
else await measure(Number(first), Number(second), Number(third));
