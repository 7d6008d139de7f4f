import { afterEach, expect, test } from 'vitest';
import { verify } from '../../src/app/replay.ts';
import { add, decimal, formatDecimal, mulDown, sub, toNumber, ZERO, type Decimal } from '../../src/core/decimal.ts';
import { markEquity } from '../../src/core/engine/marking.ts';
import { imbalance, quantityOf } from '../../src/core/ledger/ledger.ts';
import { HOUR_MS, SECOND_MS, type EpochMs } from '../../src/core/units.ts';
import type { Caller } from '../../src/ports/operator.ts';
import { createRawClient } from '../../src/sim/exchange/testing.ts';
import { demoHistory } from '../../src/sim/generator/demo-history.ts';
import { createRandomStream, type RandomStream } from '../../src/sim/generator/random.ts';
import { startInProcess, type InProcessBot } from '../support/in-process-bot.ts';

/**
 * Everything else that happens on an account, at random, around the whole bot over HTTP: money and coins that come and
 * go, an operator who trades beside it and takes its stops away, fees that change, fills that are listed late, twice or
 * backwards. The oracle keeps books of its own, from the simulator's trades alone: what ours have done, and what came
 * from outside.
 */
const SYMBOLS = ['BTC/USDT', 'ETH/USDT'] as const;
const COIN = 'SOL';
const OPERATOR: Caller = { userId: 1, name: 'test', role: 'operator', via: 'control-socket' };
const BY_HAND = 'web_';

let running: InProcessBot | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

type Simulator = InProcessBot['simulator'];
interface Row {
  readonly symbol: string;
  readonly orderId: number;
  readonly isBuyer: boolean;
  readonly qty: string;
  readonly quoteQty: string;
  readonly commission: string;
  readonly commissionAsset: string;
}

const total = ({ control }: Simulator, asset: string): Decimal => {
  const row = control.state().balances[asset];
  return row === undefined ? ZERO : add(decimal(row.free), decimal(row.locked));
};

/** What ours and others have moved, by asset: the sum of trades, and for others what was paid in and out as well. */
const flows = (
  simulator: Simulator,
): { readonly own: Map<string, Decimal>; readonly outside: Map<string, Decimal> } => {
  const own = new Map<string, Decimal>();
  const outside = new Map(
    Object.entries(simulator.control.state().balances).map(([asset, { deposited }]) => [asset, decimal(deposited)]),
  );
  const byHand = new Set(
    (
      simulator.control.orders().orders as unknown as { symbol: string; orderId: number; clientOrderId: string }[]
    ).flatMap(({ symbol, orderId, clientOrderId }) =>
      clientOrderId.startsWith(BY_HAND) ? [`${symbol} ${orderId}`] : [],
    ),
  );
  for (const {
    symbol,
    orderId,
    isBuyer,
    qty,
    quoteQty,
    commission,
    commissionAsset,
  } of simulator.control.trades() as unknown as Row[]) {
    const to = byHand.has(`${symbol} ${orderId}`) ? outside : own;
    const move = (asset: string, amount: Decimal): void => void to.set(asset, add(to.get(asset) ?? ZERO, amount));
    move(symbol.slice(0, 3), isBuyer ? decimal(qty) : sub(ZERO, decimal(qty)));
    move('USDT', isBuyer ? sub(ZERO, decimal(quoteQty)) : decimal(quoteQty));
    move(commissionAsset, sub(ZERO, decimal(commission)));
  }
  return { own, outside };
};

/** One event; those that the account has no means for are none. */
const happen = async (random: RandomStream, simulator: Simulator, takesCoins: boolean): Promise<string> => {
  const { control } = simulator;
  const client = createRawClient(simulator);
  /** By hand, on the exchange's own page: its clock is the exchange's. */
  const byHand = async (method: 'POST' | 'DELETE', parameters: Record<string, string>): Promise<number> =>
    (await client.signed(method, 'order', parameters, { now: control.state().wallTime })).status;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.uniform() * of.length)] as T;
  const symbol = pick(['BTCUSDT', 'ETHUSDT']);
  const free = (asset: string): number => Number(control.state().balances[asset]?.free ?? '0');
  const market = (of: string, parameters: Record<string, string>): Promise<number> =>
    byHand('POST', {
      symbol: of,
      type: 'MARKET',
      newClientOrderId: `${BY_HAND}${control.state().receivedCount}`,
      ...parameters,
    });
  const stops = () =>
    (control.state().openOrders as unknown as { symbol: string; clientOrderId: string; type: string }[]).filter(
      ({ type }) => type.startsWith('STOP'),
    );
  const events: readonly (() => string | Promise<string>)[] = [
    () => (control.deposit('USDT', (random.uniform() ** 8 * 300 + 1e-8).toFixed(8)), 'deposit'),
    () => (control.deposit('USDT', (-free('USDT') * random.uniform() ** 4 * 0.3).toFixed(8)), 'withdrawal'),
    () => (control.deposit(pick(['BTC', 'ETH', 'FORK']), (random.uniform() * 0.01 + 1e-8).toFixed(8)), 'coins'),
    () => (
      control.deposit(
        COIN,
        pick([random.uniform() * 0.05, 1e-8, -free(COIN), -free(COIN) * random.uniform()]).toFixed(8),
      ),
      'fee coin'
    ),
    async () => `bought by hand: ${await market(symbol, { side: 'BUY', quoteOrderQty: '11' })}`,
    () => (control.fees({ taker: pick(['0.00075', '0.001', '0.003']), coin: pick([COIN, null]) }), 'fees'),
    () => (control.fault({ name: pick(['duplicate-fills', 'reordered-fills', 'late-fills']), steps: 6 }), 'fills'),
    () => (control.jump(symbol, (random.uniform() - 0.5) * 0.03), 'jump'),
    async () => {
      const stop = stops()[0];
      if (stop === undefined) return 'nothing';
      const cancelled = await byHand('DELETE', { symbol: stop.symbol, origClientOrderId: stop.clientOrderId });
      if (!takesCoins) return `stop cancelled by hand: ${cancelled}`;
      const quantity = (Math.floor(free(stop.symbol.slice(0, 3)) * pick([1, 0.5]) * 1e4) / 1e4).toFixed(4);
      return `stop cancelled by hand: ${cancelled}, coins sold: ${await market(stop.symbol, { side: 'SELL', quantity })}`;
    },
  ];
  return pick(events)();
};

/** Equity by the oracle's books: own trades, and of what came from outside as much as is booked. */
const equityBy = (simulator: Simulator, booked: Decimal, coins: Decimal): number => {
  const { own } = flows(simulator);
  const { prices } = simulator.control.state();
  const worth = (asset: string, amount: Decimal): number =>
    toNumber(mulDown(amount, decimal(prices[`${asset}/USDT`] ?? '0')));
  return (
    toNumber(add(own.get('USDT') ?? ZERO, booked)) +
    worth('BTC', own.get('BTC') ?? ZERO) +
    worth('ETH', own.get('ETH') ?? ZERO) +
    worth(COIN, coins)
  );
};

const live = async (seed: number, hours: number, takesCoins: boolean): Promise<void> => {
  const symbols = [...SYMBOLS, `${COIN}/USDT`];
  const market = demoHistory({ seed: 11, symbols });
  const random = createRandomStream(seed, 'account-events');
  const until = market.from + hours * HOUR_MS;
  const told: string[] = [];
  let shortSince: EpochMs | null = null;
  /** Whether money was missing since the last time that none was and no lock held: only that may lock the account. */
  let caused = false;
  let compared = 0;
  let commands = 0;
  /** Before each look at the market: what the bot believes against the oracle's books, then an event. */
  const eachRound = async (): Promise<void> => {
    if (running === null) return;
    const { bot, simulator, service } = running;
    const { state } = bot.host;
    const where = (): string => `seed ${seed}: ${told.slice(-6).join('; ')}`;
    const missing = sub(flows(simulator).outside.get('USDT') ?? ZERO, state.ledger.deposits);
    if (!takesCoins) {
      const equity = markEquity(state, state.at, state.wall).value;
      if (equity !== null && bot.executor.idle && state.unsettled === 0) {
        compared += 1;
        expect(equity, where()).toBeCloseTo(equityBy(simulator, state.ledger.deposits, state.ledger.feeCoin), 5);
      }
      shortSince = missing < ZERO ? (shortSince ?? state.at) : null;
      // An hour to the next comparison, and two readings of what does not change meanwhile.
      if (shortSince !== null && state.at - shortSince > 3 * HOUR_MS)
        expect(Object.keys(state.guardian.locks), where()).toContain('reconciliation');
      const locked = state.guardian.locks['reconciliation'] !== undefined;
      caused = missing < ZERO || (caused && locked);
      expect(locked && !caused, `a lock without a cause, ${where()}`).toBe(false);
    }
    if (Object.keys(state.guardian.locks).length > 0 && random.uniform() < 0.4) {
      bot.host.apply({ type: 'command', commandId: `r${(commands += 1)}`, by: 'test', command: { name: 'reconcile' } });
    } else if (service.locks().length > 0) {
      const preview = service.unlockPreview();
      if (preview.locks.length > 0 && preview.refusals.length === 0)
        await service.unlock(OPERATOR, {
          ...preview.shown,
          lockIds: preview.locks.map((lock) => lock.id),
          reason: 'test',
          newLossPermitted: preview.newLossPermitted,
        });
    }
    // The last hours are quiet.
    if (state.at < until - 8 * HOUR_MS && random.uniform() < 0.12)
      told.push(await happen(random, simulator, takesCoins));
  };
  running = await startInProcess({
    history: { symbols, candles: market.candles, end: market.end },
    from: market.from,
    until,
    symbols: [...SYMBOLS],
    probability: 0.9,
    feeCoin: { asset: COIN, amount: '0.05' },
    roundTakes: 20 * SECOND_MS,
    eachRound,
  });
  const { bot, simulator, database } = running;
  bot.start();
  expect(await bot.finished).toBe('ended');
  const { ledger } = bot.host.state;
  const { own, outside } = flows(simulator);
  const text = (amount: Decimal | null | undefined): string => formatDecimal(amount ?? ZERO);
  expect([text(ledger.cash), text(ledger.feeCoin), text(imbalance(ledger))], told.join('; ')).toEqual([
    text(total(simulator, 'USDT')),
    text(total(simulator, COIN)),
    '0',
  ]);
  for (const symbol of SYMBOLS) {
    const asset = symbol.slice(0, 3);
    if (takesCoins) expect(quantityOf(ledger, symbol)).toBeLessThanOrEqual(total(simulator, asset));
    else expect(text(quantityOf(ledger, symbol))).toBe(text(own.get(asset)));
  }
  if (!takesCoins) {
    expect(text(ledger.deposits)).toBe(text(outside.get('USDT')));
    expect(compared).toBeGreaterThan(hours);
  }
  expectBaselines(database);
  expect(running.warnings.filter((warning) => warning.startsWith('fatal'))).toEqual([]);
  expect(verify(database.journal)).toMatchObject({ ok: true, firstDifference: null });
};

interface Told {
  readonly type: string;
  readonly amount?: string;
  readonly cause?: string;
  readonly before?: number | null;
  readonly after?: number;
}

/** Baselines move with money from outside by exactly its amount. */
const expectBaselines = (database: InProcessBot['database']): void => {
  let moved = 0;
  for (const { effects } of database.journal.entriesAfter(0)) {
    const told = JSON.parse(effects) as readonly Told[];
    const amount = told.reduce((sum, effect) => sum + (effect.type === 'deposit' ? Number(effect.amount) : 0), 0);
    for (const { type, cause, before, after } of told) {
      if (type !== 'baseline' || (cause !== 'deposit' && cause !== 'withdrawal')) continue;
      moved += 1;
      expect((after ?? 0) - (before ?? 0)).toBeCloseTo(amount, 6);
    }
  }
  expect(moved).toBeGreaterThan(4);
};

test.each([1, 32])(
  'ledger, equity and baselines follow what happens on the account to the last unit (%d)',
  { timeout: 120_000 },
  (seed) => live(seed, 150, false),
);

test.each([44])('and where the coins of a position are sold by hand (%d)', { timeout: 120_000 }, (seed) =>
  live(seed, 150, true),
);
