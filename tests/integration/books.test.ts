import { afterEach, describe, expect, test } from 'vitest';
import { openCandleFolder } from '../../src/adapters/candles/candle-files.ts';
import { verify } from '../../src/app/replay.ts';
import { add, decimal, formatDecimal } from '../../src/core/decimal.ts';
import { imbalance, quantityOf } from '../../src/core/ledger/ledger.ts';
import { HOUR_MS, type EpochMs } from '../../src/core/units.ts';
import type { Caller, OperatorService } from '../../src/ports/operator.ts';
import type { MarketHistory } from '../../src/sim/exchange/market-history.ts';
import { demoHistory } from '../../src/sim/generator/demo-history.ts';
import { startInProcess, type InProcessBot, type InProcessOptions } from '../support/in-process-bot.ts';

const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
const OPERATOR: Caller = { userId: 1, name: 'test', role: 'operator', via: 'control-socket' };

let running: InProcessBot | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

/** An operator who unlocks whatever may be unlocked, so that the run goes on trading. */
const unlockEverything = async (service: OperatorService): Promise<void> => {
  if (service.locks().length === 0) return;
  const preview = service.unlockPreview();
  if (preview.locks.length === 0 || preview.refusals.length > 0) return;
  await service.unlock(OPERATOR, {
    ...preview.shown,
    lockIds: preview.locks.map((lock) => lock.id),
    reason: 'test',
    newLossPermitted: preview.newLossPermitted,
  });
};

/** Runs `hours` market hours and compares the bot's books with the simulator's, which share no code. */
const compareBooks = async (
  history: MarketHistory,
  from: EpochMs,
  hours: number,
  feeCoin?: InProcessOptions['feeCoin'],
): Promise<void> => {
  running = await startInProcess({
    history,
    from,
    until: from + hours * HOUR_MS,
    symbols: SYMBOLS,
    probability: 0.9,
    ...(feeCoin === undefined ? {} : { feeCoin }),
    eachRound: ({ service }) => unlockEverything(service),
  });
  const { bot, simulator, database } = running;
  bot.start();
  expect(await bot.finished).toBe('ended');
  await bot.stop('end');

  const { ledger } = bot.host.state;
  const account = simulator.control.state().balances;
  const total = (asset: string): string =>
    formatDecimal(add(decimal(account[asset]?.free ?? '0'), decimal(account[asset]?.locked ?? '0')));
  expect(ledger.cash === null ? null : formatDecimal(ledger.cash)).toBe(total('USDT'));
  expect(formatDecimal(quantityOf(ledger, 'BTC/USDT'))).toBe(total('BTC'));
  expect(formatDecimal(quantityOf(ledger, 'ETH/USDT'))).toBe(total('ETH'));
  expect(formatDecimal(imbalance(ledger))).toBe('0');
  if (feeCoin !== undefined) expect(formatDecimal(ledger.feeCoin)).toBe(total(feeCoin.asset));
  expect(database.records.trades(1, 0).total).toBeGreaterThan(hours / 50);
  expect(running.warnings.filter((warning) => warning.startsWith('fatal'))).toEqual([]);
  expectApprovals(running);
  expect(verify(database.journal)).toMatchObject({ ok: true, firstDifference: null });
};

/** Every order that ever reached the simulator was approved and committed before it arrived. */
const expectApprovals = ({ simulator, database }: InProcessBot): void => {
  const approvedAt = new Map<string, EpochMs>();
  for (const entry of database.journal.entriesAfter(0)) {
    for (const effect of JSON.parse(entry.effects) as readonly { type: string; order?: { clientOrderId: string } }[]) {
      if (effect.type === 'place' && effect.order !== undefined)
        approvedAt.set(effect.order.clientOrderId, entry.input.wall);
    }
  }
  const { received } = simulator.control.orders();
  expect(received.length).toBeGreaterThan(20);
  for (const order of received) {
    const approved = approvedAt.get(order.clientOrderId);
    expect(approved, `${order.clientOrderId} was not approved`).toBeDefined();
    expect(order.wallTime).toBeGreaterThanOrEqual(approved ?? Number.POSITIVE_INFINITY);
  }
};

describe('the ledger against the simulated account', () => {
  test('agree to the last decimal after 600 generated market hours', { timeout: 120_000 }, async () => {
    const market = demoHistory({ seed: 11, symbols: SYMBOLS });
    await compareBooks({ symbols: SYMBOLS, candles: market.candles, end: market.end }, market.from, 600);
  });

  test('agree to the last decimal where a third coin pays the fees, until it is used up and beyond', {
    timeout: 120_000,
  }, async () => {
    const symbols = [...SYMBOLS, 'SOL/USDT'];
    const market = demoHistory({ seed: 11, symbols });
    await compareBooks({ symbols, candles: market.candles, end: market.end }, market.from, 600, {
      asset: 'SOL',
      amount: '0.05',
    });
    const assets = new Set(running?.database.records.fills(1_000).map((fill) => fill.feeAsset));
    expect([...assets].sort()).toEqual(['BTC', 'ETH', 'SOL', 'USDT']);
  });

  test('agree to the last decimal after 2,000 real market hours (needs MARKET_DATA_DIR)', {
    timeout: 300_000,
  }, async (context) => {
    const directory = process.env['MARKET_DATA_DIR'];
    if (directory === undefined) return context.skip('needs MARKET_DATA_DIR, the folder of recorded candles');
    const folder = openCandleFolder(directory);
    await compareBooks(
      { symbols: SYMBOLS, candles: folder.candles, end: folder.endOf(SYMBOLS) },
      Date.UTC(2024, 6, 1),
      2_000,
    );
  });
});
