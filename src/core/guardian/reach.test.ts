import { describe, expect, test } from 'vitest';
import type { Change } from './change.ts';
import { evaluateReach } from './health-locks.ts';
import { createGuardian, tradingState } from './state.ts';

describe('nobody reachable', () => {
  test('stops entries while it lasts and clears by itself', () => {
    const guardian = createGuardian();
    const changes: Change[] = [];
    evaluateReach(guardian, 1_000, 'no alert has got through for 900 s', changes);
    evaluateReach(guardian, 2_000, 'no alert has got through for 900 s', changes);
    expect(tradingState(guardian, null)).toBe('reducing');
    evaluateReach(guardian, 3_000, null, changes);
    expect(tradingState(guardian, null)).toBe('active');
    expect(changes.map((change) => change.type)).toEqual(['lock-set', 'lock-cleared']);
  });
});
