import { conflict, type BotApiError } from './errors.ts';
import type { Json, JsonObject } from './types.ts';

export interface NumberedUpdate {
  readonly update_id: number;
  readonly [key: string]: Json;
}

export interface PollRequest {
  readonly offset: number;
  readonly limit: number;
  readonly timeoutMs: number;
  /** null = keep the former setting; empty = all kinds. */
  readonly allowed: readonly string[] | null;
}

interface WaitingPoll {
  readonly request: PollRequest;
  readonly answer: (updates: readonly NumberedUpdate[]) => void;
  readonly refuse: (error: BotApiError) => void;
  timer: NodeJS.Timeout | null;
}

/** Kept at most, the oldest lost first, as the Bot API loses updates after 24 hours. */
const MAX_UPDATES = 5_000;

/**
 * Updates wait here until a poll with a higher offset acknowledges them; until
 * then every poll delivers them again. One poll at a time: a second ends the
 * first with 409.
 */
export class UpdateQueue {
  #updates: NumberedUpdate[] = [];
  #nextId: number;
  #allowed: readonly string[] = [];
  #waiting: WaitingPoll | null = null;

  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  get depth(): number {
    return this.#updates.length;
  }

  /** Whether a poll waits now: the bot is listening. */
  get polled(): boolean {
    return this.#waiting !== null;
  }

  push(body: JsonObject): number {
    const updateId = this.#nextId;
    this.#nextId += 1;
    const kind = Object.keys(body)[0] ?? '';
    if (this.#allowed.length > 0 && !this.#allowed.includes(kind)) return updateId;
    this.#add({ ...body, update_id: updateId });
    return updateId;
  }

  /** Delivers an update once more, as happens when an acknowledgement is lost. */
  redeliver(update: NumberedUpdate): void {
    this.#add(update);
  }

  poll(request: PollRequest): { readonly result: Promise<readonly NumberedUpdate[]>; readonly abandon: () => void } {
    this.#acknowledge(request.offset);
    if (request.allowed !== null) this.#allowed = request.allowed;
    this.#finish((waiting) => waiting.refuse(conflict()));
    const { promise, resolve, reject } = Promise.withResolvers<readonly NumberedUpdate[]>();
    const waiting: WaitingPoll = { request, answer: resolve, refuse: reject, timer: null };
    this.#waiting = waiting;
    if (this.#updates.length > 0 || request.timeoutMs <= 0) this.#answerWaiting();
    else waiting.timer = setTimeout(() => this.#answerWaiting(), request.timeoutMs);
    const abandon = (): void => {
      if (this.#waiting === waiting) this.#finish((poll) => poll.answer([]));
    };
    return { result: promise, abandon };
  }

  close(): void {
    this.#finish((waiting) => waiting.answer([]));
  }

  #add(update: NumberedUpdate): void {
    this.#updates.push(update);
    if (this.#updates.length > MAX_UPDATES) this.#updates.shift();
    this.#answerWaiting();
  }

  #acknowledge(offset: number): void {
    if (offset > 0) this.#updates = this.#updates.filter((update) => update.update_id >= offset);
    // A negative offset asks for the last ones and forgets all before.
    else if (offset < 0) this.#updates = this.#updates.slice(offset);
  }

  #answerWaiting(): void {
    this.#finish((waiting) => waiting.answer(this.#updates.slice(0, waiting.request.limit)));
  }

  #finish(end: (waiting: WaitingPoll) => void): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    end(waiting);
  }
}
