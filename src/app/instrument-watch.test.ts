import { expect, test } from 'vitest';
import { decimal, isMultipleOf } from '../core/decimal.ts';
import { instrumentFromText } from '../core/engine/on-start.ts';
import type { InstrumentText } from '../core/engine/input.ts';
import { BTC, ETH, instrumentText, World } from '../core/engine/world.test-helper.ts';
import type { OrderDraft } from '../core/orders/order.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { Venue } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createBot } from './bot.ts';
import { onWorld } from './bot.test-helper.ts';
import { errorOf } from './executor.test-helper.ts';

/** A bot that runs with a position, on an exchange whose lot can change. */
const createBench = async (trading = true) => {
  const world = new World().ready().enter();
  const clock = createVirtualClock(world.wall);
  const { exchange } = world;
  const bench = {
    lot: '0.00001',
    marketMost: instrumentText(BTC).marketMaxQuantity,
    trading,
    asked: 0,
    refused: 0,
    unlisted: '',
    failing: false,
  };
  const told: string[] = [];
  const snapshotOf = (id: string) => {
    const order = exchange.snapshot(id);
    if (order === null) throw new Error(`no order ${id}`);
    return order;
  };
  const fits = ({ quantity }: OrderDraft): boolean => isMultipleOf(quantity, decimal(bench.lot));
  const venue: Venue = {
    receiveWindow: 5 * SECOND_MS,
    send: ({ draft }) => {
      if (!bench.trading)
        return Promise.resolve({
          kind: 'rejected',
          error: { ...errorOf('refused', '-2010'), message: 'Market is closed.' },
        });
      if (!fits(draft) || exchange.accept(draft, clock.marketNow()) === null) {
        bench.refused += 1;
        return Promise.resolve({
          kind: 'rejected',
          error: { ...errorOf('refused', '-1013'), message: 'Filter failure: LOT_SIZE' },
        });
      }
      return Promise.resolve({ kind: 'accepted', order: snapshotOf(draft.clientOrderId) });
    },
    openOrders: (symbol) =>
      Promise.resolve({
        ok: true,
        value: exchange
          .openOrders()
          .flatMap(({ draft }) => (draft.symbol === symbol ? [snapshotOf(draft.clientOrderId)] : [])),
      }),
    serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
    tradesAfter: (symbol, after) =>
      Promise.resolve({
        ok: true,
        value: [...exchange.orders.values()].flatMap(({ draft, fills }) =>
          draft.symbol === symbol
            ? fills
                .filter(({ tradeId }) => Number(tradeId) > Number(after ?? -1))
                .map((fill) => ({ ...fill, symbol, exchangeOrderId: `x-${draft.clientOrderId}`, side: draft.side }))
            : [],
        ),
      }),
    balances: () => Promise.resolve({ ok: true, value: exchange.balances() }),
    lookUp: ({ clientOrderId }) => Promise.resolve({ kind: 'found', order: snapshotOf(clientOrderId) }),
    cancel: ({ clientOrderId }) => {
      exchange.end(clientOrderId, 'cancelled');
      return Promise.resolve({ kind: 'cancelled', order: snapshotOf(clientOrderId) });
    },
  };
  const stated = (symbol: string): InstrumentText => ({
    ...instrumentText(symbol),
    ...(symbol === BTC
      ? { stepSize: bench.lot, minQuantity: bench.lot, marketMaxQuantity: bench.marketMost, trading: bench.trading }
      : {}),
  });
  const bot = createBot({
    ...onWorld(world, clock),
    report: ({ title, lines }) => void told.push([title, ...lines].join('\n')),
    venue,
    marketData: {
      instruments: (symbols) => {
        bench.asked += 1;
        if (bench.failing) return Promise.resolve({ ok: false, error: errorOf('unknown', '503') });
        if (symbols.includes(bench.unlisted))
          return Promise.resolve({ ok: false, error: errorOf('unlisted', '-1121') });
        return Promise.resolve({ ok: true, value: symbols.map((symbol) => instrumentFromText(stated(symbol))) });
      },
      closedCandles: () => Promise.reject(new Error('not read here')),
      quotes: () =>
        Promise.resolve({
          ok: true,
          value: [BTC, ETH].map((symbol) => ({
            symbol,
            last: exchange.prices[symbol] ?? 0,
            bid: exchange.prices[symbol] ?? 0,
            ask: exchange.prices[symbol] ?? 0,
            at: clock.marketNow(),
          })),
        }),
    },
    features: { requiredSymbols: [] } as never,
    pacer: {
      next: async (signal) => {
        await clock.sleep(5 * SECOND_MS, signal);
        return 'wake';
      },
    },
  });
  bot.host.onEffect(
    (effect) => void (effect.type === 'alert' && told.push([effect.alert.title, ...effect.alert.lines].join('\n'))),
  );
  bot.start();
  await clock.runTo(world.wall + MINUTE_MS);
  bench.asked = 0;
  return Object.assign(bench, { world, clock, bot, told, pass: (span: number) => clock.runTo(clock.wallNow() + span) });
};

test('a lot that the exchange makes coarser while the bot runs: what it refuses makes it be read again, and the position is sold', async () => {
  const bench = await createBench();
  const { world, bot } = bench;
  expect(world.managed()?.phase).toBe('protected');
  bench.lot = '0.001';
  bot.host.apply({ type: 'command', commandId: 'c', by: 'test', command: { name: 'flatten', symbol: BTC } });
  await bench.pass(2 * MINUTE_MS);
  expect(world.managed()).toBeNull();
  expect(bench.refused).toBeLessThan(5);
  bench.clock.end();
});

test('what changes is read each hour and journaled once; a market that is halted takes no entries until it is traded again', async () => {
  const bench = await createBench();
  const { world, told } = bench;
  await bench.pass(2 * HOUR_MS);
  expect([bench.asked, told.filter((text) => text.includes('exchange'))]).toEqual([2, []]);
  bench.trading = false;
  await bench.pass(HOUR_MS);
  expect(world.state.symbols[BTC]?.instrument.trading).toBe(false);
  bench.trading = true;
  bench.lot = '0.0001';
  await bench.pass(2 * HOUR_MS);
  expect(world.state.symbols[BTC]?.instrument).toMatchObject({ trading: true, stepSize: decimal('0.0001') });
  expect(told.filter((text) => text.includes('exchange'))).toEqual([
    'BTC/USDT: the exchange has halted the market\nNo entries there until it is traded again; a stop that rests stays, and no sale takes its place before.',
    'BTC/USDT is traded again at the exchange\nstepSize is now 0.0001\nminQuantity is now 0.0001\nOrders follow it from now on.',
  ]);
  bench.clock.end();
});

test('the largest market order, which the exchange states anew all the time, is followed and told only when more is held', async () => {
  const bench = await createBench();
  const { world, told } = bench;
  for (const most of ['104.34142329', '141.67845966']) {
    bench.marketMost = most;
    await bench.pass(HOUR_MS);
    expect(world.state.symbols[BTC]?.instrument.marketMaxQuantity).toBe(decimal(most));
  }
  expect(told.filter((text) => text.includes('exchange'))).toEqual([]);
  bench.marketMost = '0.00001';
  await bench.pass(HOUR_MS);
  expect(told.filter((text) => text.includes('exchange'))).toEqual([
    'BTC/USDT: the exchange has changed its rules\nmarketMaxQuantity is now 0.00001\nOrders follow it from now on.',
  ]);
  bench.clock.end();
});

test('a market that has left the exchange does not hide what is said of the others, and a failed look is repeated', async () => {
  const bench = await createBench();
  bench.unlisted = ETH;
  bench.lot = '0.0001';
  await bench.pass(HOUR_MS);
  expect(bench.world.state.symbols[BTC]?.instrument.stepSize).toBe(decimal('0.0001'));
  bench.unlisted = '';
  bench.failing = true;
  bench.lot = '0.001';
  await bench.pass(HOUR_MS);
  bench.failing = false;
  await bench.pass(2 * MINUTE_MS);
  expect(bench.world.state.symbols[BTC]?.instrument.stepSize).toBe(decimal('0.001'));
  bench.clock.end();
});

test('rules that cannot be read for ten minutes are told once, with what counts as halted meanwhile, and again when they are read', async () => {
  const bench = await createBench();
  const { told, bot, clock } = bench;
  const ofRules = (): readonly string[] => told.filter((text) => text.startsWith('The rules of the markets'));
  bench.trading = false;
  await bench.pass(HOUR_MS);
  expect(bot.rulesUnreadSince).toBeNull();
  bench.failing = true;
  const from = clock.marketNow();
  await bench.pass(9 * MINUTE_MS);
  expect(bot.rulesUnreadSince).toBeGreaterThan(from);
  expect(ofRules()).toEqual([]);
  await bench.pass(2 * HOUR_MS);
  expect(ofRules()).toEqual([
    'The rules of the markets could not be read for 10 min\n503 503 in words\nBTC/USDT counts as halted until they are: nothing of it is sold meanwhile.\nThey are asked for again each minute. Look whether the exchange trades, and sell by hand what cannot wait.',
  ]);
  bench.failing = false;
  bench.trading = true;
  await bench.pass(MINUTE_MS);
  expect(ofRules()[1]).toBe('The rules of the markets are read again\nOrders follow them from now on.');
  expect(bot.rulesUnreadSince).toBeNull();
  // A single look that fails is no news.
  bench.failing = true;
  await bench.pass(HOUR_MS - 5 * MINUTE_MS);
  bench.failing = false;
  await bench.pass(10 * MINUTE_MS);
  expect(ofRules()).toHaveLength(2);
  bench.clock.end();
});

test('in a halted market a resting stop stays where it is, whatever wants to sell: neither the sale nor the stop would be taken back. Both go on soon after it is traded again', async () => {
  const bench = await createBench();
  const { world, bot, clock } = bench;
  const resting = (): readonly string[] => world.exchange.openOrders().map(({ draft }) => draft.clientOrderId);
  const [stop] = resting();
  bench.trading = false;
  await bench.pass(HOUR_MS);
  bot.host.apply({ type: 'command', commandId: 'c', by: 'test', command: { name: 'flatten', symbol: BTC } });
  world.exchange.stopsFill = false;
  for (let minutes = 0; minutes < 120; minutes += 10) {
    await bench.pass(10 * MINUTE_MS);
    expect(resting(), `${minutes} min`).toEqual([stop]);
  }
  bench.trading = true;
  await bench.pass(30 * SECOND_MS);
  expect([world.managed(), resting()]).toEqual([null, []]);
  clock.end();
});

test('a start in a halted market looks for its end as often as one that runs: what waits there is not sold an hour late', async () => {
  const bench = await createBench(false);
  const { world, bot, clock } = bench;
  bot.host.apply({ type: 'command', commandId: 'c', by: 'test', command: { name: 'flatten', symbol: BTC } });
  await bench.pass(MINUTE_MS);
  expect(world.managed()?.phase).toBe('protected');
  bench.trading = true;
  await bench.pass(30 * SECOND_MS);
  expect(world.managed()).toBeNull();
  clock.end();
});
