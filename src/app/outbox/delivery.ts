import type { Alert } from '../../core/engine/alert.ts';
import { DAY_MS, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Notifier, OutboxRow, OutboxStore } from '../../ports/outbox.ts';
import { alwaysRings } from './alert-settings.ts';
import type { ChatStanding } from './chat-standing.ts';
import type { KeyMemory } from './key-memory.ts';
import { planParcels, type Parcel } from './parcels.ts';
import { closedReport, isOwnNews, isReport, refusedReport } from './undelivered.ts';

/** How loud an alert comes to a chat. Locks are never off. */
export type AlertVolume = 'on' | 'silent' | 'off';

export interface DeliveryContext {
  readonly chatId: number;
  readonly store: OutboxStore;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly volume: (alert: Alert) => AlertVolume;
  readonly standing: ChatStanding;
  readonly delivered: KeyMemory;
}

/** How a look at what waits ended: all sent, nothing to send for now, or wait that long. */
export type Step = 'sent' | 'idle' | { readonly wait: Milliseconds };

/**
 * What came this long before a chat opened is not delivered there any more: it stays on record, and /locks and /trades
 * show what is.
 */
const REOPEN_SPAN: Milliseconds = 7 * DAY_MS;
const BATCH = 500;

const idsOf = (rows: readonly OutboxRow[]): readonly number[] => rows.map(({ id }) => id);

const markAll = ({ chatId, store, clock, delivered }: DeliveryContext, parcel: Parcel): void => {
  // All keys first: if a mark fails, none of these is sent again.
  for (const row of parcel.rows) delivered.add(row.alert.key);
  store.markDelivered(chatId, idsOf(parcel.rows), clock.wallNow());
};

const tell = ({ store, clock, standing }: DeliveryContext, parcel: Parcel, report: Alert): void => {
  if (!standing.mayTell() || isReport(parcel.alert)) return;
  standing.told();
  store.add(report, clock.wallNow());
};

const park = (context: DeliveryContext, parcel: Parcel, why: string): void => {
  const { chatId, store, clock, log } = context;
  store.park(chatId, idsOf(parcel.rows), why, clock.wallNow());
  log.warn({ chatId, why, alert: parcel.alert.key }, 'alert parked: it can never be delivered there');
  tell(context, parcel, refusedReport(chatId, parcel, why, clock.marketNow()));
};

/** All of it at once: one try for each row would meet the same closed door. */
const close = (context: DeliveryContext, parcel: Parcel, why: string): void => {
  const { chatId, store, clock, log, standing } = context;
  if (standing.closed())
    log.warn({ chatId, why }, 'the chat is closed to the bot; its alerts are parked until it opens');
  store.parkAll(chatId, why, clock.wallNow());
  tell(context, parcel, closedReport(chatId, parcel, why, clock.marketNow()));
};

/** Whatever is set, a lock rings. */
const volumeOf = ({ volume }: DeliveryContext, { alert }: OutboxRow): AlertVolume =>
  alwaysRings(alert) ? 'on' : volume(alert);

const sendOne = async (context: DeliveryContext, parcel: Parcel): Promise<Step> => {
  const { chatId, store, notifier, log, standing, delivered } = context;
  if (delivered.has(parcel.alert.key)) {
    // The second row of one key within this very batch.
    markAll(context, parcel);
    return 'sent';
  }
  // A summary is as loud as the loudest in it: its own kind says nothing about them.
  const silent = parcel.rows.every((row) => volumeOf(context, row) !== 'on');
  store.recordAttempt(chatId, idsOf(parcel.rows));
  const outcome = await notifier.deliver(chatId, parcel.alert, silent);
  switch (outcome.kind) {
    case 'delivered':
      standing.delivered();
      delivered.add(parcel.alert.key);
      markAll(context, parcel);
      return 'sent';
    case 'impossible':
      standing.refused();
      park(context, parcel, outcome.why);
      return 'sent';
    case 'closed':
      close(context, parcel, outcome.why);
      return 'idle';
    case 'retry': {
      const { failures, wait } = standing.failed(outcome.after);
      log.warn({ chatId, why: outcome.why, failures, nextAttemptMs: wait }, 'alert not delivered yet');
      return { wait };
    }
  }
};

/**
 * What waits and has to be sent. Settled on the way: kinds that are off, what was delivered before a mark was lost, and
 * what this very chat knows.
 */
const news = (context: DeliveryContext): readonly OutboxRow[] => {
  const { chatId, store, clock, delivered } = context;
  const rows = store.pending(chatId, BATCH);
  const done = rows.filter(
    (row) => volumeOf(context, row) === 'off' || delivered.has(row.alert.key) || isOwnNews(chatId, row.alert),
  );
  if (done.length > 0) store.markDelivered(chatId, idsOf(done), clock.wallNow());
  return rows.filter((row) => !done.includes(row));
};

/** What was parked while the chat was closed waits again. */
export const reopen = ({ chatId, store, clock }: DeliveryContext): void =>
  store.reopen(chatId, clock.wallNow() - REOPEN_SPAN);

/** Sends what waits, strictly in order, until something does not get through. */
export const sendBatch = async (context: DeliveryContext, signal: AbortSignal): Promise<Step> => {
  const { standing, clock } = context;
  let rows = news(context);
  if (rows.length === 0 || standing.rests()) return 'idle';
  if (standing.isClosed()) {
    // The oldest of what was parked goes first, so that the order is kept if the chat has opened.
    reopen(context);
    rows = news(context);
  }
  for (const parcel of planParcels(rows, clock.wallNow())) {
    if (signal.aborted) return 'idle';
    const step = await sendOne(context, parcel);
    if (step !== 'sent') return step;
  }
  return 'sent';
};
