import type { Alert, AlertKind } from '../../core/engine/alert.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Delivery, Notifier, OutboxRow, OutboxStore } from '../../ports/outbox.ts';

/** Port fakes for the tests of this folder. */
export interface FakeClock extends Clock {
  /** Moves time step by step, so that everything that sleeps wakes in order. */
  advance(span: Milliseconds): Promise<void>;
  /** Somebody sets the clock on the wall back; what sleeps does not notice. */
  setBack(span: Milliseconds): void;
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

export const createFakeClock = (start: EpochMs = Date.UTC(2024, 7, 5, 12)): FakeClock => {
  let now = start;
  let behind: Milliseconds = 0;
  let sleepers: { at: EpochMs; wake: () => void }[] = [];
  return {
    setBack: (span) => {
      behind += span;
    },
    marketNow: () => now - behind,
    wallNow: () => now - behind,
    monotonicNow: () => now - start,
    sleep: async (span, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const sleeper = { at: now + span, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          resolve();
        });
      }),
    advance: async (span) => {
      const end = now + span;
      await settle();
      for (;;) {
        const next = sleepers.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
        if (next === undefined) break;
        now = next.at;
        sleepers = sleepers.filter((sleeper) => sleeper !== next);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
  };
};

export interface FakeStore extends OutboxStore {
  rows(): readonly OutboxRow[];
  /** How often attempts and deliveries were written: each waits for the disk, and the loop with it. */
  writes(): number;
  parked(chatId: number): readonly { readonly id: number; readonly why: string }[];
  /** The next call of this method throws. */
  breakOnce(method: 'pending' | 'markDelivered'): void;
}

export const createFakeStore = (): FakeStore => {
  const rows: OutboxRow[] = [];
  const done = new Set<string>();
  const chats = new Set<number>();
  let writes = 0;
  let parked: { chatId: number; id: number; why: string }[] = [];
  const broken = new Set<string>();
  const perhapsBreak = (method: string): void => {
    if (broken.delete(method)) throw new Error('disk full');
  };
  return {
    pending: (chatId, limit) => {
      perhapsBreak('pending');
      chats.add(chatId);
      return rows.filter(({ id }) => !done.has(`${chatId}:${id}`)).slice(0, limit);
    },
    pendingCount: () =>
      [...chats].reduce((sum, chatId) => sum + rows.filter(({ id }) => !done.has(`${chatId}:${id}`)).length, 0),
    markDelivered: (chatId, ids) => {
      perhapsBreak('markDelivered');
      writes += 1;
      for (const id of ids) done.add(`${chatId}:${id}`);
    },
    park: (chatId, ids, why) => {
      for (const id of ids) {
        done.add(`${chatId}:${id}`);
        parked.push({ chatId, id, why });
      }
    },
    parkAll: (chatId, why) => {
      for (const { id } of rows) {
        if (done.has(`${chatId}:${id}`)) continue;
        done.add(`${chatId}:${id}`);
        parked.push({ chatId, id, why });
      }
    },
    reopen: (chatId, notBefore) => {
      const back = parked.filter(
        (entry) => entry.chatId === chatId && (rows[entry.id - 1]?.createdAt ?? 0) >= notBefore,
      );
      for (const { id } of back) done.delete(`${chatId}:${id}`);
      parked = parked.filter((entry) => !back.includes(entry));
    },
    rejoin: (chatId, why) => {
      for (const { id } of rows) if (!done.has(`${chatId}:${id}`)) parked.push({ chatId, id, why });
      for (const { id } of rows) done.add(`${chatId}:${id}`);
    },
    recordAttempt: () => {
      writes += 1;
    },
    add: (alert, createdAt) => {
      rows.push({ id: rows.length + 1, alert, createdAt, attempts: 0 });
    },
    rows: () => rows,
    writes: () => writes,
    parked: (chatId) => parked.filter((entry) => entry.chatId === chatId),
    breakOnce: (method) => broken.add(method),
  };
};

export const alertOf = (kind: AlertKind, key: string): Alert => ({
  kind,
  key,
  title: key,
  lines: [],
  commands: [],
  symbol: null,
  at: 0,
});

export interface FakeNotifier extends Notifier {
  readonly sent: {
    readonly chatId: number;
    readonly key: string;
    readonly title: string;
    readonly silent: boolean;
    readonly at: EpochMs;
  }[];
  /** What the next deliveries answer; then all is delivered. A function decides by chat. */
  script(answer: (chatId: number, alert: Alert) => Delivery): void;
}

export const createFakeNotifier = (clock: Clock): FakeNotifier => {
  const sent: FakeNotifier['sent'] = [];
  let answer: (chatId: number, alert: Alert) => Delivery = () => ({ kind: 'delivered' });
  return {
    sent,
    script: (next) => {
      answer = next;
    },
    deliver: async (chatId, alert, silent) => {
      const outcome = answer(chatId, alert);
      if (outcome.kind === 'delivered')
        sent.push({ chatId, key: alert.key, title: alert.title, silent, at: clock.wallNow() });
      return outcome;
    },
  };
};

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
