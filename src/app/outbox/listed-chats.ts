import type { EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import type { Log } from '../../ports/log.ts';
import type { OutboxStore } from '../../ports/outbox.ts';

const KEY = 'outbox/listed';

export interface ListedChatsOptions {
  readonly store: Pick<OutboxStore, 'rejoin'>;
  readonly memory: ChatMemory;
  /** Every chat that is listed now. */
  readonly chats: readonly number[];
  readonly wallNow: EpochMs;
  readonly log: Log;
}

/**
 * Notes at a start which chats alerts go to. A chat that had been taken off the lists and is back gets no alert from
 * the time between: months of them would bury what is said now, and whoever was not listed was not meant to read them.
 * The time of an outage, or of a bot that was down, is not left out: everybody stayed listed.
 */
export const noteListedChats = ({ store, memory, chats, wallNow, log }: ListedChatsOptions): void => {
  try {
    const kept = memory.get(KEY);
    // Of a database that an older version wrote nobody knows who was listed: nothing is left out.
    const before = kept === null ? null : new Set(kept.split(' '));
    for (const chatId of chats)
      if (before?.has(String(chatId)) === false) store.rejoin(chatId, 'not listed when it was said', wallNow);
    // Last: should the process end on the way, it is done again.
    memory.set(KEY, chats.join(' '));
  } catch (error) {
    // A disk that takes nothing keeps no bot from guarding its positions: somebody hears too much instead.
    log.error({ why: error instanceof Error ? error.message : String(error) }, 'who is listed could not be noted');
  }
};
