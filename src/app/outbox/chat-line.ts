import type { Alert } from '../../core/engine/alert.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Notifier, OutboxRow, OutboxStore } from '../../ports/outbox.ts';
import { alwaysRings, SETTING_PREFIX } from './alert-settings.ts';
import { planParcels, type Parcel } from './parcels.ts';

/** How loud an alert comes to a chat. Locks are never off. */
export type AlertVolume = 'on' | 'silent' | 'off';

export interface ChatLineOptions {
  readonly chatId: number;
  readonly store: OutboxStore;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly volume: (alert: Alert) => AlertVolume;
}

/** The delivery loop of one chat: strictly in order, so a chat that cannot be reached holds up nobody else. */
export interface ChatLine {
  /** Runs until aborted or, when draining, until nothing is left or a delivery fails. */
  run(signal: AbortSignal): Promise<void>;
  wake(): void;
  /** Somebody was heard in this chat: it is open. */
  contact(): void;
  drain(): void;
  /** Wall time since which nothing has got through; null = it does, or nothing was tried. */
  deafSince(): EpochMs | null;
  /** Whether the chat is known to be closed to the bot: its alerts are kept until it opens. */
  isClosed(): boolean;
  lastDelivered(): EpochMs | null;
}

const IDLE_MS: Milliseconds = SECOND_MS;
const MIN_BACKOFF: Milliseconds = SECOND_MS;
const MAX_BACKOFF: Milliseconds = MINUTE_MS;
const STORE_RETRY_MS: Milliseconds = 5 * SECOND_MS;
/** Between two tries of a chat that is closed to the bot. */
const PROBE_MS: Milliseconds = MINUTE_MS;
/**
 * What came this long before a chat opened is not delivered there any more: it stays on record, and /locks and /trades
 * show what is.
 */
const REOPEN_SPAN: Milliseconds = 7 * DAY_MS;
const BATCH = 500;
const REMEMBERED_KEYS = 2_000;

type Step = 'sent' | 'idle' | { readonly wait: Milliseconds };

/** The keys delivered last: a row whose mark was lost, or that was written twice, is not sent again. */
const createKeyMemory = () => {
  const keys = new Set<string>();
  return {
    has: (key: string): boolean => keys.has(key),
    add: (key: string): void => {
      keys.add(key);
      const oldest = keys.values().next();
      if (keys.size > REMEMBERED_KEYS && oldest.done !== true) keys.delete(oldest.value);
    },
  };
};

const idsOf = (rows: readonly OutboxRow[]): readonly number[] => rows.map(({ id }) => id);

const PARKED_PREFIX = 'parked:';
/** Of an alert whose text was refused: its own chat is open, and hears of it as well. */
const REFUSED_PREFIX = `${PARKED_PREFIX}text:`;

export const createChatLine = (options: ChatLineOptions): ChatLine => {
  const { chatId, store, notifier, clock, log } = options;
  const delivered = createKeyMemory();
  let failures = 0;
  let deaf: EpochMs | null = null;
  /** Whether the others have heard of it: not by the deafness, which begins with an outage that all see. */
  let told = false;
  let lastDelivered: EpochMs | null = null;
  /** Monotonic time of the next try of a closed chat; null = the chat is not known to be closed. */
  let probeAt: Milliseconds | null = null;
  /** A new process does not know what was closed: it asks once. */
  let mayReopen = true;
  let nap = new AbortController();
  const closing = new AbortController();

  const markAll = (parcel: Parcel): void => {
    // All keys first: if a mark fails, none of these is sent again.
    for (const row of parcel.rows) delivered.add(row.alert.key);
    store.markDelivered(chatId, idsOf(parcel.rows), clock.wallNow());
  };

  const park = (parcel: Parcel, why: string): void => {
    store.park(chatId, idsOf(parcel.rows), why, clock.wallNow());
    log.warn({ chatId, why, alert: parcel.alert.key }, 'alert parked: it can never be delivered there');
    tell(parcel, `${REFUSED_PREFIX}${chatId}`, `An alert could not be delivered to chat ${chatId}`, [
      why,
      `Not delivered: ${parcel.alert.title}`,
    ]);
  };

  /** All of it at once: one try for each row would meet the same closed door. */
  const close = (parcel: Parcel, why: string): void => {
    if (probeAt === null)
      log.warn({ chatId, why }, 'the chat is closed to the bot; its alerts are parked until it opens');
    probeAt = clock.monotonicNow() + PROBE_MS;
    store.parkAll(chatId, why, clock.wallNow());
    tell(parcel, `${PARKED_PREFIX}${chatId}`, `Alerts cannot be delivered to chat ${chatId}`, [
      why,
      `Not delivered: ${parcel.alert.title}`,
      'They come when this person sends /start to the bot or unblocks it, or when the bot is back in the group.',
    ]);
  };

  const tell = (parcel: Parcel, key: string, title: string, lines: readonly string[]): void => {
    deaf ??= clock.wallNow();
    // Once per episode, and never about its own kind: a blocked chat must not fill the others.
    if (told || parcel.alert.key.startsWith(PARKED_PREFIX)) return;
    told = true;
    const report: Alert = {
      kind: 'security',
      key: `${key}:${parcel.rows[0]?.id ?? 0}`,
      title,
      lines,
      commands: [],
      symbol: null,
      at: clock.marketNow(),
    };
    store.add(report, clock.wallNow());
  };

  /** Whatever is set, a lock rings. */
  const volumeOf = ({ alert }: OutboxRow): AlertVolume => (alwaysRings(alert) ? 'on' : options.volume(alert));

  /** What this very chat knows: that it could not be reached, or what its own person has just set. */
  const isOwnNews = ({ alert: { key } }: OutboxRow): boolean =>
    [PARKED_PREFIX, SETTING_PREFIX].some((prefix) => key.startsWith(`${prefix}${chatId}:`));

  const sendOne = async (parcel: Parcel): Promise<Step> => {
    if (delivered.has(parcel.alert.key)) {
      // The second row of one key within this very batch.
      markAll(parcel);
      return 'sent';
    }
    // A summary is as loud as the loudest in it: its own kind says nothing about them.
    const silent = parcel.rows.every((row) => volumeOf(row) !== 'on');
    store.recordAttempt(chatId, idsOf(parcel.rows));
    const outcome = await notifier.deliver(chatId, parcel.alert, silent);
    switch (outcome.kind) {
      case 'delivered':
        failures = 0;
        deaf = null;
        told = false;
        probeAt = null;
        lastDelivered = clock.wallNow();
        delivered.add(parcel.alert.key);
        markAll(parcel);
        return 'sent';
      case 'impossible':
        failures = 0;
        park(parcel, outcome.why);
        return 'sent';
      case 'closed':
        failures = 0;
        close(parcel, outcome.why);
        return 'idle';
      case 'retry': {
        failures += 1;
        deaf ??= clock.wallNow();
        const backoff = Math.min(MAX_BACKOFF, MIN_BACKOFF * 2 ** Math.min(failures - 1, 10));
        const wait = Math.max(outcome.after, backoff);
        log.warn({ chatId, why: outcome.why, failures, nextAttemptMs: wait }, 'alert not delivered yet');
        return { wait };
      }
    }
  };

  /**
   * What waits and has to be sent. Settled on the way: kinds that are off, what was delivered before a mark was lost,
   * and what this very chat knows.
   */
  const news = (): readonly OutboxRow[] => {
    const rows = store.pending(chatId, BATCH);
    const done = rows.filter((row) => volumeOf(row) === 'off' || delivered.has(row.alert.key) || isOwnNews(row));
    if (done.length > 0) store.markDelivered(chatId, idsOf(done), clock.wallNow());
    return rows.filter((row) => !done.includes(row));
  };

  const reopen = (): void => {
    store.reopen(chatId, clock.wallNow() - REOPEN_SPAN);
    mayReopen = false;
  };

  const sendBatch = async (signal: AbortSignal): Promise<Step> => {
    if (mayReopen) reopen();
    let rows = news();
    if (rows.length === 0 || (probeAt !== null && clock.monotonicNow() < probeAt)) return 'idle';
    if (probeAt !== null) {
      // The oldest of what was parked goes first, so that the order is kept if the chat has opened.
      reopen();
      rows = news();
    }
    for (const parcel of planParcels(rows, clock.wallNow())) {
      if (signal.aborted) return 'idle';
      const step = await sendOne(parcel);
      if (step !== 'sent') return step;
    }
    return 'sent';
  };

  const guardedBatch = async (signal: AbortSignal): Promise<Step> => {
    try {
      return await sendBatch(signal);
    } catch (error) {
      log.error(
        { chatId, why: error instanceof Error ? error.message : String(error) },
        'outbox store failed; alerts wait',
      );
      return { wait: STORE_RETRY_MS };
    }
  };

  const rest = async (step: Step, signal: AbortSignal): Promise<void> => {
    if (step === 'sent') return;
    // News wakes an idle line; it does not shorten a wait that Telegram asked for.
    if (step !== 'idle') return clock.sleep(step.wait, AbortSignal.any([signal, closing.signal]));
    nap = new AbortController();
    await clock.sleep(IDLE_MS, AbortSignal.any([signal, nap.signal]));
  };

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        const step = await guardedBatch(signal);
        if (closing.signal.aborted && step !== 'sent') return;
        await rest(step, signal);
        // Whoever waits for Telegram at this moment would wait in vain.
        if (closing.signal.aborted && typeof step === 'object') return;
      }
    },
    // With a reason: without one an exception is made each time, which costs more than the wait.
    wake: () => nap.abort('news'),
    contact: () => {
      if (probeAt === null) return;
      probeAt = null;
      mayReopen = true;
      nap.abort('contact');
    },
    drain: () => {
      closing.abort();
      nap.abort();
    },
    deafSince: () => deaf,
    isClosed: () => probeAt !== null,
    lastDelivered: () => lastDelivered,
  };
};
