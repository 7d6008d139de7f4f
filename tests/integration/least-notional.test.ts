import { afterEach, expect, test } from 'vitest';
import { verify } from '../../src/app/replay.ts';
import type { Alert } from '../../src/core/engine/alert.ts';
import type { Candle } from '../../src/core/market/candle.ts';
import { HOUR_MS, SECOND_MS } from '../../src/core/units.ts';
import type { MarketHistory } from '../../src/sim/exchange/market-history.ts';
import { demoHistory } from '../../src/sim/generator/demo-history.ts';
import { startInProcess, type InProcessBot } from '../support/in-process-bot.ts';

/**
 * The exchange raises its least notional above what a position is worth, around the whole bot over HTTP: the bot reads
 * it within the hour, an operator wants the position closed, and the exchange lowers it again.
 */
const BTC = 'BTC/USDT';

let running: InProcessBot | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

interface OpenOrder {
  readonly clientOrderId: string;
  readonly type: string;
}

const stopsAt = ({ simulator }: InProcessBot): readonly string[] =>
  (simulator.control.state().openOrders as unknown as readonly OpenOrder[]).flatMap(({ type, clientOrderId }) =>
    type.startsWith('STOP') ? [clientOrderId] : [],
  );

const alertsAbout = ({ database }: InProcessBot, about: string): readonly Alert[] =>
  [...database.journal.entriesAfter(0)].flatMap(({ effects }) =>
    (JSON.parse(effects) as readonly { readonly type: string; readonly alert?: Alert }[]).flatMap(({ alert }) =>
      alert?.title.includes(about) === true ? [alert] : [],
    ),
  );

/** Rounds from the raise on, each a minute of the wall's clock: the bot reads the rules again within an hour of it. */
const SOLD_AT = 70;
const LOWERED_AT = 100;

test('a position that the exchange would no longer let anybody sell keeps its stop, and is sold when it would again', {
  timeout: 120_000,
}, async () => {
  const market = demoHistory({ seed: 11, symbols: [BTC] });
  const close = market.candles(BTC, market.from - HOUR_MS, market.from)[0]?.close ?? 0;
  // The market stands still from there on: neither stop nor target ends a position.
  const still = (candle: Candle): Candle => ({
    ...candle,
    open: close,
    high: close * 1.001,
    low: close * 0.999,
    close,
  });
  const candles: MarketHistory['candles'] = (symbol, from, to) =>
    market.candles(symbol, from, to).map((candle) => (candle.openTime < market.from ? candle : still(candle)));
  const seen = { rounds: 0, stop: '', kept: [] as boolean[], shown: '', reply: '' };
  const round = (all: InProcessBot): void => {
    const { control } = all.simulator;
    const { host } = all.bot;
    const managed = host.state.symbols[BTC]?.managed ?? null;
    if (seen.stop === '') {
      if (managed?.phase !== 'protected') return;
      [seen.stop = ''] = stopsAt(all);
      control.leastNotional(BTC, '5000');
      return;
    }
    seen.rounds += 1;
    if (seen.rounds === SOLD_AT) {
      host.onEffect((effect) => void (effect.type === 'command-result' && (seen.reply = effect.text)));
      const command = { name: 'flatten', symbol: null } as const;
      host.apply({ type: 'command', commandId: 'flatten', by: 'test', command });
      seen.shown = all.service.status().positions[0]?.unsellable ?? '';
    }
    if (seen.rounds > SOLD_AT && seen.rounds < LOWERED_AT)
      seen.kept.push(stopsAt(all).includes(seen.stop) && managed?.stopOrderId === seen.stop);
    if (seen.rounds === LOWERED_AT) control.leastNotional(BTC, '5');
  };
  running = await startInProcess({
    history: { symbols: [BTC], candles, end: market.end },
    from: market.from,
    until: market.from + 100 * HOUR_MS,
    symbols: [BTC],
    probability: 0.9,
    roundTakes: 60 * SECOND_MS,
    eachRound: async () => {
      if (running !== null) round(running);
    },
  });
  const { bot, database } = running;
  bot.start();
  expect(await bot.finished).toBe('ended');
  expect(seen.reply).toMatch(/^BTC\/USDT cannot be sold now \(instrument-filter: limit min-notional 5000, value \d/);
  expect(seen.shown).toMatch(/^instrument-filter: limit min-notional 5000, value \d/);
  expect([seen.kept.length, seen.kept.every(Boolean)]).toEqual([LOWERED_AT - SOLD_AT - 1, true]);
  expect(alertsAbout(running, 'cannot be sold')).toHaveLength(1);
  expect(alertsAbout(running, 'as dust')).toEqual([]);
  const reasons = database.records.trades(100, 0).trades.map(({ exitReason }) => exitReason);
  expect(reasons).toContain('flatten by operator test');
  expect(running.warnings.filter((warning) => warning.startsWith('fatal'))).toEqual([]);
  expect(verify(database.journal)).toMatchObject({ ok: true, firstDifference: null });
});
