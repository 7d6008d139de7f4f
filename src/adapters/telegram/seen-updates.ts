import type { ChatMemory } from '../../ports/chat.ts';

/**
 * Which updates have been acted on. Telegram delivers an update again until it
 * is acknowledged, so after a crash the last ones come twice. A set of the
 * last ids, not a high-water mark: after a quiet week Telegram restarts its
 * numbering anywhere, and a mark would then refuse every command.
 */
export interface SeenUpdates {
  has(updateId: number): boolean;
  /** Durable when it returns. */
  add(updateId: number): void;
}

/** More than one poll can carry (100). */
const KEPT = 250;

export const createSeenUpdates = (memory: ChatMemory, key: string): SeenUpdates => {
  const stored = (memory.get(key) ?? '')
    .split(',')
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id !== 0);
  let ids = stored.slice(-KEPT);
  let set = new Set(ids);
  return {
    has: (updateId) => set.has(updateId),
    add: (updateId) => {
      if (set.has(updateId)) return;
      ids = [...ids.slice(1 - KEPT), updateId];
      set = new Set(ids);
      memory.set(key, ids.join(','));
    },
  };
};
