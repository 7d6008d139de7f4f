import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectReadOnly } from '../../../src/adapters/sqlite/connection.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/core/units.ts';
import { generateMarket } from '../../../src/sim/exchange/testing.ts';
import { createExchangeSimulator, type ExchangeSimulator } from '../../../src/sim/exchange/simulator.ts';
import { createRandomStream } from '../../../src/sim/generator/random.ts';
import { POINTS, type Line, type Orders } from './points.ts';

export interface CampaignOptions {
  readonly kills: number;
  /** Points to kill at, evenly. */
  readonly points?: readonly string[];
  readonly seed: number;
  readonly out: (line: string) => void;
}

export interface CampaignResult {
  readonly kills: number;
  /** How often the process died at each point. */
  readonly coverage: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly trades: number;
}

const SYMBOLS = { 'BTC/USDT': 60_000, 'ETH/USDT': 3_000 };
const HISTORY_HOURS = 95 * 24;
/** Far more market than a campaign can use up. */
const TRADING_HOURS = 3_000 * 24;
/** Wall time between two starts, so that no lock of a crash loop or of quiet minutes stands in the way. */
const BETWEEN_STARTS = 6 * MINUTE_MS;
const PATIENCE = 20_000;
const FINAL_ROUNDS = 60;
/** Commits that a start makes once. */
const ONCE = /^commit:(started|clock-skew|history)/;
const HISTORY = /^commit:history/;
const HISTORY_KILLS = 2;
const BOT = fileURLToPath(new URL('bot-process.ts', import.meta.url));

/**
 * Starts the bot again and again and lets it be killed at one named point after another, always on the
 * same database and the same account; then compares everything.
 */
export const runCampaign = async (options: CampaignOptions): Promise<CampaignResult> => {
  const points = options.points ?? POINTS;
  const folder = mkdtempSync(join(tmpdir(), 'guardian-crash-'));
  const from = Date.UTC(2026, 0, 5);
  const history = generateMarket({
    symbols: SYMBOLS,
    from: from - HISTORY_HOURS * HOUR_MS,
    hours: HISTORY_HOURS + TRADING_HOURS,
    seed: options.seed,
  });
  let wallOffset = 0;
  const simulator = await createExchangeSimulator({
    history,
    startTime: from,
    seed: options.seed,
    balances: { USDT: '5000' },
    fees: { maker: '0.0001', taker: '0.0001' },
    wallNow: () => Date.now() + wallOffset,
  });
  const coverage: Record<string, number> = Object.fromEntries(points.map((point) => [point, 0]));
  const faults: string[] = [];
  const random = createRandomStream(options.seed, 'campaign');
  const expected: { state: string | null } = { state: null };
  const common = {
    url: simulator.url,
    controlUrl: simulator.controlUrl,
    ...simulator.credentials,
    database: join(folder, 'bot.db'),
    chat: join(folder, 'chat.txt'),
    symbols: Object.keys(SYMBOLS),
  };
  let kills = 0;
  let starts = 0;

  const live = async (point: string | null, skip: number): Promise<readonly Line[]> => {
    starts += 1;
    wallOffset += BETWEEN_STARTS;
    const orders: Orders = {
      ...common,
      point,
      skip,
      rounds: FINAL_ROUNDS,
      wallOffset,
      seed: options.seed * 1_000 + starts,
    };
    const { lines, signal, errors } = await runProcess(orders);
    const recovered = lines.find((line) => line.kind === 'recovered');
    if (recovered?.kind === 'recovered') {
      if (recovered.difference !== null)
        faults.push(`start ${starts}: the journal does not replay: ${recovered.difference}`);
      if (expected.state !== null && recovered.state !== expected.state)
        faults.push(`start ${starts}: the recovered state is not the one at the kill`);
    }
    const dying = lines.find((line) => line.kind === 'dying');
    expected.state = dying?.kind === 'dying' ? dying.state : null;
    for (const line of lines) if (line.kind === 'fatal') faults.push(`start ${starts}: ${line.message}`);
    if (dying !== undefined && signal !== 'SIGKILL')
      faults.push(`start ${starts}: ended by ${signal ?? 'itself'} instead of SIGKILL`);
    if (errors !== '') faults.push(`start ${starts}: ${errors.slice(0, 2_000)}`);
    return lines;
  };

  try {
    let vain = 0;
    while (kills < options.kills && faults.length === 0 && vain < 5) {
      const point = leastCovered(coverage, random.uniform());
      const lines = await live(point, ONCE.test(point) ? 0 : Math.floor(random.uniform() * 3));
      if (!lines.some((line) => line.kind === 'dying')) {
        vain += 1;
        options.out(`${point} was not reached`);
        continue;
      }
      vain = 0;
      kills += 1;
      coverage[point] = (coverage[point] ?? 0) + 1;
      if (kills % 20 === 0) options.out(`${kills} kills`);
    }
    if (vain >= 5) faults.push('five processes in a row did not reach their point');
    if (faults.length > 0) return { kills, coverage, faults, trades: 0 };
    const lines = await live(null, 0);
    const final = lines.find((line) => line.kind === 'final');
    if (final?.kind !== 'final') faults.push('the last process did not end in good order');
    else faults.push(...compareAll(simulator, final, common.database, common.chat));
    return { kills, coverage, faults, trades: final?.kind === 'final' ? final.trades : 0 };
  } finally {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const leastCovered = (coverage: Readonly<Record<string, number>>, draw: number): string => {
  // History is read once in the life of a database: its points come first, and then never again.
  const early = Object.keys(coverage).filter((point) => HISTORY.test(point) && (coverage[point] ?? 0) < HISTORY_KILLS);
  const others = Object.keys(coverage).filter((point) => !HISTORY.test(point));
  const least = Math.min(...others.map((point) => coverage[point] ?? 0));
  const list = early.length > 0 ? early : others.filter((point) => coverage[point] === least);
  return list[Math.floor(draw * list.length)] ?? list[0] ?? '';
};

const runProcess = async (
  orders: Orders,
): Promise<{ readonly lines: readonly Line[]; readonly signal: NodeJS.Signals | null; readonly errors: string }> => {
  const child = spawn(process.execPath, [BOT, JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'guardian-compile-cache') },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (part: Buffer) => void (output += part.toString()));
  child.stderr.on('data', (part: Buffer) => void (errors += part.toString()));
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(late);
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  return { lines, signal, errors };
};

/** What has to hold after any number of kills. */
const compareAll = (
  simulator: ExchangeSimulator,
  final: Extract<Line, { kind: 'final' }>,
  database: string,
  chat: string,
): readonly string[] => {
  const faults: string[] = [];
  const { balances, openOrders } = simulator.control.state();
  const total = (asset: string): number => Number(balances[asset]?.free ?? 0) + Number(balances[asset]?.locked ?? 0);
  const same = (asset: string, ours: string): void => {
    const cents = (value: number): number => Math.round(value * 1e8);
    if (cents(total(asset)) !== cents(Number(ours))) faults.push(`${asset}: ledger ${ours}, exchange ${total(asset)}`);
  };
  same('USDT', final.cash);
  for (const [symbol, quantity] of Object.entries(final.positions)) same(symbol.split('/')[0] ?? symbol, quantity);
  if (final.unsettled.length > 0) faults.push(`outcomes left unknown: ${final.unsettled.join(', ')}`);
  if (final.journal !== null) faults.push(`the journal does not replay: ${final.journal}`);
  if (final.pendingAlerts > 0) faults.push(`${final.pendingAlerts} alerts were not delivered`);
  const open = openOrders.map((order) => String(order['clientOrderId']));
  for (const id of open)
    if (!final.working.includes(id)) faults.push(`${id} is open on the exchange and not in the books`);
  for (const id of final.working)
    if (!open.includes(id)) faults.push(`${id} is open in the books and not on the exchange`);

  const accepted = simulator.control.orders().orders.map((order) => String(order['clientOrderId']));
  const twice = accepted.filter((id, index) => accepted.indexOf(id) !== index);
  if (twice.length > 0) faults.push(`accepted twice: ${twice.join(', ')}`);
  const db = connectReadOnly(database);
  const intents = new Set(db.prepare<[], string>('SELECT client_order_id FROM orders').pluck().all());
  const keys = db.prepare<[], string>('SELECT key FROM outbox ORDER BY id').pluck().all();
  db.close();
  for (const id of accepted) if (!intents.has(id)) faults.push(`${id} was accepted without an intent`);
  faults.push(
    ...compareAlerts(
      keys,
      existsSync(chat)
        ? readFileSync(chat, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
    ),
  );
  return faults;
};

/** Every alert arrived at least once, first arrivals in order; long backlogs come as one. */
const compareAlerts = (keys: readonly string[], delivered: readonly string[]): readonly string[] => {
  const faults: string[] = [];
  const seen = new Set<string>();
  let newest = -1;
  for (const key of delivered) {
    if (seen.has(key)) continue;
    seen.add(key);
    const range = /^summary:(\d+)-(\d+)$/.exec(key);
    if (range !== null) {
      for (let id = Number(range[1]); id <= Number(range[2]); id += 1) seen.add(keys[id - 1] ?? '');
      continue;
    }
    const index = keys.indexOf(key);
    if (index < newest) faults.push(`alert ${key} arrived after a later one`);
    newest = Math.max(newest, index);
  }
  const lost = keys.filter((key) => !seen.has(key));
  if (lost.length > 0)
    faults.push(`${lost.length} of ${keys.length} alerts never arrived: ${lost.slice(0, 5).join(', ')}`);
  return faults;
};
