import type { RandomStream } from '../generator/random.ts';

/**
 * Where a process can die. A commit: before it, within its transaction, after
 * it is safe and before anybody heard of it. A call: before it leaves, while
 * it is under way, after the exchange has acted and before the answer is read.
 */
export const CRASH_POINTS = [
  'commit:before',
  'commit:inside',
  'commit:after',
  'call:before',
  'call:under-way',
  'call:after',
  'alert:before',
  'alert:after',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Thrown where a process ends in the middle of something. Nothing may catch it and go on. */
export class ProcessDeath extends Error {
  override readonly name = 'ProcessDeath';
}

export interface CrashPlan {
  /** Whether the process dies here. `weighty`: at an order, a lock or an alert, where dying hurts most. */
  strikes(point: CrashPoint, weighty: boolean): boolean;
  /** Nothing dies from now on. */
  end(): void;
  /** How often it died at each point. */
  readonly coverage: Readonly<Record<CrashPoint, number>>;
}

/** One in so many. */
const WEIGHTY_ODDS = 500;
const IDLE_ODDS = 80_000;

export const createCrashPlan = (random: RandomStream): CrashPlan => {
  const coverage = Object.fromEntries(CRASH_POINTS.map((point) => [point, 0])) as Record<CrashPoint, number>;
  let ended = false;
  return {
    coverage,
    end: () => {
      ended = true;
    },
    strikes: (point, weighty) => {
      if (ended || random.uniform() * (weighty ? WEIGHTY_ODDS : IDLE_ODDS) >= 1) return false;
      coverage[point] += 1;
      return true;
    },
  };
};
