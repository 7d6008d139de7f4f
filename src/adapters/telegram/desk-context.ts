import { MINUTE_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { CommandSet, CommandSpec, Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { AuditEntry, Caller } from '../../ports/operator.ts';
import type { Access, StrangerWatch } from './access.ts';
import type { Confirming } from './confirming.ts';
import type { Outbound } from './outbound.ts';
import type { RateVerdict } from './rate-limit.ts';
import { say } from './replies.ts';
import type { Requests } from './requests.ts';
import type { SeenUpdates } from './seen-updates.ts';
import type { Answered, Place } from './updates.ts';

export interface DeskOptions {
  readonly commands: CommandSet;
  readonly access: Access;
  readonly strangers: StrangerWatch;
  readonly seen: SeenUpdates;
  readonly rate: (senderId: number) => RateVerdict;
  /**
   * By chat: whoever writes as one is nobody's to count. What makes trading safer is counted by itself, so that nothing
   * else leaves it without an answer.
   */
  readonly namelessRate: (chatId: number, urgent: boolean) => RateVerdict;
  readonly requests: Requests;
  readonly confirming: Confirming;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: (entry: AuditEntry) => void;
  readonly explain: (error: unknown, command: string) => Reply;
  /** Known once the bot has introduced itself. */
  readonly self: () => { readonly id: number; readonly username: string } | null;
  /** A listed person is here: whatever could not be set up for them before can be now. */
  readonly greet: (caller: Caller, place: Place) => void;
  /** A listed chat says it has another id now: find out from Telegram itself. */
  readonly probeMigration: (chatId: number) => void;
}

/** What every way of hearing somebody needs. It keeps nothing itself: what is remembered belongs to its parts. */
export interface DeskContext extends DeskOptions {
  readonly find: (name: string) => CommandSpec | undefined;
  /** The bot's own, in lower case; null while it is not known. */
  readonly username: () => string | null;
  /** Whether a message answers one of the bot's own. */
  readonly answersUs: (answers: Answered | null) => boolean;
  /** A row of the audit; a failed write is logged, since the words to the person matter more. */
  readonly note: (
    caller: AuditEntry['caller'],
    place: Place,
    command: string,
    argumentsText: string,
    outcome: string,
  ) => void;
  /** Counts the command, and warns of a flood in the chat or on the pressed button. */
  readonly tooFast: (caller: Caller, place: Place, command: string, queryId: string | null) => boolean;
}

export const MAX_COMMAND_AGE: Milliseconds = MINUTE_MS;

export const isStale = (sentAt: EpochMs, now: EpochMs): boolean => Math.abs(now - sentAt) > MAX_COMMAND_AGE;

/** What an operator sends to make trading safer is never held up, not even by the rate limit. */
export const isUrgent = (spec: CommandSpec, caller: Caller): boolean =>
  spec.effect === 'tighten' && caller.role === 'operator';

export const createDeskContext = (options: DeskOptions): DeskContext => {
  const { commands, outbound, clock, log } = options;

  const note: DeskContext['note'] = (caller, place, command, argumentsText, outcome) => {
    try {
      options.audit({
        at: clock.wallNow(),
        caller,
        chatId: place.chatId,
        command,
        arguments: argumentsText.slice(0, 500),
        outcome,
      });
    } catch (error) {
      log.error({ command, why: String(error) }, 'audit row not written');
    }
  };

  /** On record once per flood, as the warning: a row for each would make a flood costly. */
  const tooFast: DeskContext['tooFast'] = (caller, place, command, queryId) => {
    const verdict = options.rate(caller.userId);
    if (verdict === 'warn') {
      note(caller, place, command, '', 'refused: too fast, more may follow');
      if (queryId === null)
        outbound.send(
          place,
          say('Slow down', 'Too many commands at once; the next ones are ignored for some seconds.'),
        );
      else outbound.answer(queryId, 'Too fast: wait some seconds.');
    }
    return verdict !== 'go';
  };

  return {
    ...options,
    find: (name) => commands.find(name),
    username: () => options.self()?.username.toLowerCase() ?? null,
    answersUs: (answers) => answers !== null && answers.authorId === options.self()?.id,
    note,
    tooFast,
  };
};
