import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, type Decimal } from '../decimal.ts';
import { RollingWindow } from '../guardian/rolling-window.ts';
import { decimalsAsText, decodeState, encodeState, readableState } from './codec.ts';
import { createEngineState, type EngineState } from './state.ts';
import { BTC, ETH, World } from './world.test-helper.ts';

/** The text as JSON's own replacer gives it. */
const replaced = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? formatDecimal(part as Decimal) : part));

describe('decimals as text', () => {
  test('are written as a replacer would write them, and nothing that was given is changed', () => {
    const leaf = fc.oneof(
      fc.bigInt().map((value) => value as Decimal),
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.constant(undefined),
      fc.boolean(),
    );
    const anything = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie('node'), { maxKeys: 4 }),
        fc.array(leaf).map((form) => ({ toJSON: () => form })),
      ),
    })).node;
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (value) => {
        const before = replaced(value);
        expect(JSON.stringify(decimalsAsText(value))).toBe(before);
        expect(replaced(value)).toBe(before);
      }),
    );
  });
});

describe('a snapshot', () => {
  test('gives an equal state back, without what is made anew', () => {
    const state = Object.assign(createEngineState(), { window: new RollingWindow(3, [0.1, 1e-9, 3, 4]) });
    state.ledger.cash = decimal('12.5');
    state.cashNumber = 12.5;
    state.evaluated = { at: 1, wall: 2 };
    const text = encodeState(state);
    expect(JSON.parse(text)).toMatchObject({ ledger: { cash: { $decimal: '12.5' } } });
    for (const name of ['evaluated', 'openOrders', 'symbolList', 'changes'])
      expect(JSON.parse(text)).not.toHaveProperty(name);
    expect(encodeState(decodeState(text))).toBe(text);
    expect(state.evaluated).toEqual({ at: 1, wall: 2 });
  });

  test('that says nonsense of what is derived, or nothing, gives the same state: nothing is known there alone', () => {
    const world = new World().ready().enter();
    world.cancelWorks = false;
    world.command({ name: 'flatten', symbol: BTC });
    world.predict(ETH);
    const { state } = world;
    const { symbolList, openOrders, orderList, ordersKept, unsettled, openEntries, cancelsWanted } = state;
    const { cashNumber, feeCoinNumber } = state;
    expect([openOrders.length > 0, cancelsWanted, (cashNumber ?? 0) > 0]).toEqual([true, true, true]);
    const derived = { symbolList, openOrders, orderList, ordersKept, unsettled, openEntries, cancelsWanted };
    const counts = { ordersKept: -1, unsettled: -1, openEntries: -1, cancelsWanted: false, cashNumber: -1 };
    for (const said of [counts, Object.fromEntries(Object.keys(counts).map((name) => [name, undefined]))]) {
      const read = decodeState(JSON.stringify({ ...JSON.parse(encodeState(state)), ...said, feeCoinNumber: -1 }));
      expect(read).toMatchObject({ ...derived, cashNumber, feeCoinNumber });
      expect(encodeState(read)).toBe(encodeState(state));
    }
  });

  test.each([
    ['a list of numbers', [0.1, 1e-9]],
    ['digits', '0.1 1e-9'],
    ['bytes', 'base64:mpmZmZmZuT+V1iboCy4RPg=='],
  ])('whose window is written as %s is read, and compares with the others in digits', (_what, $window) => {
    const text = JSON.stringify({ window: { $window, capacity: 5 } });
    const { window } = decodeState(text) as EngineState & { readonly window: RollingWindow };
    expect([...window.values()]).toEqual([0.1, 1e-9]);
    expect(readableState(text)).toEqual({ window: { $window: '0.1 1e-9', capacity: 5 } });
  });

  test.each(['base64:mpmZ', 'base64:AAAAAAAA+H8=', '0.1 x'])('whose window is %s is refused', ($window) => {
    const text = JSON.stringify({ window: { $window, capacity: 5 } });
    expect(() => decodeState(text)).toThrow(RangeError);
    expect(() => readableState(text)).toThrow(RangeError);
  });
});
