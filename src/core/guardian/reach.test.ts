import { describe, expect, test } from 'vitest';
import type { Change } from './change.ts';
import { evaluateReach } from './health-locks.ts';
import { createGuardian, tradingState } from './state.ts';

describe('nobody reachable', () => {
  test('stops entries while it lasts and clears by itself', () => {
    const guardian = createGuardian();
    const changes: Change[] = [];
    evaluateReach(guardian, { at: 1_000, wall: 1_000, changes }, 'no alert has got through for 900 s');
    evaluateReach(guardian, { at: 2_000, wall: 2_000, changes }, 'no alert has got through for 900 s');
    expect(tradingState(guardian, null)).toBe('reducing');
    evaluateReach(guardian, { at: 3_000, wall: 3_000, changes }, null);
    expect(tradingState(guardian, null)).toBe('active');
    expect(changes.map((change) => change.type)).toEqual(['lock-set', 'lock-cleared']);
  });
});
