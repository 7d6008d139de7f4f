import { SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import { createChatStanding } from './chat-standing.ts';
import { reopen, sendBatch, type DeliveryContext, type Step } from './delivery.ts';
import { createKeyMemory } from './key-memory.ts';

export type ChatLineOptions = Omit<DeliveryContext, 'standing' | 'delivered'>;

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
const STORE_RETRY_MS: Milliseconds = 5 * SECOND_MS;

export const createChatLine = (options: ChatLineOptions): ChatLine => {
  const { chatId, clock, log } = options;
  const standing = createChatStanding(clock);
  const context = { ...options, standing, delivered: createKeyMemory() };
  /** A new process does not know what was closed: it asks once. */
  let mayReopen = true;
  let nap = new AbortController();
  const closing = new AbortController();

  const guardedBatch = async (signal: AbortSignal): Promise<Step> => {
    try {
      if (mayReopen) reopen(context);
      mayReopen = false;
      return await sendBatch(context, signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error({ chatId, why }, 'outbox store failed; alerts wait');
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
      if (!standing.heard()) return;
      mayReopen = true;
      nap.abort('contact');
    },
    drain: () => {
      closing.abort();
      nap.abort();
    },
    deafSince: standing.deafSince,
    isClosed: standing.isClosed,
    lastDelivered: standing.lastDelivered,
  };
};
