import { counted } from '../../core/words.ts';
import { tradingState } from '../../core/guardian/state.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Health } from '../../ports/dashboard.ts';
import type { HealthCheckView } from '../../ports/operator-tools.ts';
import type { EngineHost } from '../engine-host.ts';
import { STALL_LIMIT, type Progress } from '../watchdog.ts';

/** Follows one counter: when did it last move? */
const createPulse = (clock: Clock) => {
  let seen = -1;
  let movedAt = clock.monotonicNow();
  return (count: number): Milliseconds => {
    const now = clock.monotonicNow();
    if (count !== seen) {
      seen = count;
      movedAt = now;
    }
    return now - movedAt;
  };
};

const seconds = (span: Milliseconds): string => `${(span / 1000).toFixed(span < 10_000 ? 1 : 0)} s`;

/**
 * Health of the bot, judged by progress: inputs that the engine applied, looks
 * at the market that were completed, and the time up to which the Guardian was
 * evaluated. A process that answers while one of them stands still is not well.
 */
export const createHealth = (options: {
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly progress: () => Progress;
  /** Whether start-up is complete. */
  readonly ready: () => boolean;
  /** The simulated market is over: nothing moves any more, and that is well. */
  readonly ended: () => boolean;
  /** Facts for people; they do not decide. */
  readonly facts: () => readonly HealthCheckView[];
}): (() => Health) => {
  const { host, clock, ready } = options;
  const engine = createPulse(clock);
  const market = createPulse(clock);
  const guardian = createPulse(clock);

  const judged = (name: string, still: Milliseconds, what: string): HealthCheckView =>
    options.ended()
      ? { name, ok: true, detail: 'the simulated market has ended' }
      : {
          name,
          ok: still < STALL_LIMIT,
          detail: still < STALL_LIMIT ? `${what}, last ${seconds(still)} ago` : `no progress for ${seconds(still)}`,
        };

  return () => {
    const { rounds, inputs } = options.progress();
    const { state } = host;
    const evaluatedAt: EpochMs = state.wall;
    const overall = tradingState(state.guardian, null);
    const checks: readonly HealthCheckView[] = [
      ready()
        ? { name: 'start-up', ok: true, detail: 'complete' }
        : { name: 'start-up', ok: null, detail: 'not complete: recovering, reconciling or warming up' },
      judged('engine', engine(inputs), `${inputs} inputs`),
      judged('guardian', guardian(evaluatedAt), overall),
      judged('market loop', market(rounds), counted(rounds, 'look')),
    ];
    return { ok: checks.every(({ ok }) => ok === true), checks: [...checks, ...options.facts()] };
  };
};
