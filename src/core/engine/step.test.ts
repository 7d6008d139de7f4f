import { describe, expect, test } from 'vitest';
import { policiesFor } from '../guardian/state.ts';
import { HOUR_MS } from '../units.ts';
import { decodeState, encodeEffects, encodeState } from './codec.ts';
import type { Effect } from './effect.ts';
import { createEngineState, symbolOf } from './state.ts';
import { step } from './step.ts';
import { BTC, engineConfig, ETH, instrumentText, MONDAY, seconds, World } from './world.test-helper.ts';

describe('a start', () => {
  const start =
    (changes: Parameters<typeof engineConfig>[0], limits?: Parameters<typeof engineConfig>[1]): (() => unknown) =>
    () =>
      step(createEngineState(), {
        type: 'started',
        at: MONDAY,
        wall: MONDAY,
        engineVersion: '1',
        config: engineConfig(changes, limits),
        instruments: [instrumentText(BTC)],
        halts: [],
      });

  test('with a limit looser than its ceiling is refused', () => {
    expect(start({}, { maxDailyDrawdown: 0.03 })).toThrow('maxDailyDrawdown=0.03 (looser-than-ceiling, bound 0.02)');
  });

  test.each([
    [{ takerFee: Number.NaN }, 'taker fee NaN'],
    [{ takerFee: -0.001 }, 'taker fee'],
    [{ takerFee: 0.1 }, 'taker fee'],
    [{ staleWallGrace: Number.NaN }, 'stale wall grace'],
    [{ instanceId: 'x'.repeat(25) }, '27 characters together'],
    [{ feeAsset: 'BTC' }, 'fees are paid in BTC, which BTC/USDT trades'],
  ])('with %j is refused', (changes, message) => {
    expect(start(changes)).toThrow(message);
  });

  test('has to be the first input', () => {
    expect(() => step(createEngineState(), { type: 'timer', at: 0, wall: 0 })).toThrow('has not been started');
  });

  test.each([
    [null, 'no valid model is loaded'],
    [{ stop: 0.01 }, "the model's stop is 0.01, configured is 0.015"],
    [{ target: 0.04 }, "the model's target is 0.04, configured is 0.03"],
    [{ horizonHours: 12 }, "the model's horizon is 12, configured is 24"],
    [{ margin: 0 }, "the model's margin 0 is not above zero"],
  ])('with a model of %j locks entries', (terms, reason) => {
    const world = new World({
      config: { model: terms === null ? null : ({ ...engineConfig().model, ...terms } as never) },
    });
    world.start();
    expect(world.state.guardian.locks['model']?.reason).toBe(reason);
    // Nor does it go because somebody says that the file is sound.
    world.apply({ type: 'model-status', valid: true, detail: '' });
    expect(world.locks()).toContain('model');
  });

  test('with another model forgets the drift of the old one, not its lock', () => {
    const world = new World().ready();
    world.apply({ type: 'model-status', valid: true, detail: '', drift: { value: 0.4, limit: 0.25 } });
    const model = world.config.model;
    if (model === null) throw new Error('no model');
    world.config = { ...world.config, model: { ...model, hash: 'another' } };
    world.restart();
    expect(world.state.guardian.drift).toBeNull();
    expect(world.locks()).toEqual(['model-drift']);
    world.unlock();
    world.timer();
    expect(world.locks()).toEqual([]);
  });

  test('with a tighter limit of losses trips the kill-switch on those that have been made', () => {
    const world = new World().ready();
    for (let count = 0; count < 2; count += 1) {
      world.hours(24 - new Date(world.at).getUTCHours());
      world.exchange.prices[BTC] = 50_000;
      world.hours(6);
      world.enter().quotes({ [BTC]: 49_240 });
    }
    world.restart();
    expect(world.locks()).toEqual([]);
    world.config = engineConfig({}, { maxConsecutiveLosses: 2 });
    world.restart();
    expect(world.state.guardian.locks['kill-switch']).toMatchObject({
      limit: 2,
      value: 2,
      reason: '2 losses in a row (BTC -1.72 %, BTC -1.72 %, over 24 hours)',
    });
    world.unlock();
    world.restart();
    expect(world.locks()).toEqual([]);
  });

  test('has to measure the clock before it may enter', () => {
    const world = new World().ready();
    world.restart();
    world.quotes();
    world.quotes();
    world.predict(BTC);
    expect(world.decision().text).toContain('clock-unknown');
    world.apply({ type: 'clock-skew', skew: 100 });
    world.enter();
  });

  test('in a backtest has no second clock to compare', () => {
    const world = new World({ config: { mode: 'backtest' } }).ready();
    world.restart();
    world.quotes();
    world.enter();
  });

  test('lifts the data locks of symbols that are not traded any more', () => {
    const world = new World().ready();
    world.timer(seconds(301));
    expect(world.locks()).toHaveLength(2);
    world.config = { ...world.config, symbols: [BTC] };
    world.restart();
    expect(world.locks()).toEqual([`stale-data:${BTC}`]);
    world.timer(seconds(301));
    expect(world.locks()).toEqual([`stale-data:${BTC}`]);
  });
});

describe('prices', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('of %s are ignored', (bad) => {
    const world = new World().ready();
    for (const field of ['last', 'bid', 'ask'] as const) {
      world.apply({
        type: 'quotes',
        quotes: [{ symbol: BTC, last: 49_000, bid: 49_000, ask: 49_000, at: world.at, [field]: bad }],
      });
    }
    expect(symbolOf(world.state, BTC).last).toBe(50_000);
  });

  test('older than the newest are left out; from the future they are as old as now', () => {
    const world = new World().ready();
    const quote = (last: number, at: number): void =>
      void world.apply({ type: 'quotes', quotes: [{ symbol: BTC, last, bid: last, ask: last, at }] });
    quote(49_000, world.at - 1);
    expect(symbolOf(world.state, BTC).last).toBe(50_000);
    quote(50_100, world.at + 1e9);
    expect(symbolOf(world.state, BTC)).toMatchObject({ last: 50_100, priceAt: world.at });
    world.timer(seconds(301));
    expect(world.locks()).toContain(`stale-data:${BTC}`);
  });

  test('that stand still are no younger for having been read again, on the wall clock of a demo either', () => {
    const world = new World({ config: { mode: 'demo', staleWallGrace: 2_000 } }).ready();
    const stoodStillAt = world.at;
    const read = (): void =>
      void world.apply({
        type: 'quotes',
        quotes: [{ symbol: BTC, last: 50_000, bid: 49_999, ask: 50_001, at: stoodStillAt }],
      });
    world.at += HOUR_MS;
    world.wall += 1_500;
    read();
    expect(world.locks()).not.toContain(`stale-data:${BTC}`);
    world.at += HOUR_MS;
    world.wall += 1_500;
    read();
    expect(world.locks()).toContain(`stale-data:${BTC}`);
  });

  test('after an outage count as fresh after two polls, not one', () => {
    const world = new World().ready();
    for (let count = 0; count < 5; count += 1) world.quotes();
    world.timer(seconds(301));
    world.quotes();
    expect(world.locks()).toHaveLength(2);
    world.quotes();
    expect(world.locks()).toEqual([]);
  });
});

describe('candles', () => {
  const candle = (
    world: World,
    changes: Partial<{ openTime: number; high: number; low: number; close: number }>,
  ): void => {
    const openTime = (symbolOf(world.state, BTC).newestCandleOpen ?? 0) + HOUR_MS;
    world.apply({
      type: 'candle',
      symbol: BTC,
      candle: {
        openTime,
        open: 50_000,
        high: 50_100,
        low: 49_900,
        close: 50_000,
        volume: 1,
        quoteVolume: 1,
        trades: 1,
        takerBuyBase: 1,
        takerBuyQuote: 1,
        ...changes,
      },
    });
  };

  test('that have not closed, are repeated, late, off the hour or no candle at all change nothing', () => {
    const world = new World().ready();
    const before = symbolOf(world.state, BTC).newestCandleOpen;
    const candles = symbolOf(world.state, BTC).volatility.candles;
    candle(world, {});
    world.pass(HOUR_MS);
    for (const changes of [
      { openTime: before ?? 0 },
      { openTime: (before ?? 0) - HOUR_MS },
      { openTime: (before ?? 0) + HOUR_MS - 1 },
      { low: 0 },
      { high: Number.POSITIVE_INFINITY },
      { high: Number.NaN },
      { close: 50_101 },
      { close: 49_899 },
    ])
      candle(world, changes);
    expect(symbolOf(world.state, BTC).volatility.candles).toBe(candles);
    expect(symbolOf(world.state, BTC).newestCandleOpen).toBe(before);
    candle(world, {});
    expect(symbolOf(world.state, BTC).volatility.candles).toBe(candles + 1);
  });

  test('of an unknown symbol are a fault of the caller', () => {
    const world = new World().ready();
    expect(() => world.apply({ type: 'history', symbol: 'X/Y', candles: [] })).toThrow('not configured');
  });
});

describe('predictions', () => {
  test.each([Number.NaN, -0.1, 1.1, Number.POSITIVE_INFINITY])('of %s count as no prediction', (probability) => {
    const world = new World().ready();
    world.predict(BTC, probability);
    expect(world.decision()).toMatchObject({ outcome: 'no-prediction', expectedValue: null });
    expect(world.placed()).toEqual([]);
  });

  test('without an answer are recorded with the reason', () => {
    const world = new World().ready();
    world.apply({
      type: 'prediction',
      symbol: BTC,
      openTime: 0,
      probability: null,
      failure: 'the runtime failed',
      features: [],
    });
    expect(world.decision().text).toBe('no prediction: the runtime failed');
    world.predict(BTC, null);
    expect(world.decision().text).toBe('no prediction: the model gave no answer');
  });

  test('of an hour that has passed are denied', () => {
    const world = new World().ready();
    world.hour();
    world.apply({
      type: 'prediction',
      symbol: BTC,
      openTime: (symbolOf(world.state, BTC).newestCandleOpen ?? 0) - HOUR_MS,
      probability: 0.9,
      failure: null,
      features: [],
    });
    expect(world.decision().text).toContain('signal-expired');
  });

  test('are traded once', () => {
    const world = new World().ready().enter();
    world.command({ name: 'flatten', symbol: null });
    world.predict(BTC);
    expect(world.decision().text).toContain('entry-repeated');
  });

  test('below the margin are left alone, and use up no order id', () => {
    const world = new World().ready();
    world.predict(BTC, 0.4);
    expect(world.decision().outcome).toBe('no-edge');
    world.command({ name: 'pause', reason: '' });
    world.predict(BTC, 0.9);
    world.command({ name: 'resume' });
    world.enter();
    expect(world.placed()[0]?.clientOrderId).toBe('gbtest01-1');
  });

  test('of two symbols in one moment share the headroom', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'silence' });
    world.enter(BTC);
    world.enter(ETH);
    const [btc, eth] = world.placed('entry');
    const value = (draft: typeof btc): number =>
      draft === undefined ? 0 : (Number(draft.quantity) / 1e16) * (Number(draft.limitPrice) / 1e16);
    expect(value(btc)).toBeGreaterThan(5_000);
    expect(value(btc) + value(eth)).toBeLessThanOrEqual(8_000);
    expect(value(eth)).toBeLessThan(2_500);
  });

  test('in live risk a quarter of a percent for the first ten trades, open ones counted', () => {
    const world = new World({ config: { mode: 'live' } }).ready();
    world.state.tradesClosed = 9;
    world.enter(BTC);
    expect(world.decision().sizing?.riskAmount).toBe(25n * 10n ** 16n);
    world.enter(ETH);
    expect(world.decision().sizing?.riskAmount).toBeGreaterThan(90n * 10n ** 16n);
  });

  test('in live do not count an entry that may still fill nothing among the first ten trades: this one may be the tenth', () => {
    const world = new World({ config: { mode: 'live' } }).ready();
    world.state.tradesClosed = 9;
    world.fate = ({ symbol }) => ({ kind: symbol === ETH ? 'silence' : 'accept' });
    world.enter(ETH).enter(BTC);
    expect(world.decision().sizing?.riskAmount).toBe(25n * 10n ** 16n);
  });

  test('are decided on the data as they are at that moment', () => {
    const world = new World().ready();
    world.pass(seconds(301));
    world.predict(BTC);
    expect(world.decision().outcome).toBe('denied');
    expect(world.locks()).toContain(`stale-data:${BTC}`);
  });
});

describe('locks in the engine', () => {
  test('an order that waits to be sent for more than 60 s counts as unknown', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'silence' });
    world.enter();
    world.timer(seconds(60));
    expect(world.locks()).not.toContain('execution');
    world.timer(1);
    expect(world.locks()).toContain('execution');
  });

  test('failures in a row are ended by an order that arrives, not by another look at an old one', () => {
    const world = new World().ready().enter();
    const stop = world.managed()?.stopOrderId ?? '';
    world.fate = () => ({ kind: 'reject' });
    world.predict(ETH);
    world.hour();
    world.predict(ETH);
    world.report(stop);
    expect(world.state.guardian.orderFailures).toBe(2);
    world.hour();
    world.predict(ETH);
    expect(world.locks()).toContain('execution');
  });

  const lockAlertOf = (effects: readonly Effect[]): string | undefined =>
    effects.flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === 'lock' ? effect.alert.lines : []))[0];

  test.each([
    [['execution'], true, 'No entries, positions are being closed'],
    [['stale-data'], false, 'No entries, open: BTC/USDT'],
  ] as const)('with FLATTEN_ON=%s, order failures close positions: %s', (flattenOn, closes, words) => {
    const world = new World({ config: policiesFor(flattenOn) }).ready().enter();
    world.state.guardian.orderFailures = 3;
    world.take();
    world.timer();
    const effects = world.take();
    expect(world.locks()).toEqual(['execution']);
    expect(world.held() === '0').toBe(closes);
    expect(lockAlertOf(effects)).toContain(words);
  });

  test('a lock says nothing of being closed where the market is halted, and neither does /flatten', () => {
    const world = new World({ config: policiesFor(['execution']) }).ready().enter();
    world.predict(ETH);
    world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { trading: false })] });
    world.state.guardian.orderFailures = 3;
    world.take();
    world.timer();
    expect(lockAlertOf(world.take())).toContain(
      'No entries, positions are being closed, BTC/USDT will be sold when the exchange trades it again, open: BTC/USDT (stop in place)',
    );
    expect(world.state.symbolList.flatMap(({ symbol, managed }) => (managed === null ? [] : [symbol]))).toEqual([BTC]);
    expect(world.command({ name: 'flatten', symbol: null }).text).toBe(
      'BTC/USDT: the exchange has halted the market, and sells when it trades it again; a stop that rests stays until then.',
    );
    const both = new World().ready().enter();
    both.predict(ETH);
    both.apply({ type: 'instruments', instruments: [instrumentText(ETH, { trading: false })] });
    expect(both.command({ name: 'flatten', symbol: null }).text).toMatch(
      /^Closing BTC\/USDT\. ETH\/USDT: the exchange has halted the market/,
    );
  });

  test("a symbol's lock that flattens closes that symbol alone, and says so", () => {
    const world = new World({ config: policiesFor(['volatility']) }).ready().enter().enter(ETH);
    world.take();
    symbolOf(world.state, ETH).volatility.status = 'high';
    world.timer();
    expect(lockAlertOf(world.take())).toContain('No entries in ETH/USDT, its position is being closed');
    expect(world.held(ETH)).toBe('0');
    expect(world.held(BTC)).not.toBe('0');
  });

  test('the drawdown closes every position and says so', () => {
    const world = new World().ready().enter();
    world.exchange.stopsFill = false;
    world.take();
    world.quotes({ [BTC]: 47_900 });
    const effects = world.take();
    expect(world.held()).toBe('0');
    expect(effects.find((effect) => effect.type === 'lock')).toMatchObject({
      change: 'set',
      lock: { kind: 'daily-drawdown' },
    });
    expect(effects.find((effect) => effect.type === 'trade')).toMatchObject({ exitReason: 'daily drawdown' });
    const lock = effects.find((effect) => effect.type === 'alert' && effect.alert.kind === 'lock');
    expect(lock).toMatchObject({
      alert: {
        lines: [
          expect.stringContaining('positions are being closed') as string,
          expect.stringContaining('next UTC day') as string,
        ],
        commands: ['/pnl', '/unlock'],
      },
    });
  });

  test('a second pause at the same market moment is alerted, too', () => {
    const world = new World().ready();
    const keys = new Set<string>();
    for (let count = 0; count < 2; count += 1) {
      world.wall += 1;
      world.command({ name: 'pause', reason: '' });
      world.command({ name: 'resume' });
    }
    for (const effect of world.take())
      if (effect.type === 'alert' && (effect.alert.kind === 'lock' || effect.alert.kind === 'unlock'))
        keys.add(effect.alert.key);
    expect(keys.size).toBe(4);
  });
});

describe('records', () => {
  test('one equity point for each market hour', () => {
    const world = new World().ready();
    world.take();
    world.quotes();
    world.hours(3);
    expect(world.take().filter((effect) => effect.type === 'equity')).toHaveLength(3);
  });

  test('ended orders are forgotten, beyond those that a late answer may be about', () => {
    const world = new World().ready();
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'reject' } : { kind: 'accept' });
    for (let count = 0; count < 300; count += 1) {
      world.hour();
      world.state.guardian.locks = {};
      world.state.guardian.orderFailures = 0;
      world.predict(BTC);
    }
    expect(world.placed()).toHaveLength(300);
    const kept = Object.keys(world.state.orders).length;
    expect(kept).toBeGreaterThanOrEqual(200);
    expect(kept).toBeLessThanOrEqual(250);
    world.report('gbtest01-1');
    expect(world.take().at(-1)).toMatchObject({
      alert: { title: `${BTC}: an order of ours is not in the books, now not-found` },
    });
  });

  test('a snapshot gives an equal state back', () => {
    const world = new World().ready().enter();
    expect(encodeState(decodeState(encodeState(world.state)))).toBe(encodeState(world.state));
    expect(encodeEffects([])).toBe('[]');
    expect(encodeEffects(world.effects)).toContain('"quantity":"0.11098"');
    expect(() => decodeState('{"half')).toThrow(SyntaxError);
  });

  test('market time never runs backwards', () => {
    const world = new World().ready();
    const before = world.state.at;
    world.at -= HOUR_MS;
    world.timer();
    expect(world.state.at).toBe(before);
  });
});
