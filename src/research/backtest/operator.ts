import type { OperatorCommand } from '../../core/engine/input.ts';
import { LOCKS, type Lock } from '../../core/guardian/lock.ts';
import { anyHeld, type GuardianState } from '../../core/guardian/state.ts';
import type { EpochMs } from '../../core/units.ts';
import type { OperatorModel } from './assumptions.ts';

export type OperatorMove =
  | { readonly kind: 'command'; readonly command: OperatorCommand }
  /** This lock will not be cleared any more: the run is over. */
  | { readonly kind: 'stop'; readonly lock: Lock };

/**
 * The person of the operator model. Locks that clear by themselves, on a calm
 * market or on the next UTC day, are left to do so.
 */
export class Operator {
  readonly #model: OperatorModel;
  #totalUnlocks = 0;
  #refusedAt: EpochMs | null = null;

  constructor(model: OperatorModel) {
    this.#model = model;
  }

  /** What the person does now, or null. Asked at every hour. */
  act(guardian: GuardianState, at: EpochMs): OperatorMove | null {
    if (!anyHeld(guardian)) return null;
    let due: string[] | null = null;
    for (const id in guardian.locks) {
      const lock = guardian.locks[id];
      if (lock === undefined || LOCKS[lock.kind].clearing !== 'unlock') continue;
      if (lock.kind === 'total-drawdown' && this.#totalUnlocks >= this.#model.totalDrawdownUnlocks)
        return { kind: 'stop', lock };
      if (at - lock.since < this.#model.unlockAfter) continue;
      if (this.#refusedAt !== null && this.#refusedAt >= lock.since) return { kind: 'stop', lock };
      (due ??= []).push(id);
    }
    if (due === null) return null;
    if (due.includes('total-drawdown')) this.#totalUnlocks += 1;
    return {
      kind: 'command',
      command: {
        name: 'unlock',
        reason: `operator model: ${this.#model.unlockAfter / 3_600_000} h after the lock`,
        lockIds: due,
        newLossPermitted: null,
        shownAt: at,
      },
    };
  }

  /** Until when the person does nothing about the locks that hold. */
  until(guardian: GuardianState): EpochMs {
    let until = Number.POSITIVE_INFINITY;
    for (const id in guardian.locks) {
      const lock = guardian.locks[id];
      if (lock === undefined || LOCKS[lock.kind].clearing !== 'unlock') continue;
      if (lock.kind === 'total-drawdown' && this.#totalUnlocks >= this.#model.totalDrawdownUnlocks)
        return Number.NEGATIVE_INFINITY;
      until = Math.min(until, lock.since + this.#model.unlockAfter);
    }
    return until;
  }

  /** An /unlock that the engine refused is not repeated for ever: the next look ends the run. */
  refused(at: EpochMs): void {
    this.#refusedAt = at;
  }
}
