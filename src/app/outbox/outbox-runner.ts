import type { Alert } from '../../core/engine/alert.ts';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import { counted, span } from '../../core/words.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { HealthCheckView } from '../../ports/operator-tools.ts';
import type { Notifier, OutboxStore } from '../../ports/outbox.ts';
import { createChatLine } from './chat-line.ts';
import type { AlertVolume } from './delivery.ts';
import { createSilenceWatch, type AlarmHook } from './silence.ts';

export interface OutboxRunnerOptions {
  readonly store: OutboxStore;
  readonly notifier: Notifier;
  /** Where alerts go: the operators' private chats and the listed groups. */
  readonly chats: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
  /** TELEGRAM_SILENCE_SECONDS. */
  readonly silenceSeconds: number;
  readonly hook: AlarmHook | null;
  /** How loud each alert is; left out = all on. Whatever it says, a lock is never off. */
  readonly volume?: (alert: Alert) => AlertVolume;
  /** From the bot: wall time since which no poll has succeeded. */
  readonly unreachableSince?: () => EpochMs | null;
  /** From the bot: whether a poll has succeeded since the start. */
  readonly hasPolled?: () => boolean;
  /** Whether a silence of before this start still keeps entries back. */
  readonly silentBefore?: boolean;
  /** Told when the limit of silence is crossed either way. Trading never waits for it. */
  readonly onSilence?: (silent: boolean, since: EpochMs | null) => void;
}

export interface OutboxRunner {
  start(): void;
  /** Rows were added: deliver now rather than at the next look (1 s). */
  wake(): void;
  /** Somebody was heard in this chat: what was parked while it was closed to the bot is delivered. */
  contact(chatId: number): void;
  /** Sends what can be sent within `limit` (wall), then stops. Rows that remain wait in the store. */
  stop(limit: Milliseconds): Promise<void>;
  /**
   * Wall time since which nobody can be reached: every chat failed its last
   * delivery, or Telegram does not answer at all. Null while somebody can be.
   * Without any chat: since the start.
   */
  silentSince(): EpochMs | null;
  /** Whether the silence has lasted longer than the limit. */
  isSilent(): boolean;
  /** Whether people hear of what happens, for /health. @throws what the store throws */
  health(): HealthCheckView;
}

/** An alert that has waited this long (wall) is late: neither a moment's queue nor a pause that Telegram asked for. */
const LATE: Milliseconds = MINUTE_MS;

/** Delivers the outbox: each chat in order, at least once, without ever holding up whoever adds to it. */
export const createOutboxRunner = (options: OutboxRunnerOptions): OutboxRunner => {
  const { store, notifier, clock, log } = options;
  const volume = options.volume ?? ((): AlertVolume => 'on');
  const startedAt = clock.wallNow();
  const lines = options.chats.map((chatId) => createChatLine({ chatId, store, notifier, clock, log, volume }));

  const allDeafSince = (): EpochMs | null => {
    if (lines.length === 0) return startedAt;
    let latest: EpochMs = 0;
    for (const line of lines) {
      const since = line.deafSince();
      if (since === null) return null;
      latest = Math.max(latest, since);
    }
    return latest;
  };

  const unreachable = (): EpochMs | null => {
    const since = options.unreachableSince?.() ?? null;
    if (since === null) return null;
    // A message that got through since then proves that the way is open.
    return Math.max(since, ...lines.map((line) => line.lastDelivered() ?? 0));
  };

  const silentSince = (): EpochMs | null => {
    const candidates = [allDeafSince(), unreachable()].filter((since) => since !== null);
    return candidates.length === 0 ? null : Math.min(...candidates);
  };

  const summary = (): string => {
    try {
      const [chat] = options.chats;
      const waiting = store.pendingCount();
      const newest = chat === undefined ? [] : store.pending(chat, 500).slice(-5);
      return `${counted(waiting, 'alert')} wait${waiting === 1 ? 's' : ''}. Newest: ${newest.map(({ alert }) => alert.title).join('; ') || 'none'}.`;
    } catch {
      return 'The outbox cannot be read.';
    }
  };

  /** Where no alert waits, because its kind is off, a poll has to do. */
  const heard = (): boolean =>
    lines.some((line) => line.lastDelivered() !== null) ||
    (options.hasPolled?.() === true && silentSince() === null && store.pendingCount() === 0);

  const watch = createSilenceWatch({
    silentSince,
    before: options.silentBefore ?? false,
    heard,
    limit: options.silenceSeconds * SECOND_MS,
    hook: options.hook,
    summary,
    onChange: options.onSilence ?? ((): void => undefined),
    clock,
    log,
  });

  /** A number alone says nothing: a hundred of this second are on their way, one of an hour ago nobody has heard of. */
  const health = (): HealthCheckView => {
    const waiting = store.pendingCount();
    const oldest = Math.min(
      ...options.chats.flatMap((chatId) => store.pending(chatId, 1).map(({ createdAt }) => createdAt)),
    );
    const age = Number.isFinite(oldest) ? clock.wallNow() - oldest : 0;
    const closed = options.chats.filter((_, index) => lines[index]?.isClosed() === true);
    const late = age >= LATE ? [`the oldest for ${span(age)}`] : [];
    const shut =
      closed.length === 0 ? [] : [`closed to the bot, alerts kept until it opens: chat ${closed.join(', ')}`];
    const silent = watch.isSilent();
    const troubles = [...(silent ? ['nobody can be reached'] : []), ...late, ...shut];
    return {
      name: 'alerts',
      ok: troubles.length === 0,
      detail: [waiting === 0 ? 'none waits' : `${waiting} waiting`, ...troubles].join(', '),
    };
  };

  const stopped = new AbortController();
  let running: Promise<unknown> | null = null;
  let watching: Promise<void> | null = null;
  return {
    start: () => {
      running ??= Promise.all(lines.map(async (line) => line.run(stopped.signal)));
      watching ??= watch.run(stopped.signal);
    },
    wake: () => {
      for (const line of lines) line.wake();
    },
    contact: (chatId) => lines[options.chats.indexOf(chatId)]?.contact(),
    stop: async (limit) => {
      for (const line of lines) line.drain();
      const over = new AbortController();
      await Promise.race([running, clock.sleep(limit, over.signal)]);
      over.abort();
      stopped.abort();
      await Promise.all([running, watching]);
    },
    silentSince,
    isSilent: watch.isSilent,
    health,
  };
};
