import { SECOND_MS } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Delivery, Notifier, OutboxRow, OutboxStore } from '../../ports/outbox.ts';
import type { RandomStream } from '../generator/random.ts';
import type { Violation } from './invariants.ts';
import type { World } from './world.ts';

/** The chat as people see it, over all processes: what arrived, and whether in order. */
export interface ChatHistory {
  /** Row ids by alert key, as the outbox offers them. */
  offer(rows: readonly OutboxRow[]): void;
  receive(key: string): void;
  mark(id: number): void;
  readonly received: number;
  /** Keys of rows that were marked without ever having arrived. */
  readonly marked: ReadonlySet<number>;
}

const SUMMARY = /^summary:(\d+)-(\d+)$/;

export const createChatHistory = (violate: (violation: Violation) => void): ChatHistory => {
  const idOf = new Map<string, number>();
  const keyOf = new Map<number, string>();
  const seen = new Set<string>();
  const covered = new Set<number>();
  const marked = new Set<number>();
  let newest = 0;
  const arrive = (id: number): void => {
    covered.add(id);
    if (id < newest)
      violate({ rule: 'outbox-in-order', detail: `alert ${id} (${keyOf.get(id) ?? ''}) arrived after ${newest}` });
    newest = Math.max(newest, id);
  };
  return {
    offer: (rows) => {
      for (const { id, alert } of rows) {
        idOf.set(alert.key, id);
        keyOf.set(id, alert.key);
      }
    },
    receive: (key) => {
      // The same one again after a crash or a lost answer: at least once is the promise.
      if (seen.has(key)) return;
      seen.add(key);
      const range = SUMMARY.exec(key);
      const id = idOf.get(key);
      if (range !== null)
        for (let row = Number(range[1]); row <= Number(range[2]); row += 1) {
          if (keyOf.has(row) && !covered.has(row)) arrive(row);
        }
      else if (id !== undefined && !covered.has(id)) arrive(id);
    },
    mark: (id) => {
      marked.add(id);
      if (!covered.has(id) && !seen.has(keyOf.get(id) ?? ''))
        violate({
          rule: 'no-alert-lost',
          detail: `alert ${id} (${keyOf.get(id) ?? ''}) was marked as delivered and never arrived`,
        });
    },
    get received() {
      return seen.size;
    },
    marked,
  };
};

/** The outbox store with an eye on it. */
export const watchOutbox = (
  store: OutboxStore,
  chat: ChatHistory,
  violate: (violation: Violation) => void,
  guard: () => void,
): OutboxStore => ({
  pending: (chatId, limit) => {
    guard();
    const rows = store.pending(chatId, limit);
    chat.offer(rows);
    return rows;
  },
  pendingCount: () => store.pendingCount(),
  markDelivered: (chatId, ids, at) => {
    guard();
    store.markDelivered(chatId, ids, at);
    for (const id of ids) chat.mark(id);
  },
  park: (chatId, ids, why, at) => {
    guard();
    violate({ rule: 'no-alert-lost', detail: `alert ${ids.join(', ')} was parked: ${why}` });
    store.park(chatId, ids, why, at);
  },
  parkAll: (chatId, why, at) => {
    guard();
    violate({ rule: 'no-alert-lost', detail: `all alerts were parked: ${why}` });
    store.parkAll(chatId, why, at);
  },
  reopen: (chatId, notBefore) => {
    guard();
    store.reopen(chatId, notBefore);
  },
  rejoin: (chatId, why, at) => {
    guard();
    violate({ rule: 'no-alert-lost', detail: `alerts were left out: ${why}` });
    store.rejoin(chatId, why, at);
  },
  recordAttempt: (chatId, ids) => {
    guard();
    store.recordAttempt(chatId, ids);
  },
  add: (alert, createdAt) => {
    guard();
    store.add(alert, createdAt);
  },
});

export interface TelegramOptions {
  readonly world: World;
  readonly chat: ChatHistory;
  readonly random: RandomStream;
  readonly clock: Clock;
  /** Whether the process ends here, before or after the message has arrived. */
  readonly dies: (point: 'alert:before' | 'alert:after') => boolean;
}

/** Messages to one chat, with the weather of the world. */
export const createTelegram = (options: TelegramOptions): Notifier => {
  const { world, chat, random, clock, dies } = options;
  return {
    deliver: async (_chatId, alert): Promise<Delivery> => {
      if (dies('alert:before')) return await never();
      await clock.sleep(50 + Math.floor(random.uniform() * 250));
      const fault = world.active('telegram');
      if (fault?.name === 'outage') return { kind: 'retry', after: 0, why: 'no route' };
      if (fault?.name === 'slow-down') {
        if (random.uniform() < 0.5) return { kind: 'retry', after: 20 * SECOND_MS, why: '429' };
      }
      chat.receive(alert.key);
      if (dies('alert:after')) return await never();
      if (fault?.name === 'answer-lost' && random.uniform() < 0.5)
        return { kind: 'retry', after: 0, why: 'the answer was lost' };
      return { kind: 'delivered' };
    },
  };
};

/** What a dead process waits for. */
export const never = (): Promise<never> => new Promise(() => undefined);
