import { describe, expect, test } from 'vitest';
import { LOCKS, lockId, type LockKind } from './lock.ts';
import {
  createGuardian,
  mustFlatten,
  policyOf,
  removeLock,
  setLock,
  strictestLock,
  tradingState,
  type GuardianState,
} from './state.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';

const locked = (...kinds: readonly (readonly [LockKind, string | null])[]): GuardianState => {
  const state = createGuardian();
  for (const [index, [kind, symbol]] of kinds.entries())
    setLock(state, { kind, symbol, since: index, reason: 'test', limit: null, value: null });
  return state;
};

test('a new guardian knows nothing, and holds no lock', () => {
  const { announced, gates, starts, entries, lossStreak, locks, orderFailures, skewTried, ...rest } = createGuardian();
  expect({ announced, gates, starts, entries, lossStreak, locks, orderFailures, skewTried }).toEqual({
    announced: { daily: 0, total: 0 },
    gates: [],
    starts: [],
    entries: [],
    lossStreak: [],
    locks: {},
    orderFailures: 0,
    skewTried: false,
  });
  expect(Object.values(rest).every((value) => value === null)).toBe(true);
});

describe('locks in force', () => {
  test('are set once: the first cause stays on record', () => {
    const state = createGuardian();
    expect(
      setLock(state, { kind: 'kill-switch', symbol: null, since: 1, reason: 'first', limit: 3, value: 3 }),
    ).toEqual({
      id: 'kill-switch',
      kind: 'kill-switch',
      symbol: null,
      since: 1,
      reason: 'first',
      limit: 3,
      value: 3,
    });
    expect(
      setLock(state, { kind: 'kill-switch', symbol: null, since: 2, reason: 'second', limit: 3, value: 4 }),
    ).toBeNull();
    expect(state.locks['kill-switch']?.reason).toBe('first');
  });

  test('of one kind are held and removed for each symbol apart', () => {
    const state = locked(['stale-data', BTC], ['stale-data', ETH]);
    expect(Object.keys(state.locks)).toEqual(['stale-data:BTC/USDT', 'stale-data:ETH/USDT']);
    expect(removeLock(state, lockId('stale-data', BTC))?.symbol).toBe(BTC);
    expect(removeLock(state, lockId('stale-data', BTC))).toBeNull();
    expect(Object.keys(state.locks)).toEqual(['stale-data:ETH/USDT']);
  });

  test('the strictest wins, and a lock of a symbol binds that symbol alone', () => {
    expect(tradingState(createGuardian(), BTC)).toBe('active');
    const state = locked(['stale-data', BTC]);
    expect([tradingState(state, BTC), tradingState(state, ETH), tradingState(state, null)]).toEqual([
      'reducing',
      'active',
      'active',
    ]);
    expect(tradingState(locked(['clock-skew', null]), BTC)).toBe('reducing');
    expect(tradingState(locked(['clock-skew', null], ['kill-switch', null], ['model', null]), null)).toBe('halted');
  });

  test('the one that is shown: a halting one first, else the oldest', () => {
    expect(strictestLock(createGuardian(), null)).toBeNull();
    expect(strictestLock(locked(['clock-skew', null], ['model', null]), null)?.kind).toBe('clock-skew');
    expect(
      strictestLock(locked(['clock-skew', null], ['kill-switch', null], ['operator-halt', null]), null)?.kind,
    ).toBe('kill-switch');
    expect(strictestLock(locked(['stale-data', BTC]), null)).toBeNull();
    expect(strictestLock(locked(['stale-data', BTC]), BTC)?.kind).toBe('stale-data');
  });
});

describe('policy', () => {
  test('the two drawdowns close positions, nothing else does', () => {
    const flatten = (Object.keys(LOCKS) as LockKind[]).filter((kind) => policyOf(kind, undefined) === 'flatten');
    expect(flatten).toEqual(['daily-drawdown', 'total-drawdown']);
  });

  test('configuration can tighten it and never loosen it', () => {
    expect(policyOf('kill-switch', { 'kill-switch': 'flatten' })).toBe('flatten');
    expect(policyOf('kill-switch', { model: 'flatten' })).toBe('hold');
    expect(policyOf('daily-drawdown', { 'daily-drawdown': 'hold' })).toBe('flatten');
  });

  test('closes every symbol, or the one that is locked', () => {
    expect(mustFlatten(createGuardian(), BTC, undefined)).toBeNull();
    expect(mustFlatten(locked(['operator-halt', null]), BTC, undefined)).toBeNull();
    expect(mustFlatten(locked(['operator-halt', null], ['total-drawdown', null]), BTC, undefined)?.kind).toBe(
      'total-drawdown',
    );
    const stale = locked(['stale-data', BTC]);
    expect(mustFlatten(stale, BTC, { 'stale-data': 'flatten' })?.kind).toBe('stale-data');
    expect(mustFlatten(stale, ETH, { 'stale-data': 'flatten' })).toBeNull();
  });
});

describe('the table of locks', () => {
  test('no lock leaves trading active, and each says what trips and what clears it', () => {
    for (const [kind, lock] of Object.entries(LOCKS)) {
      expect(['reducing', 'halted'], kind).toContain(lock.state);
      expect(lock.title.length * lock.trips.length * lock.clears.length, kind).toBeGreaterThan(0);
    }
  });

  test('is that of the product: state, policy, clearing, scope', () => {
    const rows = Object.entries(LOCKS).map(([kind, { state, policy, clearing, perSymbol }]) =>
      [kind, state, policy, clearing, perSymbol].join(' '),
    );
    expect(rows).toEqual([
      'kill-switch halted hold unlock false',
      'daily-drawdown halted flatten day-or-unlock false',
      'total-drawdown halted flatten unlock false',
      'minimum-balance halted hold unlock false',
      'volatility reducing hold self true',
      'stale-data reducing hold self true',
      'reconciliation halted hold unlock false',
      'clock-skew reducing hold self false',
      'execution reducing hold self false',
      'model reducing hold self false',
      'model-drift reducing hold unlock false',
      'crash-loop reducing hold unlock false',
      'operators-unreachable reducing hold self-or-unlock false',
      'unlisted halted hold self false',
      'start-gate halted hold unlock false',
      'operator-pause reducing hold resume false',
      'operator-halt halted hold unlock false',
    ]);
  });
});
