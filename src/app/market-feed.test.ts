import { describe, expect, test } from 'vitest';
import type { FeatureEngine } from '../core/features/engine.ts';
import { manage } from '../core/engine/lifecycle.ts';
import { instrumentFromText } from '../core/engine/on-start.ts';
import { createEngineState, createSymbolState, type SymbolState } from '../core/engine/state.ts';
import { instrumentText } from '../core/engine/world.test-helper.ts';
import type { Candle } from '../core/market/candle.ts';
import type { Quote } from '../core/market/quote.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type SymbolName } from '../core/units.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import type { Read } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { gapsOf } from './candle-reader.ts';
import type { EngineHost, Untimed } from './engine-host.ts';
import { errorOf, silent } from './executor.test-helper.ts';
import { HISTORY_HOURS } from './candle-intake.ts';
import { CLOSING_MARGIN, createMarketFeed } from './market-feed.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
/** Five seconds past the hour. */
const NOW: EpochMs = Date.UTC(2026, 2, 4, 10) + 5 * SECOND_MS;
const HOUR_NOW = Date.UTC(2026, 2, 4, 10);

const candle = (openTime: EpochMs, overrides: Partial<Candle> = {}): Candle => ({
  openTime,
  open: 100,
  high: 102,
  low: 99,
  close: 101,
  volume: 5,
  quoteVolume: 505,
  trades: 9,
  takerBuyBase: 2,
  takerBuyQuote: 202,
  ...overrides,
});
const hours = (from: EpochMs, to: EpochMs): Candle[] =>
  Array.from({ length: Math.max(0, (to - from) / HOUR_MS) }, (_, index) => candle(from + index * HOUR_MS));
const failed: Read<never> = { ok: false, error: errorOf('unknown', '503') };

/** A feed on a scripted source. `serve` answers each request for candles, `price` each look at prices. */
const createBench = (
  symbols: readonly SymbolName[] = [BTC],
  required: readonly SymbolName[] = symbols,
  closingMargin = 0,
) => {
  const clock = createVirtualClock(NOW);
  const inputs: Untimed[] = [];
  const state = createEngineState();
  let progress = 0;
  const host: EngineHost = {
    state,
    get progress() {
      return progress;
    },
    onEffect: () => undefined,
    apply: (...given) => {
      progress += given.length;
      inputs.push(...given);
    },
  };
  const asked: { readonly symbol: SymbolName; readonly from: EpochMs }[] = [];
  const bench = {
    clock,
    inputs,
    asked,
    serve: (_symbol: SymbolName, from: EpochMs, now: EpochMs): Read<readonly Candle[]> => ({
      ok: true,
      value: hours(from, now - (now % HOUR_MS)).slice(0, 1_000),
    }),
    price: (now: EpochMs, of: readonly SymbolName[]): Read<readonly Quote[]> => ({
      ok: true,
      value: of.map((symbol) => ({ symbol, last: 100 + now / 1e9, bid: 99, ask: 101, at: now })),
    }),
    predict: (): Promise<number> => Promise.resolve(0.5),
    of: <T extends Untimed['type']>(type: T) =>
      inputs.filter((input): input is Extract<Untimed, { type: T }> => input.type === type),
    pass: (span: number) => clock.runTo(clock.wallNow() + span),
    /** How far the clocks of the feed, but for the monotonic one, have been set back. */
    setBack: 0,
  };
  const feedClock = {
    ...clock,
    wallNow: () => clock.wallNow() - bench.setBack,
    marketNow: () => clock.marketNow() - bench.setBack,
  };
  const marketData: MarketData = {
    instruments: () => Promise.reject(new Error('not read here')),
    closedCandles: (symbol, from, now) => {
      asked.push({ symbol, from });
      return Promise.resolve(bench.serve(symbol, from, now));
    },
    quotes: (of, now) => Promise.resolve(bench.price(now, of)),
  };
  const newestClose = new Map<SymbolName, EpochMs>();
  const features: FeatureEngine = {
    requiredSymbols: required,
    warmUpHours: 1,
    push: (symbol, given) => {
      if (given.openTime + HOUR_MS <= (newestClose.get(symbol) ?? 0)) return false;
      newestClose.set(symbol, given.openTime + HOUR_MS);
      return true;
    },
    vector: (symbol) =>
      required.every((name) => newestClose.get(name) === newestClose.get(symbol)) ? new Float32Array([1]) : null,
    writeVector: () => false,
    newestClose: (symbol) => newestClose.get(symbol) ?? null,
  };
  const model = { predict: () => bench.predict() } as unknown as Model;
  return Object.assign(bench, {
    state,
    feed: createMarketFeed({
      host,
      marketData,
      features,
      model,
      clock: feedClock,
      log: silent,
      symbols,
      closingMargin,
    }),
  });
};

const warmBench = async (...symbols: Parameters<typeof createBench>) => {
  const bench = createBench(...symbols);
  await bench.feed.warmUp();
  bench.inputs.length = 0;
  return bench;
};

/** On to five seconds past the next hour. */
const nextHour = (bench: { clock: { wallNow(): EpochMs; runTo(at: EpochMs): Promise<void> } }): Promise<void> =>
  bench.clock.runTo(bench.clock.wallNow() + HOUR_MS);

test('a run that trades nothing is warm at once and asks for no candles: the context market may be the one that has left the exchange', async () => {
  const bench = createBench([], [BTC]);
  expect(await bench.feed.warmUp()).toBe(true);
  await bench.feed.poll();
  expect(bench.asked).toEqual([]);
});

test('the price of the coin that pays fees is read with the others: without it equity would not be known', async () => {
  const bench = createBench();
  bench.state.feeSymbol = 'BNB/USDT';
  await bench.feed.prices();
  expect(bench.of('quotes')[0]?.quotes.map(({ symbol }) => symbol)).toEqual([BTC, 'BNB/USDT']);
});

test('the only market that is traded leaves the exchange: the price of what is held elsewhere is read all the same', async () => {
  const bench = createBench();
  const held: SymbolState = {
    ...createSymbolState(instrumentFromText(instrumentText(ETH))),
    configured: false,
    managed: manage('gb-1', 0, 0),
  };
  bench.state.symbols[ETH] = held;
  const price = bench.price;
  bench.price = (now, of) => (of.includes(BTC) ? { ok: false, error: errorOf('unlisted', '-1121') } : price(now, of));
  await bench.feed.prices();
  expect(bench.of('quotes').map(({ quotes }) => quotes.map(({ symbol }) => symbol))).toEqual([[ETH]]);
  bench.price = (now, of) => (of.includes(BTC) ? failed : price(now, of));
  await bench.feed.prices();
  expect([bench.of('quotes').length, bench.of('timer').length]).toEqual([1, 1]);
});

describe('history at start', () => {
  test('a year and a month, page by page, journaled in chunks, the forming hour left out', async () => {
    const bench = createBench();
    expect(await bench.feed.warmUp()).toBe(true);
    const candles = bench.of('history').flatMap((input) => input.candles);
    expect(candles).toHaveLength(HISTORY_HOURS);
    expect(candles.at(-1)?.[0]).toBe(HOUR_NOW - HOUR_MS);
    expect(new Set(candles.map(([openTime]) => openTime)).size).toBe(HISTORY_HOURS);
  });

  test('a read that fails is no history: it is tried again from the start of that symbol', async () => {
    const bench = createBench();
    let count = 0;
    const good = bench.serve;
    bench.serve = (symbol, from, now) => ((count += 1) === 3 ? failed : good(symbol, from, now));
    expect(await bench.feed.warmUp()).toBe(false);
    expect(bench.inputs).toEqual([]);
    expect(await bench.feed.warmUp()).toBe(true);
    expect(bench.of('history').flatMap((input) => input.candles)).toHaveLength(HISTORY_HOURS);
  });

  test('hours that one answer left out are asked for again', async () => {
    const bench = createBench();
    const hole = HOUR_NOW - 50 * HOUR_MS;
    let holes = 0;
    const good = bench.serve;
    bench.serve = (symbol, from, now) => {
      const read = good(symbol, from, now);
      if (!read.ok || from === hole) return read;
      holes += 1;
      return { ok: true, value: read.value.filter(({ openTime }) => openTime !== hole) };
    };
    await bench.feed.warmUp();
    expect(holes).toBeGreaterThan(0);
    expect(bench.of('history').flatMap((input) => input.candles)).toHaveLength(HISTORY_HOURS);
  });

  test('hours that one answer left out, asked for again without an answer, are no outage: the read has failed', async () => {
    const bench = createBench();
    const hole = HOUR_NOW - 50 * HOUR_MS;
    const good = bench.serve;
    let answers = false;
    bench.serve = (symbol, from, now) => {
      if (from === hole && !answers) return failed;
      const read = good(symbol, from, now);
      return read.ok && from !== hole
        ? { ok: true, value: read.value.filter(({ openTime }) => openTime !== hole) }
        : read;
    };
    expect(await bench.feed.warmUp()).toBe(false);
    expect(bench.inputs).toEqual([]);
    answers = true;
    expect(await bench.feed.warmUp()).toBe(true);
    expect(bench.of('history').flatMap((input) => input.candles)).toHaveLength(HISTORY_HOURS);
  });

  test('a real outage stays one, and does not stop the start', async () => {
    const bench = createBench();
    const good = bench.serve;
    bench.serve = (symbol, from, now) => {
      const read = good(symbol, from, now);
      return read.ok
        ? {
            ok: true,
            value: read.value.filter(
              ({ openTime }) => openTime < HOUR_NOW - 60 * HOUR_MS || openTime >= HOUR_NOW - 50 * HOUR_MS,
            ),
          }
        : read;
    };
    expect(await bench.feed.warmUp()).toBe(true);
    expect(bench.of('history').flatMap((input) => input.candles)).toHaveLength(HISTORY_HOURS - 10);
  });
});

describe('a new hour', () => {
  test('its candle is taken once, and decided once', async () => {
    const bench = await warmBench();
    await nextHour(bench);
    await bench.feed.poll();
    await bench.feed.poll();
    expect(bench.of('candle').map((input) => input.candle.openTime)).toEqual([HOUR_NOW]);
    expect(bench.of('prediction')).toMatchObject([{ symbol: BTC, openTime: HOUR_NOW, probability: 0.5 }]);
  });

  test('repetitions, disorder, hours of the past and hours that are not over change nothing', async () => {
    const bench = await warmBench();
    await nextHour(bench);
    bench.serve = () => ({
      ok: true,
      value: [
        candle(HOUR_NOW + HOUR_MS),
        candle(HOUR_NOW),
        candle(HOUR_NOW - 5 * HOUR_MS),
        candle(HOUR_NOW, { close: 99.5 }),
      ],
    });
    await bench.feed.poll();
    expect(bench.of('candle')).toMatchObject([{ candle: { openTime: HOUR_NOW, close: 101 } }]);
  });

  test('a candle that is late is asked for again, and decided when it comes', async () => {
    const bench = await warmBench();
    const good = bench.serve;
    await nextHour(bench);
    bench.serve = () => ({ ok: true, value: [] });
    bench.asked.length = 0;
    await bench.feed.poll();
    await bench.feed.poll();
    expect(bench.asked).toHaveLength(1);
    expect(bench.of('prediction')).toEqual([]);
    bench.serve = good;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('prediction')).toMatchObject([{ openTime: HOUR_NOW, probability: 0.5 }]);
  });

  test('a candle that is late is asked for again though the clock is set back meanwhile', async () => {
    const bench = await warmBench();
    const good = bench.serve;
    await nextHour(bench);
    await bench.pass(40 * MINUTE_MS);
    bench.serve = () => ({ ok: true, value: [] });
    await bench.feed.poll();
    bench.serve = good;
    bench.setBack = 30 * MINUTE_MS;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('prediction')).toMatchObject([{ openTime: HOUR_NOW }]);
  });

  test('a read that fails changes nothing and is repeated', async () => {
    const bench = await warmBench();
    const good = bench.serve;
    await nextHour(bench);
    bench.serve = () => failed;
    await bench.feed.poll();
    expect(bench.of('candle')).toEqual([]);
    bench.serve = good;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('candle')).toHaveLength(1);
  });

  test('an unsound candle is never fed to anything; a sound one that follows is', async () => {
    const bench = await warmBench();
    const good = bench.serve;
    await nextHour(bench);
    bench.serve = () => ({ ok: true, value: [candle(HOUR_NOW, { high: Number.NaN })] });
    await bench.feed.poll();
    expect(bench.of('candle')).toEqual([]);
    bench.serve = good;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('candle')).toHaveLength(1);
  });

  test('a hole before the newest hour is filled before anything after it is taken', async () => {
    const bench = await warmBench();
    const good = bench.serve;
    await nextHour(bench);
    await nextHour(bench);
    const without = (_symbol: SymbolName, from: EpochMs, now: EpochMs): Read<readonly Candle[]> => ({
      ok: true,
      value: hours(from, now - (now % HOUR_MS)).filter(({ openTime }) => openTime !== HOUR_NOW),
    });
    bench.serve = without;
    await bench.feed.poll();
    expect(bench.of('candle')).toEqual([]);
    bench.serve = good;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('candle').map((input) => input.candle.openTime)).toEqual([HOUR_NOW, HOUR_NOW + HOUR_MS]);
    expect(bench.of('prediction').map((input) => input.openTime)).toEqual([HOUR_NOW + HOUR_MS]);
  });

  test('a hole that stays is an outage of the exchange: after some looks the hours after it are taken', async () => {
    const bench = await warmBench();
    await nextHour(bench);
    await nextHour(bench);
    bench.serve = (_symbol, from, now) => ({
      ok: true,
      value: hours(from, now - (now % HOUR_MS)).filter(({ openTime }) => openTime !== HOUR_NOW),
    });
    for (let look = 0; look < 4; look += 1) {
      await bench.feed.poll();
      await bench.pass(3 * SECOND_MS);
    }
    expect(bench.of('candle').map((input) => input.candle.openTime)).toEqual([HOUR_NOW + HOUR_MS]);
  });

  test('after hours without an answer all that were missed are taken in order, and only the newest is decided', async () => {
    const bench = await warmBench();
    for (let count = 0; count < 5; count += 1) await nextHour(bench);
    await bench.feed.poll();
    expect(bench.of('candle').map((input) => input.candle.openTime)).toEqual(
      [0, 1, 2, 3, 4].map((count) => HOUR_NOW + count * HOUR_MS),
    );
    expect(bench.of('prediction').map((input) => input.openTime)).toEqual([HOUR_NOW + 4 * HOUR_MS]);
  });
});

describe('several symbols', () => {
  const withoutBtc = (bench: {
    serve: (symbol: SymbolName, from: EpochMs, now: EpochMs) => Read<readonly Candle[]>;
  }) => {
    const good = bench.serve;
    bench.serve = (symbol, from, now) => (symbol === BTC ? { ok: true, value: [] } : good(symbol, from, now));
    return good;
  };

  test('the context symbol comes first in each hour', async () => {
    const bench = await warmBench([ETH, BTC], [BTC, ETH]);
    await nextHour(bench);
    await nextHour(bench);
    await bench.feed.poll();
    expect(
      bench.of('candle').map((input) => `${input.symbol} ${(input.candle.openTime - HOUR_NOW) / HOUR_MS}`),
    ).toEqual(['BTC/USDT 0', 'ETH/USDT 0', 'BTC/USDT 1', 'ETH/USDT 1']);
  });

  test('a decision waits for the other symbol’s candle of the same hour', async () => {
    const bench = await warmBench([ETH], [BTC, ETH]);
    await nextHour(bench);
    const good = withoutBtc(bench);
    await bench.feed.poll();
    expect(bench.of('candle')).toHaveLength(1);
    expect(bench.of('prediction')).toEqual([]);
    bench.serve = good;
    await bench.pass(3 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('prediction')).toMatchObject([{ symbol: ETH, openTime: HOUR_NOW, probability: 0.5 }]);
  });

  test('but not for ever: then the hour is decided as "no prediction"', async () => {
    const bench = await warmBench([ETH], [BTC, ETH]);
    await nextHour(bench);
    withoutBtc(bench);
    await bench.feed.poll();
    await bench.pass(31 * SECOND_MS);
    await bench.feed.poll();
    expect(bench.of('prediction')).toMatchObject([{ symbol: ETH, openTime: HOUR_NOW, probability: null }]);
  });
});

describe('the model', () => {
  test('a failure is an input, too', async () => {
    const bench = await warmBench();
    bench.predict = () => Promise.reject(new Error('the runtime failed'));
    await nextHour(bench);
    await bench.feed.poll();
    expect(bench.of('prediction')).toMatchObject([{ probability: null, failure: 'the runtime failed' }]);
  });
});

describe('prices', () => {
  test('a failed look is a timer: deadlines are kept, no price is invented', async () => {
    const bench = await warmBench();
    bench.price = () => failed;
    await bench.feed.poll();
    expect(bench.inputs.map((input) => input.type)).toEqual(['timer']);
  });

  test('a source that stands still grows stale though it answers: its prices keep the time of their last move', async () => {
    const bench = await warmBench();
    const still: Omit<Quote, 'at'> = { symbol: BTC, last: 100, bid: 99, ask: 101 };
    bench.price = (now) => ({ ok: true, value: [{ ...still, at: now }] });
    for (let minute = 0; minute <= 8; minute += 1) {
      await bench.feed.poll();
      await bench.pass(MINUTE_MS);
    }
    const stamps = bench.of('quotes').map((input) => ((input.quotes[0]?.at ?? 0) - NOW) / MINUTE_MS);
    expect(stamps).toEqual([0, 1, 2, 3, 4, 5, 0, 0, 0]);
    bench.price = (now) => ({ ok: true, value: [{ ...still, bid: 99.5, at: now }] });
    await bench.feed.poll();
    expect(bench.of('quotes').at(-1)?.quotes[0]?.at).toBe(NOW + 9 * MINUTE_MS);
  });

  test('a step of the market longer than that with the price where it was is no standstill, however often it is looked at: the market of the demo may be paused there', async () => {
    const bench = await warmBench();
    const still: Omit<Quote, 'at'> = { symbol: BTC, last: 100, bid: 99, ask: 101 };
    bench.price = (now) => ({ ok: true, value: [{ ...still, at: now }] });
    await bench.feed.poll();
    await bench.pass(15 * MINUTE_MS);
    for (let look = 0; look < 3; look += 1) await bench.feed.poll();
    await bench.pass(15 * MINUTE_MS);
    await bench.feed.poll();
    const stamps = bench.of('quotes').map((input) => ((input.quotes[0]?.at ?? 0) - NOW) / MINUTE_MS);
    expect(stamps).toEqual([0, 15, 15, 15, 0]);
  });
});

test('while no price is answered no candle is asked for: each question would hold up the loop for its whole time limit', async () => {
  const bench = createBench([BTC, ETH]);
  expect(await bench.feed.warmUp()).toBe(true);
  await bench.pass(HOUR_MS);
  const { price } = bench;
  const before = bench.asked.length;
  bench.price = () => failed;
  await bench.feed.poll();
  expect(bench.asked).toHaveLength(before);
  bench.price = price;
  await bench.feed.poll();
  expect(bench.of('candle').map(({ symbol }) => symbol)).toEqual([BTC, ETH]);
});

test('a clock that is ahead makes no closed candle of the forming one: by the exchange’s clock the hour is not over', async () => {
  const { feed, state, of, clock } = createBench([BTC]);
  state.guardian.skew = -30 * MINUTE_MS;
  expect(await feed.warmUp()).toBe(true);
  expect(of('history').at(-1)?.candles.at(-1)?.[0]).toBe(HOUR_NOW - 2 * HOUR_MS);
  await feed.poll();
  expect(of('candle')).toEqual([]);
  await clock.runTo(NOW + 30 * MINUTE_MS);
  await feed.poll();
  expect(of('candle').map(({ candle: { openTime } }) => openTime)).toEqual([HOUR_NOW - HOUR_MS]);
});

test('a clock that is ahead by no more than the lock allows makes none either: where the clocks are real, the next look takes the hour', async () => {
  const { feed, of, clock } = createBench([BTC], [BTC], CLOSING_MARGIN);
  expect(await feed.warmUp()).toBe(true);
  // A second ahead, and what may be wrong with the measurement: by the exchange's clock the hour is not over at any of
  // these.
  for (const at of [0, 300, 1_399]) {
    await clock.runTo(HOUR_NOW + HOUR_MS + at);
    await feed.poll();
    expect(of('candle')).toEqual([]);
  }
  // The schedule's look.
  await clock.runTo(HOUR_NOW + HOUR_MS + 2 * SECOND_MS);
  await feed.poll();
  expect(of('candle').map(({ candle: { openTime } }) => openTime)).toEqual([HOUR_NOW]);
});

describe('prices of positions', () => {
  const holding = (of: SymbolName): SymbolState => ({
    ...createSymbolState(instrumentFromText(instrumentText(of))),
    managed: manage('gb-1', NOW, NOW + HOUR_MS),
  });

  test('in a market that is traded no more are read, too: its stop and target need them', async () => {
    const { feed, state, of } = createBench([BTC]);
    state.symbols = { [ETH]: holding(ETH) };
    await feed.prices();
    expect(of('quotes')[0]?.quotes.map(({ symbol }) => symbol)).toEqual([BTC, ETH]);
    state.symbols = { [ETH]: { ...holding(ETH), managed: null } };
    await feed.prices();
    expect(of('quotes')[1]?.quotes.map(({ symbol }) => symbol)).toEqual([BTC]);
  });

  test('that cannot be read blind no other', async () => {
    const bench = createBench([BTC]);
    const { price } = bench;
    bench.price = (now, of) => (of.includes(ETH) ? failed : price(now, of));
    bench.state.symbols = { [ETH]: holding(ETH) };
    await bench.feed.prices();
    expect(bench.of('quotes')[0]?.quotes.map(({ symbol }) => symbol)).toEqual([BTC]);
  });

  test('are not dated before the present of the engine where the clock was set back: it would leave them out and call the old one fresh', async () => {
    const { feed, state, of } = createBench([BTC]);
    state.at = NOW + 8 * HOUR_MS;
    await feed.prices();
    expect(of('quotes')[0]?.quotes[0]?.at).toBe(state.at);
  });
});

describe('gaps', () => {
  test('are the hours missing before others; the end is not one', () => {
    expect(gapsOf(0, [candle(1 * HOUR_MS), candle(2 * HOUR_MS), candle(5 * HOUR_MS)])).toEqual([
      { from: 0, to: 1 * HOUR_MS },
      { from: 3 * HOUR_MS, to: 5 * HOUR_MS },
    ]);
    expect(gapsOf(0, [])).toEqual([]);
  });
});
