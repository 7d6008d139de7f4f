import { counted } from '../../core/words.ts';
import type { Alert } from '../../core/engine/alert.ts';
import {
  createDriftMonitor,
  DRIFT_LIMIT,
  isShifted,
  type DriftReference,
  type DriftReport,
} from '../../core/features/drift.ts';
import { hourStart, utcDayStart, type EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import type { EngineHost } from '../engine-host.ts';
import { createDriftMemory } from './drift-memory.ts';

/**
 * Follows live predictions against the model's training; tells the engine, which locks, and operators of features that
 * have moved.
 */
export interface DriftWatch {
  push(features: ArrayLike<number>, probability: number): void;
  report(): DriftReport | null;
}

export interface DriftWatchOptions {
  /** Null: the card has none, so drift is never known. */
  readonly reference: DriftReference | null;
  /** Symbols whose predictions come in: so many are one hour. */
  readonly symbols: number;
  /** Keeps the window over restarts; null = nothing is kept. */
  readonly memory: ChatMemory | null;
  readonly host: () => Pick<EngineHost, 'apply'>;
  readonly tell: (alert: Alert) => void;
  /** Market time. */
  readonly now: () => EpochMs;
}

/** Features named in one alert. */
const NAMED = 8;

/**
 * One alert for all features that have newly passed the limit, at most one a UTC day: the key holds the day, so a
 * restart adds none.
 */
const driftAlert = (features: DriftReport['features'], { hours, prediction }: DriftReport, at: EpochMs): Alert => {
  const shown = features.slice(0, NAMED).map(({ name, index }) => `${name} ${index?.toFixed(2) ?? 'unknown'}`);
  const unknown = features.filter(({ index }) => index === null).length;
  const above = features.length - unknown;
  return {
    kind: 'model',
    key: `feature-drift:${utcDayStart(at)}`,
    title: `Model drift: ${[
      ...(above > 0 ? [`${counted(above, 'feature')} above ${DRIFT_LIMIT}`] : []),
      ...(unknown > 0 ? [`${counted(unknown, 'feature')} unknown`] : []),
    ].join(', ')}`,
    lines: [
      `Live against training, over ${hours} h: ${shown.join(', ')}${features.length > NAMED ? `, and ${features.length - NAMED} more` : ''}.`,
      prediction !== null && prediction > DRIFT_LIMIT
        ? `The prediction itself has drifted, too: ${prediction.toFixed(2)}. /locks says what that holds back.`
        : 'Nothing is locked: that takes a drift of the prediction itself.',
    ],
    commands: ['/model'],
    symbol: null,
    at,
  };
};

export const createDriftWatch = ({ reference, symbols, memory, host, tell, now }: DriftWatchOptions): DriftWatch => {
  const monitor = reference === null ? null : createDriftMonitor(reference, { symbols: Math.max(1, symbols) });
  const kept =
    reference === null || memory === null ? null : createDriftMemory(memory, reference, Math.max(1, symbols));
  for (const row of kept?.rows() ?? []) monitor?.restore(row);
  let toldHour: EpochMs | null = null;
  let told: ReadonlySet<string> = new Set();

  const keep = (row: Uint8Array): void => {
    try {
      kept?.keep(row);
    } catch {
      // It will be missing after a restart, and no more: a disk that takes nothing is the journal's to tell and to stop
      // for.
    }
  };

  const look = (report: DriftReport): void => {
    if (report.prediction === null) return;
    host().apply({
      type: 'model-status',
      valid: true,
      detail: 'drift measured',
      drift: { value: report.prediction, limit: DRIFT_LIMIT },
    });
    const moved = report.features.filter(isShifted);
    if (moved.some(({ name }) => !told.has(name))) tell(driftAlert(moved, report, now()));
    // A feature that has come back and moves away again is news again.
    told = new Set(moved.map(({ name }) => name));
  };

  return {
    push: (features, probability) => {
      if (monitor === null) return;
      keep(monitor.push(features, probability));
      const hour = hourStart(now());
      if (toldHour === hour) return;
      toldHour = hour;
      look(monitor.report());
    },
    report: () => monitor?.report() ?? null,
  };
};
