import { DRIFT_WINDOW_HOURS, type DriftReference } from '../../core/features/drift.ts';
import { asciiBytes, sha256Hex } from '../../core/features/sha256.ts';
import type { ChatMemory } from '../../ports/chat.ts';

/**
 * The rows of the drift window, kept over restarts: 500 hours without one are three weeks, and until then nothing would
 * be measured.
 */
export interface DriftMemory {
  /** Rows kept against the same reference, oldest first. */
  rows(): readonly Uint8Array[];
  keep(row: Uint8Array): void;
}

const encode = (row: Uint8Array): string => Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join('');
const decode = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** One small value a row, in a ring of the window's length. */
export const createDriftMemory = (memory: ChatMemory, reference: DriftReference, symbols: number): DriftMemory => {
  const slots = DRIFT_WINDOW_HOURS * symbols;
  const identity = sha256Hex(asciiBytes(JSON.stringify(reference))).slice(0, 12);
  const keyOf = (slot: number): string => `drift/${symbols}/${slot}`;
  let next = 0;

  /** What another reference has left in a slot tells nothing. */
  const read = (slot: number): { readonly sequence: number; readonly row: Uint8Array } | null => {
    const match = /^([0-9a-f]{12}) (\d+) ([0-9a-f]+)$/.exec(memory.get(keyOf(slot)) ?? '');
    return match?.[1] === identity ? { sequence: Number(match[2]), row: decode(match[3] ?? '') } : null;
  };

  return {
    rows: () => {
      const kept = Array.from({ length: slots }, (_, slot) => read(slot)).filter((entry) => entry !== null);
      kept.sort((a, b) => a.sequence - b.sequence);
      next = (kept.at(-1)?.sequence ?? -1) + 1;
      return kept.map(({ row }) => row);
    },
    keep: (row) => {
      memory.set(keyOf(next % slots), `${identity} ${next} ${encode(row)}`);
      next += 1;
    },
  };
};
