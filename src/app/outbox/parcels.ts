import type { Alert, AlertKind } from '../../core/engine/alert.ts';
import type { EpochMs } from '../../core/units.ts';
import type { OutboxRow } from '../../ports/outbox.ts';

/**
 * One message with the alerts that it stands for. After a long outage a phone
 * must not ring a hundred times for data that went stale and came back: runs of
 * lesser alerts become one message. Whatever moved money or a lock is always
 * sent by itself, and the order is kept.
 */
export interface Parcel {
  readonly rows: readonly OutboxRow[];
  readonly alert: Alert;
}

/** A backlog longer than this is summarised. */
export const LONG_BACKLOG = 20;
/** Runs shorter than this are sent one by one. */
const MIN_RUN = 3;

const SUMMARISED: ReadonlySet<AlertKind> = new Set([
  'data',
  'lifecycle',
  'drawdown',
  'model',
  'report',
  'order-failure',
  'reconciliation',
]);

const summarise = (rows: readonly OutboxRow[], now: EpochMs): Alert => {
  const counts = new Map<AlertKind, number>();
  for (const { alert } of rows) counts.set(alert.kind, (counts.get(alert.kind) ?? 0) + 1);
  const first = rows[0];
  const last = rows.at(-1);
  return {
    kind: 'lifecycle',
    key: `summary:${first?.id ?? 0}-${last?.id ?? 0}`,
    title: `${rows.length} earlier alerts in one`,
    lines: [
      ...[...counts].map(([kind, count]) => `${count} x ${kind}`),
      `First: ${first?.alert.title ?? ''}`,
      `Last: ${last?.alert.title ?? ''}`,
    ],
    commands: ['/status'],
    symbol: null,
    at: last?.alert.at ?? now,
  };
};

const alone = (row: OutboxRow): Parcel => ({ rows: [row], alert: row.alert });

/** What to send for these rows, oldest first. Every row is in exactly one parcel. */
export const planParcels = (rows: readonly OutboxRow[], now: EpochMs): readonly Parcel[] => {
  if (rows.length <= LONG_BACKLOG) return rows.map(alone);
  const parcels: Parcel[] = [];
  let run: OutboxRow[] = [];
  const flush = (): void => {
    if (run.length >= MIN_RUN) parcels.push({ rows: run, alert: summarise(run, now) });
    else parcels.push(...run.map(alone));
    run = [];
  };
  for (const row of rows) {
    if (SUMMARISED.has(row.alert.kind)) run.push(row);
    else {
      flush();
      parcels.push(alone(row));
    }
  }
  flush();
  return parcels;
};
