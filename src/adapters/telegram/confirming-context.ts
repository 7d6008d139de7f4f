import type { Alert } from '../../core/engine/alert.ts';
import type { Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AuditEntry, Caller } from '../../ports/operator.ts';
import type { Outbound } from './outbound.ts';
import type { Requests } from './requests.ts';
import type { TotpCheck } from './totp.ts';
import type { Place } from './updates.ts';

export interface Origin {
  readonly command: string;
  readonly caller: Caller;
  readonly place: Place;
  /** The person's message. */
  readonly messageId: number | null;
}

export interface ConfirmingOptions {
  readonly requests: Requests;
  readonly outbound: Outbound;
  readonly totp: TotpCheck | null;
  readonly approvals: 1 | 2;
  readonly operators: () => readonly number[];
  readonly clock: Clock;
  /** Puts an alert into the outbox, which takes each key once. */
  readonly report: (alert: Alert) => void;
  /** Throws when the row cannot be written: then nothing is done. */
  readonly audit: (entry: AuditEntry) => void;
  /** Logs the error and says what the person is told. */
  readonly explain: (error: unknown, command: string) => Reply;
}

/** A row of the audit. @throws when it cannot be written: then nothing is done */
export const note = (
  { audit, clock }: Pick<ConfirmingOptions, 'audit' | 'clock'>,
  caller: Caller,
  place: Place,
  command: string,
  detail: string,
  outcome: string,
): void => audit({ at: clock.wallNow(), caller, chatId: place.chatId, command, arguments: detail, outcome });
