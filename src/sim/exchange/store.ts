/**
 * Where the simulator keeps its account, so that a demo survives the loss of
 * its process at any instant.
 */
export interface SimStore {
  /** Everything ever written and not deleted, in the order of the keys. */
  load(): Iterable<readonly [key: string, value: string]>;
  /** All entries or none; null deletes. Returns when they are safe. */
  write(entries: readonly (readonly [key: string, value: string | null])[]): void;
  /** True when nothing is kept: then nothing need be put into words. */
  readonly keepsNothing?: boolean;
}

/** For tests, and for a simulator that need not survive its process. */
export const createMemoryStore = (initial: Iterable<readonly [string, string]> = []): SimStore => {
  const entries = new Map<string, string>(initial);
  return {
    load: () => [...entries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
    write: (changes) => {
      for (const [key, value] of changes) {
        if (value === null) entries.delete(key);
        else entries.set(key, value);
      }
    },
  };
};

/** For a run that keeps nothing. */
export const createNullStore = (): SimStore => ({ load: () => [], write: () => undefined, keepsNothing: true });
