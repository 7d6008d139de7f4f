import type { Milliseconds } from '../../core/units.ts';
import type { BoardRows, Dashboard, RowCursor } from '../../ports/dashboard.ts';

/** A message of the stream as it goes over the wire. */
interface Message {
  readonly event: 'board' | 'rows' | 'reset';
  readonly data: string;
  /** What the browser sends back when the line breaks: the reader has everything up to here. */
  readonly id: string | null;
}

/** One open page. */
export interface Reader {
  /** Waits for the next message; null when the stream is over. */
  next(): Promise<Message | null>;
  leave(): void;
}

/** Open pages at a time: a page too many must not slow the bot. */
const MOST_READERS = 100;
/** A reader this far behind is let go: it comes back and resumes. */
const MOST_WAITING = 64;

const KEYS = [
  'decisions',
  'fills',
  'trades',
  'orders',
  'alerts',
  'locks',
  'equity',
  'candles',
] as const satisfies readonly (keyof RowCursor)[];

/** Text of a cursor: which database, then the newest row of each kind. */
export const encodeCursor = (instanceId: string, cursor: RowCursor): string =>
  `${instanceId}.${KEYS.map((key) => cursor[key].toString(36)).join('.')}`;

/** Null for a text that is no cursor of this database. */
export const decodeCursor = (instanceId: string, text: string): RowCursor | null => {
  if (text.length > 200 || !text.startsWith(`${instanceId}.`)) return null;
  const parts = text.slice(instanceId.length + 1).split('.');
  if (parts.length !== KEYS.length || !parts.every((part) => /^[0-9a-z]{1,10}$/.test(part))) return null;
  const values = Object.fromEntries(KEYS.map((key, index) => [key, Number.parseInt(parts[index] ?? '', 36)]));
  return values as unknown as RowCursor;
};

const isEmpty = (rows: BoardRows): boolean => KEYS.every((key) => rows[key].length === 0);

/** Only the kinds that have something. */
const rowsText = (rows: BoardRows): string =>
  JSON.stringify(Object.fromEntries(KEYS.filter((key) => rows[key].length > 0).map((key) => [key, rows[key]])));

export interface BoardStream {
  /** `after`: a cursor of this or an earlier process, or null. Null when there are too many readers. */
  join(after: string | null): Reader | null;
  readonly readers: number;
  close(): void;
}

class Queue implements Reader {
  readonly #waiting: Message[] = [];
  readonly #onLeave: () => void;
  #wake: (() => void) | null = null;
  #over = false;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(message: Message): void {
    // Of boards only the newest is worth sending.
    const stale = message.event === 'board' ? this.#waiting.findIndex(({ event }) => event === 'board') : -1;
    if (stale >= 0) this.#waiting.splice(stale, 1);
    this.#waiting.push(message);
    if (this.#waiting.length > MOST_WAITING) this.leave();
    this.#wake?.();
  }

  async next(): Promise<Message | null> {
    while (!this.#over) {
      const message = this.#waiting.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    return null;
  }

  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting.length = 0;
    this.#wake?.();
    this.#onLeave();
  }
}

/**
 * The live board: looked at once an interval for all readers together, and only
 * while there are any. Rows are named by what is in the database, so a reader
 * resumes where it was even after the bot has been restarted. A look that fails
 * is reported and skipped: whatever the page meets must not reach the bot.
 */
export const createBoardStream = (
  dashboard: Dashboard,
  interval: Milliseconds,
  onError: (error: unknown) => void,
): BoardStream => {
  const { instanceId } = dashboard;
  const readers = new Set<Queue>();
  let timer: NodeJS.Timeout | null = null;
  let reached: RowCursor | null = null;
  let closed = false;

  const board = (): Message => ({ event: 'board', data: JSON.stringify(dashboard.board()), id: null });
  const changes = (after: RowCursor, until: RowCursor): Message | null => {
    const rows = dashboard.between(after, until);
    const id = encodeCursor(instanceId, until);
    if (rows === null) return { event: 'reset', data: '{}', id };
    return isEmpty(rows) ? null : { event: 'rows', data: rowsText(rows), id };
  };
  const tick = (): void => {
    const until = dashboard.cursor();
    const news = reached === null ? null : changes(reached, until);
    // Before the mark moves on: what a look has read that fails after all is read again by the next.
    const now = board();
    reached = until;
    for (const reader of readers) {
      if (news !== null) reader.push(news);
      reader.push(now);
    }
  };
  const look = (): void => {
    try {
      tick();
    } catch (error) {
      onError(error);
    }
  };
  const leave = (reader: Queue): void => {
    readers.delete(reader);
    if (readers.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
    reached = null;
  };

  return {
    join: (after) => {
      if (closed || readers.size >= MOST_READERS) return null;
      const cursor = after === null ? null : decodeCursor(instanceId, after);
      // Everyone else first gets what has come up to this moment; from here on all are level.
      if (readers.size > 0) tick();
      const until = reached ?? dashboard.cursor();
      reached = until;
      // Whatever can fail comes before anything is kept.
      const missed: Message | null =
        cursor === null ? { event: 'reset', data: '{}', id: encodeCursor(instanceId, until) } : changes(cursor, until);
      const first = board();
      const reader: Queue = new Queue(() => leave(reader));
      readers.add(reader);
      timer ??= setInterval(look, interval);
      if (missed !== null) reader.push(missed);
      reader.push(first);
      return reader;
    },
    get readers() {
      return readers.size;
    },
    close: () => {
      closed = true;
      for (const reader of [...readers]) reader.leave();
      if (timer !== null) clearInterval(timer);
    },
  };
};
