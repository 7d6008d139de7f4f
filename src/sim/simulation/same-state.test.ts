import { describe, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import { decodeState, encodeState } from '../../core/engine/codec.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { indexOrders } from '../../core/engine/open-orders.ts';
import { entryDraft } from '../../core/orders/order.test-helper.ts';
import { openRecord } from '../../core/orders/record.ts';
import { sameState } from './same-state.ts';

const state = (ids: readonly string[] = ['gb-1', 'gb-2']): EngineState => {
  const made = createEngineState();
  for (const id of ids) made.orders[id] = openRecord(entryDraft(id), 1, 2);
  indexOrders(made);
  made.external = { BNB: '1' };
  made.orphans = ['a', 'b'];
  return made;
};

/** Both ways, and as the texts have it. */
const compare = (a: EngineState, b: EngineState): boolean => {
  const answer = sameState(a, b);
  expect(sameState(b, a)).toBe(answer);
  expect(encodeState(a) === encodeState(b)).toBe(answer);
  return answer;
};

describe('two states', () => {
  test('are the same after a snapshot was written and read', () => {
    const first = state();
    expect(compare(first, first)).toBe(true);
    expect(compare(first, state())).toBe(true);
    expect(compare(first, decodeState(encodeState(first)))).toBe(true);
  });

  test('are the same where only what is made anew differs, or what is not written', () => {
    const other = state();
    other.openOrders = [];
    other.evaluated = { at: 5, wall: 5 };
    expect(compare(state(), Object.assign(other, { nothing: undefined }))).toBe(true);
  });

  test.each<[string, (changed: EngineState) => void]>([
    ['a number', (changed) => void (changed.at = 1)],
    [
      'a decimal',
      (changed) => void ((changed.orders['gb-2'] as { executed: bigint }).executed = decimal('0.0000000000000001')),
    ],
    ['one order more', (changed) => void (changed.orders['gb-3'] = openRecord(entryDraft('gb-3'), 1, 2))],
    ['one order less', (changed) => void delete changed.orders['gb-2']],
    ['a list that is shorter', (changed) => void (changed.orphans = ['a'])],
    ['a list in another order', (changed) => void (changed.orphans = ['b', 'a'])],
    ['null in the place of an object', (changed) => void ((changed as { external: unknown }).external = null)],
    ['a property more', (changed) => void Object.assign(changed, { more: 1 })],
  ])('differ by %s', (_what, change) => {
    const changed = state();
    change(changed);
    expect(compare(state(), changed)).toBe(false);
  });

  test('differ by the order in which they hold their orders', () => {
    expect(compare(state(), state(['gb-2', 'gb-1']))).toBe(false);
  });

  test('differ by one value of a window', () => {
    const windowed = (value: number): EngineState =>
      decodeState(encodeState(Object.assign(state(), { window: { $window: `1 ${value}`, capacity: 3 } })));
    expect(compare(windowed(2), windowed(2))).toBe(true);
    expect(compare(windowed(2), windowed(2.0000000000000004))).toBe(false);
  });
});
