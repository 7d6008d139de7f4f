import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../decimal.ts';
import { instrumentFromText } from '../engine/on-start.ts';
import type { InstrumentText } from '../engine/input.ts';
import { BTC, instrumentText } from '../engine/world.test-helper.ts';
import type { Instrument } from '../market/instrument.ts';
import type { OrderDraft } from '../orders/order.ts';
import { DEFAULT_LIMITS } from '../risk/limits.ts';
import { DAY_MS, HOUR_MS } from '../units.ts';
import { ApprovedOrder } from './approved-order.ts';
import { checkEntry, checkReduce, mustWithdraw, stopType, type Verdict } from './pre-trade.ts';
import type { EntryContext, Exposure } from './examination.ts';
import { createGuardian, setLock, type GuardianState } from './state.ts';

const NOON = Date.UTC(2024, 7, 5, 12);
const instrument = (changes: Partial<InstrumentText> = {}): Instrument =>
  instrumentFromText(instrumentText(BTC, changes));

const guardian = (changes: Partial<GuardianState> = {}): GuardianState => ({
  ...createGuardian(),
  day: Date.UTC(2024, 7, 5),
  dayBaseline: 10_000,
  ...changes,
});
const exposure = (changes: Partial<Record<keyof Exposure, string>> = {}): Exposure => ({
  gross: decimal(changes.gross ?? '0'),
  symbol: decimal(changes.symbol ?? '0'),
  freeCash: decimal(changes.freeCash ?? '10000'),
  worstEquity: decimal(changes.worstEquity ?? '10000'),
});
const context = (changes: Partial<EntryContext> = {}): EntryContext => ({
  guardian: guardian(),
  limits: DEFAULT_LIMITS,
  at: NOON,
  instrument: instrument(),
  takerFee: 0.001,
  risk: 0.01,
  equity: decimal('10000'),
  quote: { symbol: BTC, last: 50_000, bid: 49_999, ask: 50_000, at: NOON },
  exposure: exposure(),
  hasPosition: false,
  orderInFlight: false,
  restUntil: null,
  clockKnown: true,
  signal: NOON - HOUR_MS,
  newestCandleOpen: NOON - HOUR_MS,
  lastTradedSignal: null,
  algoOrders: 0,
  ...changes,
});
const check = (changes: Partial<EntryContext> = {}): Verdict =>
  checkEntry(context(changes), { clientOrderId: 'gb-1', symbol: BTC, expiresAtWall: NOON + 60_000, reason: 'test' });
const quantity = (verdict: Verdict): string =>
  verdict.approved ? formatDecimal(verdict.order.draft.quantity) : `denied: ${verdict.denial.code}`;
const denial = (changes: Partial<EntryContext>): unknown => {
  const verdict = check(changes);
  return verdict.approved ? 'approved' : verdict.denial;
};

describe('an entry that may go', () => {
  test('leaves the last place for a stop to its own, and asks for none where the exchange counts none', () => {
    expect(check({ algoOrders: 4 }).approved).toBe(true);
    expect(check({ algoOrders: 50, instrument: instrument({ maxAlgoOrders: 0 }) }).approved).toBe(true);
  });

  test('is an approved immediate-or-cancel limit order just above the ask', () => {
    const verdict = check();
    if (!verdict.approved) throw new Error('denied');
    expect(ApprovedOrder.isApprovedOrder(verdict.order)).toBe(true);
    expect(verdict.order.draft).toEqual({
      clientOrderId: 'gb-1',
      symbol: BTC,
      expiresAtWall: NOON + 60_000,
      reason: 'test',
      side: 'buy',
      type: 'limit',
      purpose: 'entry',
      // 100 / (50050 x 0.018) = 0.111000111...
      quantity: decimal('0.111'),
      limitPrice: decimal('50050'),
      stopPrice: null,
      timeInForce: 'IOC',
    });
    expect(Object.isFrozen(verdict.order.draft)).toBe(true);
    expect(verdict.checks.every((line) => line.ok)).toBe(true);
    expect(verdict.sizing).toMatchObject({
      equity: 10_000,
      riskAmount: decimal('100'),
      lossPerUnit: decimal('900.9'),
      limitPrice: decimal('50050'),
    });
    expect(verdict.sizing.steps.map(({ rule }) => rule)).toEqual([
      'risk-per-trade',
      'exposure-symbol',
      'exposure-gross',
      'leverage',
      'cash',
      'loss-budget',
      'lot',
    ]);
  });

  test('an approved order cannot be made from a look-alike', () => {
    const verdict = check();
    if (!verdict.approved) throw new Error('denied');
    const alike: unknown = { ...verdict.order, draft: verdict.order.draft };
    for (const value of [alike, null, 'order', Object.create(ApprovedOrder.prototype)])
      expect(ApprovedOrder.isApprovedOrder(value)).toBe(false);
    expect(verdict.order.toJSON()).toBe(verdict.order.draft);
  });
});

describe('an entry is refused', () => {
  const withLock = (
    kind: 'kill-switch' | 'clock-skew' | 'stale-data',
    symbol: string | null,
    state = guardian(),
  ): GuardianState => {
    setLock(state, { kind, symbol, since: NOON, reason: 'test', limit: null, value: null });
    return state;
  };

  test.each([
    [
      'halted',
      { guardian: withLock('kill-switch', null) },
      { code: 'state-halted', limit: 'active', value: 'kill-switch' },
    ],
    [
      'reducing',
      { guardian: withLock('clock-skew', null) },
      { code: 'state-reducing', limit: 'active', value: 'clock-skew' },
    ],
    [
      'reducing, whatever else holds its symbol',
      { guardian: withLock('clock-skew', null, withLock('stale-data', BTC)) },
      { code: 'state-reducing', limit: 'active', value: 'clock-skew' },
    ],
    [
      'its symbol locked',
      { guardian: withLock('stale-data', BTC) },
      { code: 'symbol-locked', limit: 'active', value: 'stale-data:BTC/USDT' },
    ],
    ['no clock', { clockKnown: false }, { code: 'clock-unknown', limit: 1_000, value: null }],
    [
      'no baseline',
      { guardian: guardian({ dayBaseline: null }) },
      { code: 'baseline-unknown', limit: null, value: null },
    ],
    ['no day', { guardian: guardian({ day: null }) }, { code: 'baseline-unknown', limit: null, value: null }],
    [
      'the baseline of another day',
      { at: Date.UTC(2024, 7, 5) + DAY_MS },
      { code: 'baseline-unknown', limit: null, value: null },
    ],
    [
      'not traded',
      { instrument: instrument({ trading: false }) },
      { code: 'instrument-not-trading', limit: null, value: BTC },
    ],
    ['a position', { hasPosition: true }, { code: 'position-exists', limit: 1, value: 1 }],
    ['an order', { orderInFlight: true }, { code: 'order-in-flight', limit: 0, value: 1 }],
    ['resting', { restUntil: NOON + 1 }, { code: 'resting-after-stop', limit: NOON + 1, value: NOON }],
    [
      'an old signal',
      { signal: NOON - 2 * HOUR_MS },
      { code: 'signal-expired', limit: NOON - HOUR_MS, value: NOON - 2 * HOUR_MS },
    ],
    ['no candle', { newestCandleOpen: null }, { code: 'signal-expired', limit: null, value: NOON - HOUR_MS }],
    [
      'a repeated signal',
      { lastTradedSignal: NOON - HOUR_MS },
      { code: 'entry-repeated', limit: NOON - HOUR_MS, value: NOON - HOUR_MS },
    ],
    ['no equity', { equity: null }, { code: 'equity-unknown', limit: null, value: null }],
    ['no exposure', { exposure: null }, { code: 'equity-unknown', limit: null, value: null }],
    ['no price', { quote: null }, { code: 'price-unknown', limit: 300, value: null }],
    [
      'no bid',
      { quote: { symbol: BTC, last: 50_000, bid: 0, ask: 50_000, at: NOON } },
      { code: 'price-unknown', limit: null, value: null },
    ],
    [
      'no last',
      { quote: { symbol: BTC, last: 0, bid: 49_999, ask: 50_000, at: NOON } },
      { code: 'price-unknown', limit: null, value: null },
    ],
    [
      'crossed',
      { quote: { symbol: BTC, last: 50_000, bid: 50_001, ask: 50_000, at: NOON } },
      { code: 'price-unknown', limit: null, value: null },
    ],
    [
      "others' stops take the places of ours",
      { algoOrders: 5 },
      { code: 'unprotectable', limit: 'MAX_NUM_ALGO_ORDERS 5', value: 5 },
    ],
    [
      'no stop order type',
      { instrument: instrument({ orderTypes: ['limit', 'market'] }) },
      { code: 'unprotectable', limit: 'stop-loss', value: 'limit market' },
    ],
    ['no money', { equity: ZERO }, { code: 'risk-per-trade', limit: 0.01, value: '0' }],
    ['no cash', { exposure: exposure({ freeCash: '4' }) }, { code: 'cash', limit: null, value: '0.0000798402396803' }],
    [
      'no gross room',
      { exposure: exposure({ gross: '7996' }) },
      { code: 'exposure-gross', limit: 0.8, value: '0.0000799200799200' },
    ],
    [
      'no room of the symbol',
      { exposure: exposure({ symbol: '7001' }) },
      { code: 'exposure-symbol', limit: 0.7, value: '0' },
    ],
    [
      'no loss budget',
      { exposure: exposure({ worstEquity: '9800' }) },
      { code: 'loss-budget', limit: 0.02, value: '0' },
    ],
    [
      "a day's baseline that breaks the budget alone",
      { guardian: guardian({ dayBaseline: 10_205 }) },
      { code: 'loss-budget', limit: 0.02, value: '0' },
    ],
  ] as const)('%s', (_what, changes, expected) => {
    const found = denial(changes);
    const clean =
      typeof found === 'object' && found !== null && 'value' in found && typeof found.value === 'string'
        ? { ...found, value: found.value.replace(/(\.\d*?)0+$/, '$1') }
        : found;
    const wanted =
      typeof expected.value === 'string'
        ? { ...expected, value: expected.value.replace(/(\.\d*?)0+$/, '$1') }
        : expected;
    expect(clean).toEqual(wanted);
  });

  test("by the exchange's filters, where what no cap forbids is less than a lot", () => {
    expect(denial({ instrument: instrument({ marketStepSize: '1' }) })).toEqual({
      code: 'instrument-filter',
      limit: 'quantity-range 0.00001',
      value: '0',
    });
  });

  test('not by a book without a spread', () => {
    expect(quantity(check({ quote: { symbol: BTC, last: 50_000, bid: 50_000, ask: 50_000, at: NOON } }))).toBe('0.111');
  });

  test('by the spread above half a percent, not at it', () => {
    const quote = (ask: number) => ({ symbol: BTC, last: 50_000, bid: 50_000, ask, at: NOON });
    expect(quantity(check({ quote: quote(50_250) }))).not.toContain('denied');
    expect(denial({ quote: quote(50_250.01) })).toMatchObject({ code: 'spread-collar', limit: 0.005 });
  });

  test('by the price collar: an entry price more than one percent from the last trade', () => {
    const at = (last: number) => ({ quote: { symbol: BTC, last, bid: 49_999, ask: 50_000, at: NOON } });
    // The limit is 50050: one percent above 49554.5 (rounded), and below 50555.6.
    expect(denial(at(49_550))).toMatchObject({ code: 'price-collar', limit: 0.01 });
    expect(quantity(check(at(49_560)))).not.toContain('denied');
    expect(denial(at(50_560))).toMatchObject({ code: 'price-collar' });
    expect(quantity(check(at(50_550)))).not.toContain('denied');
  });

  test('after ten entries within an hour, and not by older ones', () => {
    const entries = Array.from({ length: 10 }, (_, index) => NOON - HOUR_MS + 1 + index);
    expect(denial({ guardian: guardian({ entries }) })).toEqual({ code: 'entry-throttle', limit: 10, value: 10 });
    expect(quantity(check({ guardian: guardian({ entries: [NOON - HOUR_MS, ...entries.slice(1)] }) }))).toBe('0.111');
    expect(quantity(check({ guardian: guardian({ entries: entries.slice(1) }) }))).toBe('0.111');
  });

  test('at the end of a rest it may go', () => {
    expect(quantity(check({ restUntil: NOON }))).toBe('0.111');
  });

  test('records the checks up to the one that failed', () => {
    const verdict = check({ hasPosition: true });
    expect(verdict.checks.at(-1)).toEqual({ ok: false, code: 'position-exists', limit: 1, value: 1 });
    expect(verdict.checks.filter((line) => !line.ok)).toHaveLength(1);
    expect(verdict.sizing).toBeNull();
  });
});

describe('an entry is cut', () => {
  test.each([
    ['to the risk of the trade', { risk: 0.0025 }, '0.02775'],
    // 10000 x 0.7 - 4000 = 3000 / 50050
    ["to the symbol's cap", { exposure: exposure({ symbol: '4000', gross: '4000' }) }, '0.05994'],
    // 10000 x 0.8 - 6000 = 2000 / 50050
    ['to the gross cap', { exposure: exposure({ gross: '6000' }) }, '0.03996'],
    // 10000 x 0.5 - 4000 = 1000 / 50050
    [
      'to the leverage',
      { limits: { ...DEFAULT_LIMITS, maxLeverage: 0.5 }, exposure: exposure({ gross: '4000' }) },
      '0.01998',
    ],
    // 1000 / (50050 x 1.001)
    ['to the cash, fee included', { exposure: exposure({ freeCash: '1000' }) }, '0.01996'],
    // 9900 - 9800 = 100; a unit loses 50100.05 - 50050 x 0.985 x 0.995 x 0.999 = 1096.349
    ['to the loss budget', { exposure: exposure({ worstEquity: '9900' }) }, '0.09121'],
    ['to what one market order can close', { instrument: instrument({ marketMaxQuantity: '0.05' }) }, '0.05'],
    ["to the market's lot", { instrument: instrument({ marketStepSize: '0.01' }) }, '0.11'],
  ] as const)('%s', (_what, changes, expected) => {
    expect(quantity(check(changes))).toBe(expected);
  });

  test('to what a drill wants, and never above', () => {
    const verdict = check({ most: decimal('0.0002') });
    expect(quantity(verdict)).toBe('0.0002');
    expect(verdict.sizing?.steps.at(-2)).toEqual({ rule: 'drill', quantity: decimal('0.0002') });
    expect(quantity(check({ most: decimal('9') }))).toBe('0.111');
  });

  test('never above cash or caps, by the last decimal', () => {
    const verdict = check({ exposure: exposure({ worstEquity: '9900' }) });
    if (!verdict.approved) throw new Error('denied');
    const { steps } = verdict.sizing;
    for (const [index, step] of steps.entries())
      expect(step.quantity <= (steps[index - 1]?.quantity ?? step.quantity)).toBe(true);
  });
});

describe('an entry that could not be protected', () => {
  test('is refused: after the fee in base and at the stop the value would be too small', () => {
    // 0.00011 x 50050 = 5.5 is enough to buy, what is left is not enough for a stop.
    expect(denial({ exposure: exposure({ freeCash: '5.51' }) })).toMatchObject({
      code: 'unprotectable',
      limit: 'min-notional 5',
    });
    expect(quantity(check({ exposure: exposure({ freeCash: '6.52' }) }))).toBe('0.00013');
  });

  test('with a stop-limit its lower limit counts', () => {
    const limited = instrument({ orderTypes: ['limit', 'market', 'stop-loss-limit'] });
    expect(stopType(limited)).toBe('stop-loss-limit');
    // 0.00011 after the fee: 5.36 at a plain stop's trigger, 5.25 at a stop-limit's limit.
    const narrow = { ...{ minNotional: '5.3' } };
    expect(quantity(check({ instrument: instrument(narrow), exposure: exposure({ freeCash: '6.02' }) }))).toBe(
      '0.00012',
    );
    expect(
      denial({
        instrument: instrument({ ...narrow, orderTypes: ['limit', 'market', 'stop-loss-limit'] }),
        exposure: exposure({ freeCash: '6.02' }),
      }),
    ).toMatchObject({ code: 'unprotectable' });
  });

  test('plain stops are preferred', () => {
    expect(stopType(instrument())).toBe('stop-loss');
    expect(stopType(instrument({ orderTypes: ['limit'] }))).toBeNull();
  });
});

describe('stops and exits', () => {
  const draft = (changes: Partial<OrderDraft> = {}): OrderDraft & { purpose: 'stop' | 'exit' } =>
    ({
      clientOrderId: 'gb-2',
      symbol: BTC,
      side: 'sell',
      type: 'market',
      purpose: 'exit',
      quantity: decimal('0.1'),
      limitPrice: null,
      stopPrice: null,
      timeInForce: null,
      expiresAtWall: null,
      reason: 'test',
      ...changes,
    }) as never;
  const reduce = (changes: Partial<OrderDraft> = {}, lastPrice: number | null = 50_000, held = '0.1'): unknown => {
    const verdict = checkReduce({ instrument: instrument(), held: decimal(held), lastPrice }, draft(changes));
    return verdict.approved ? ApprovedOrder.isApprovedOrder(verdict.order) : verdict.denial;
  };

  test('go when they sell no more than is held and pass the filters', () => {
    expect(reduce()).toBe(true);
    expect(reduce({ type: 'stop-loss', purpose: 'stop', stopPrice: decimal('49250') })).toBe(true);
    expect(reduce({}, null)).toBe(true);
  });

  test.each([
    ['buying', { side: 'buy' }, { code: 'order-side', limit: 'sell', value: 'buy' }],
    ['too much', { quantity: decimal('0.10001') }, { code: 'reduce-only', limit: '0.1', value: '0.10001' }],
    ['nothing', { quantity: ZERO }, { code: 'reduce-only', limit: '0.1', value: '0' }],
    [
      'off the lot',
      { quantity: decimal('0.000015') },
      { code: 'instrument-filter', limit: 'lot-size 0.00001', value: '0.000015' },
    ],
    [
      'too little',
      { quantity: decimal('0.00001') },
      { code: 'instrument-filter', limit: 'min-notional 5', value: '0.5' },
    ],
    [
      'a trigger off the tick',
      { type: 'stop-loss-limit', stopPrice: decimal('49250.001'), limitPrice: decimal('48000') },
      { code: 'instrument-filter', limit: 'tick-size 0.01', value: '49250.001' },
    ],
    [
      'a limit off the tick',
      { type: 'stop-loss-limit', stopPrice: decimal('49250'), limitPrice: decimal('48000.001') },
      { code: 'instrument-filter', limit: 'tick-size 0.01', value: '48000.001' },
    ],
  ] as const)('%s is refused', (_what, changes, expected) => {
    expect(reduce(changes as Partial<OrderDraft>)).toEqual(expected);
  });

  test('the value of a stop-limit is that of its limit', () => {
    // 0.00011 x 48000 = 5.28, x 45000 = 4.95
    expect(
      reduce({
        type: 'stop-loss-limit',
        quantity: decimal('0.00011'),
        stopPrice: decimal('49250'),
        limitPrice: decimal('48000'),
      }),
    ).toBe(true);
    expect(
      reduce({
        type: 'stop-loss-limit',
        quantity: decimal('0.00011'),
        stopPrice: decimal('49250'),
        limitPrice: decimal('45000'),
      }),
    ).toMatchObject({ code: 'instrument-filter' });
  });
});

describe('between approval and sending', () => {
  test('an entry is withdrawn under any lock that binds it; stops and exits never are', () => {
    const state = guardian();
    expect(mustWithdraw(state, { purpose: 'entry', symbol: BTC })).toBe(false);
    setLock(state, { kind: 'stale-data', symbol: BTC, since: NOON, reason: '', limit: null, value: null });
    expect(mustWithdraw(state, { purpose: 'entry', symbol: BTC })).toBe(true);
    expect(mustWithdraw(state, { purpose: 'entry', symbol: 'ETH/USDT' })).toBe(false);
    setLock(state, { kind: 'kill-switch', symbol: null, since: NOON, reason: '', limit: null, value: null });
    expect(mustWithdraw(state, { purpose: 'entry', symbol: 'ETH/USDT' })).toBe(true);
    for (const purpose of ['stop', 'exit'] as const) expect(mustWithdraw(state, { purpose, symbol: BTC })).toBe(false);
  });
});
