import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createSystemClock } from './clock.ts';

beforeEach(
  () =>
    void vi.useFakeTimers({
      now: Date.UTC(2024, 7, 5, 12),
      toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

describe('the system clock', () => {
  test('market time is wall time', () => {
    const clock = createSystemClock();
    expect(clock.marketNow()).toBe(Date.UTC(2024, 7, 5, 12));
    expect(clock.wallNow()).toBe(clock.marketNow());
  });

  test('monotonic time does not follow a changed wall clock', () => {
    const clock = createSystemClock();
    const before = clock.monotonicNow();
    vi.setSystemTime(Date.UTC(2020, 0, 1));
    expect(clock.monotonicNow() - before).toBeLessThan(1_000);
  });

  test('a sleep that is aborted ends early and without an error', async () => {
    const clock = createSystemClock();
    const control = new AbortController();
    const sleeping = clock.sleep(60_000, control.signal);
    control.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(clock.sleep(60_000, control.signal)).resolves.toBeUndefined();
  });

  test('a nonsensical span is an error and not an endless or an empty wait', async () => {
    await expect(createSystemClock().sleep(Number.NaN)).rejects.toThrow(RangeError);
    await expect(createSystemClock().sleep(-1)).rejects.toThrow(RangeError);
  });
});
