import { describe, expect, test } from 'vitest';
import { runSimulate } from './run-simulate.ts';
import { runSimulation, type SimulationOptions } from './simulation.ts';
import type { Mutant } from './mutants.ts';

/** A failure prints the command that repeats it. */
const command = ({ seed, days }: { readonly seed: number; readonly days: number }): string =>
  `npm run simulate -- --seeds 1 --days ${days} --from-seed ${seed} --trace`;

describe('whole histories with faults and crashes', () => {
  test.each([1, 2, 4])('seed %i: every invariant holds', async (seed) => {
    const result = await runSimulation({ seed, days: 4, verifyJournal: seed === 1 });
    expect(result.violations, command(result)).toEqual([]);
    expect(result.starts).toBeGreaterThan(1);
    expect(result.trades).toBeGreaterThan(3);
    expect(result.alerts).toBeGreaterThan(30);
  });

  test('on real files, left at each crash as they are, with a torn write behind them', async () => {
    const result = await runSimulation({ seed: 5, days: 2, files: true });
    expect(result.violations, command(result)).toEqual([]);
    expect(result.starts).toBeGreaterThan(1);
    // The disk changes nothing of what happens.
    expect((await runSimulation({ seed: 5, days: 2 })).hash).toBe(result.hash);
  });

  test('through a network that is slow and breaks all the time', async () => {
    for (const seed of [2, 3]) {
      const result = await runSimulation({ seed, days: 3, weather: 'slow-network' });
      expect(result.violations, command(result)).toEqual([]);
      expect(result.trades).toBeGreaterThan(3);
    }
  });

  test('one seed is one history', async () => {
    const first = await runSimulation({ seed: 7, days: 2 });
    const again = await runSimulation({ seed: 7, days: 2 });
    const other = await runSimulation({ seed: 8, days: 2 });
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });
});

/** Each safeguard is taken away; some rule has to notice. */
describe('without a safeguard', () => {
  const rulesBroken = async (
    mutant: Mutant,
    seeds: readonly number[],
    options: Partial<SimulationOptions> = {},
  ): Promise<ReadonlySet<string>> => {
    const broken = new Set<string>();
    for (const seed of seeds) {
      for (const { rule } of (await runSimulation({ seed, days: 2, mutant, ...options })).violations) broken.add(rule);
      if (broken.size > 0) break;
    }
    return broken;
  };

  test('intent before network: orders are sent that a crash would forget', async () => {
    expect(await rulesBroken('send-before-commit', [1])).toContain('intent-before-network');
  });

  test('the second look: an order that was late is taken for one that never was, and its position stands bare', async () => {
    const broken = await rulesBroken('no-second-look', [2, 1, 3, 4, 5, 6], { weather: 'slow-network' });
    expect([...broken].some((rule) => rule === 'position-protected' || rule === 'ledger-equals-exchange')).toBe(true);
  });

  test('the stop: positions are held without one', async () => {
    expect(await rulesBroken('no-stop', [1])).toContain('position-protected');
  });

  test('reconciliation: what happens on the exchange is not noticed', async () => {
    const deposit = '250';
    expect(await rulesBroken('no-reconciliation', [1], { deposit })).toContain('ledger-equals-exchange');
    expect((await runSimulation({ seed: 1, days: 2, deposit })).violations).toEqual([]);
  });
});

describe('the simulate command', () => {
  test('prints what it did, and the same traces on threads as without', async () => {
    const run = async (jobs: number): Promise<readonly string[]> => {
      const lines: string[] = [];
      expect(
        await runSimulate(
          { seeds: 2, days: 1, fromSeed: 20, jobs, trace: false },
          { out: (line) => void lines.push(line), now: () => 0 },
        ),
      ).toBe(0);
      return lines;
    };
    const alone = await run(1);
    expect(alone.at(-1)).toMatch(/^2 seeds of 1 day: every invariant held/);
    expect((await run(2)).find((line) => line.startsWith('traces'))).toBe(
      alone.find((line) => line.startsWith('traces')),
    );
  });
});
