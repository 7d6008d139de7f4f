import type { Reply } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import { answer, present } from './asking.ts';
import type { ConfirmingOptions, Origin } from './confirming-context.ts';
import type { Replaced } from './outbound.ts';
import { pressApproval, pressConfirm } from './pressing.ts';
import type { IncomingPress } from './updates.ts';

/** From a command's reply to the deed: question, one-time code, confirmation, second operator. */
export interface Confirming {
  /** Sends a reply, and whatever it asks for first. */
  present(reply: Reply, origin: Origin, replace?: Replaced): void;
  /** The sender's answer to an open question. False when there is none. */
  answer(text: string, origin: Origin): Promise<boolean>;
  pressConfirm(nonce: string, yes: boolean, press: IncomingPress, caller: Caller): Promise<void>;
  pressApproval(nonce: string, yes: boolean, press: IncomingPress, caller: Caller): Promise<void>;
}

/** What is open is in the requests, and nowhere else. */
export const createConfirming = (options: ConfirmingOptions): Confirming => ({
  present: (...what) => present(options, ...what),
  answer: (...what) => answer(options, ...what),
  pressConfirm: (...what) => pressConfirm(options, ...what),
  pressApproval: (...what) => pressApproval(options, ...what),
});
