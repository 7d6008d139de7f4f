import { createDriftMonitor, DRIFT_LIMIT, type DriftReference, type DriftReport } from '../../core/features/drift.ts';
import { hourStart, type EpochMs } from '../../core/units.ts';
import type { EngineHost } from '../engine-host.ts';

/** Follows live predictions against the model's training; tells the engine, which locks and alerts. */
export interface DriftWatch {
  push(features: ArrayLike<number>, probability: number): void;
  report(): DriftReport | null;
}

/** `reference` null: the card has none, so drift is never known. */
export const createDriftWatch = (reference: DriftReference | null, host: () => EngineHost, now: () => EpochMs): DriftWatch => {
  const monitor = reference === null ? null : createDriftMonitor(reference);
  let toldHour: EpochMs | null = null;
  return {
    push: (features, probability) => {
      if (monitor === null) return;
      monitor.push(features, probability);
      const hour = hourStart(now());
      if (toldHour === hour) return;
      toldHour = hour;
      const { prediction } = monitor.report();
      if (prediction !== null) host().apply({ type: 'model-status', valid: true, detail: 'drift measured', drift: { value: prediction, limit: DRIFT_LIMIT } });
    },
    report: () => monitor?.report() ?? null,
  };
};
