import { expect, test } from 'vitest';
import { evaluateEquity, nothingToLose } from './guardian/equity-locks.ts';
import { evaluateSkew } from './guardian/health-locks.ts';
import { createGuardian } from './guardian/state.ts';
import { DEFAULT_LIMITS } from './risk/limits.ts';
import type { Disbelieved, Equity, Mark, MarketMs, WallMs } from './units.ts';

// The type checker is the test: each of these has to fail to compile.
test('what two numbers in the wrong order would do to a limit does not compile', () => {
  const [at, wall] = [1 as MarketMs, 2 as WallMs];
  const [equity, mark, disbelieved] = [200 as Equity, 300 as Mark, 100 as Disbelieved];
  const guardian = createGuardian();
  // @ts-expect-error the clocks have changed places
  evaluateSkew(guardian, { at: wall, wall: at, changes: [] });
  // @ts-expect-error so have equity and the part of it that is not believed
  evaluateEquity(guardian, { at, changes: [] }, disbelieved, DEFAULT_LIMITS, equity);
  // @ts-expect-error and equity and what it is held against
  expect(nothingToLose(equity, mark)).toBe(false);
});
