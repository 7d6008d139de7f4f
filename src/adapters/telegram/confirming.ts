import { counted, firstSentence } from '../../core/words.ts';
import type { Alert } from '../../core/engine/alert.ts';
import type { EpochMs } from '../../core/units.ts';
import type { AskRequest, ConfirmRequest, Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AuditEntry, Caller, CommandOutcome } from '../../ports/operator.ts';
import type { Outbound, Replaced } from './outbound.ts';
import { HOW_TO_ANSWER, questionKeyboard } from './question.ts';
import type { PendingConfirm, Requests } from './requests.ts';
import type { TotpCheck } from './totp.ts';
import type { IncomingPress, Place } from './updates.ts';

/** From a command's reply to the deed: question, one-time code, confirmation, second operator. */
export interface Confirming {
  /** Sends a reply, and whatever it asks for first. */
  present(reply: Reply, origin: Origin, replace?: Replaced): void;
  /** The sender's answer to an open question. False when there is none. */
  answer(text: string, origin: Origin): Promise<boolean>;
  pressConfirm(nonce: string, yes: boolean, press: IncomingPress, caller: Caller): Promise<void>;
  pressApproval(nonce: string, yes: boolean, press: IncomingPress, caller: Caller): Promise<void>;
}

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

const GONE = 'This button no longer works: expired, used, or from before a restart. Send the command again.';

const say = (title: string, ...lines: readonly string[]): Reply => ({
  title,
  blocks: lines.length === 0 ? [] : [{ kind: 'text', lines }],
});

/** It had come about by itself, or by another operator's hand, between question and button: nobody refuses it. */
const NOTHING_LEFT: ReadonlySet<string> = new Set(['nothing-to-do', 'not-paused', 'nothing-locked']);

/**
 * How it ended. Of what was done the first sentence is the title: "done" over a sale that is under way would be read as
 * sold. What was done by half is neither done nor refused: each would hide the other half.
 */
const ended = ({ ok, code, text }: CommandOutcome): Reply => {
  if (code === 'partly') return say('⚠️ Done in part', text);
  if (NOTHING_LEFT.has(code)) return say('Nothing left to do', text);
  if (!ok) return say('⛔ Refused', text);
  const [first, rest] = firstSentence(text);
  return say(`✅ ${first}`, ...(rest === '' ? [] : [rest]));
};

/** Whoever waits for an approval has to know that nobody was asked for it. */
const notAsked = (operator: number, why: string, command: string, others: number): Reply =>
  say(
    `Operator ${operator} was not asked`,
    `The bot cannot write to them: ${why}`,
    others > 0
      ? `${counted(others, 'other was', 'others were')} asked, so far as is known.`
      : `Nobody else is left to approve. When they have unblocked the bot or sent it /start, send /${command} again.`,
  );

/** Whoever types wrong codes may have somebody else's phone: the others hear of it, once a block. */
const blockedAlert = (command: string, { name, userId }: Caller, until: EpochMs, at: EpochMs): Alert => ({
  kind: 'security',
  key: `codes-blocked:${until}`,
  title: '🚨 Codes are blocked: too many were wrong',
  lines: [
    `For /${command} by ${name} (${userId}). None is taken for at most 15 minutes.`,
    'If no operator typed them, that account is in other hands: take its id out of TELEGRAM_OPERATORS and restart.',
  ],
  commands: ['/locks'],
  symbol: null,
  at,
});

const codeQuestion = (
  reply: Reply,
  request: ConfirmRequest,
  totp: TotpCheck,
  onBlocked: (until: EpochMs) => void,
): Reply => {
  const ask: AskRequest = {
    kind: 'ask',
    question: 'Type the six digits of your authenticator app.',
    answer: (text) => {
      const verdict = totp.check(text);
      switch (verdict.kind) {
        case 'right':
          return { ...reply, request: { ...request, needsCode: false } };
        case 'used':
          return {
            ...say('This code was used already', 'Wait for the next one and send the command again.'),
            outcome: 'refused: code used',
          };
        case 'wrong':
          return {
            ...say('Wrong code', `Nothing was done. ${verdict.left} more and codes are blocked for 15 minutes.`),
            outcome: 'refused: wrong code',
          };
        case 'blocked':
          onBlocked(verdict.until);
          return {
            ...say('Codes are blocked', 'Too many wrong ones. Try again in at most 15 minutes.'),
            outcome: 'refused: codes blocked',
          };
      }
    },
  };
  return { ...reply, blocks: [...reply.blocks, { kind: 'text', lines: request.what }], request: ask };
};

export const createConfirming = (options: ConfirmingOptions): Confirming => {
  const { requests, outbound, totp, clock } = options;

  const note = (caller: Caller, place: Place, command: string, detail: string, outcome: string): void =>
    options.audit({ at: clock.wallNow(), caller, chatId: place.chatId, command, arguments: detail, outcome });

  const dead = (press: IncomingPress, caller: Caller): void => {
    outbound.answer(press.queryId, GONE, true);
    note(caller, press.place, '', '(confirmation button)', 'refused: dead button');
  };

  const ask = (reply: Reply, request: AskRequest, origin: Origin): void => {
    requests.openAsk(origin.caller.userId, origin.place, origin.command, request);
    const { isPrivate } = origin.place;
    const askReplyTo = !isPrivate && origin.messageId !== null ? { askReplyTo: origin.messageId } : {};
    // In a group the bot sees replies only. An answer box opens for whoever wrote a message, not for who pressed a
    // button.
    const how = isPrivate ? [] : [HOW_TO_ANSWER];
    outbound.send(
      origin.place,
      { title: reply.title, blocks: [...reply.blocks, { kind: 'text', lines: [request.question, ...how] }] },
      askReplyTo,
    );
  };

  const confirm = (reply: Reply, request: ConfirmRequest, origin: Origin): void => {
    const nonce = requests.openConfirm({
      request,
      command: origin.command,
      caller: origin.caller,
      place: origin.place,
    });
    const blocks = [
      ...reply.blocks,
      { kind: 'text' as const, lines: request.what },
      { kind: 'text' as const, lines: ['Works for 2 minutes, once, for you.'] },
    ];
    outbound.send(
      origin.place,
      { title: reply.title, blocks },
      { keyboard: questionKeyboard('k', nonce, request.label, 'Cancel') },
    );
  };

  const present = (reply: Reply, origin: Origin, replace?: Replaced): void => {
    const { request } = reply;
    if (request === undefined) outbound.send(origin.place, reply, replace === undefined ? {} : { replace });
    else if (request.kind === 'ask') ask(reply, request, origin);
    else if (request.needsCode && totp !== null)
      present(
        codeQuestion(reply, request, totp, (until) =>
          options.report(blockedAlert(origin.command, origin.caller, until, clock.wallNow())),
        ),
        origin,
      );
    else confirm(reply, request, origin);
  };

  const perform = async (
    pending: PendingConfirm,
    approver: Caller | null,
    place: Place,
    replace: Replaced,
  ): Promise<void> => {
    const { request, command, caller } = pending;
    try {
      note(
        approver ?? caller,
        place,
        command,
        request.what.join(' | '),
        approver === null ? 'confirmed' : `approved for ${caller.name}`,
      );
      const outcome = await request.action(caller);
      const done = ended(outcome);
      outbound.send(place, done, { replace });
      if (approver !== null && place.chatId !== pending.place.chatId) outbound.send(pending.place, done);
      note(caller, place, command, '', outcome.code);
    } catch (error) {
      outbound.send(place, options.explain(error, command), { replace });
    }
  };

  const askApproval = (pending: PendingConfirm, replace: Replaced): void => {
    const nonce = requests.openApproval(pending);
    const keyboard = questionKeyboard('a', nonce, `Approve: ${pending.request.label}`, 'Refuse');
    const reply = say(
      `A second operator must approve /${pending.command}`,
      `Asked by ${pending.caller.name}:`,
      ...pending.request.what,
      'Within 15 minutes.',
    );
    outbound.send(pending.place, reply, { replace, keyboard });
    let left = options
      .operators()
      .filter((operator) => operator !== pending.caller.userId && operator !== pending.place.chatId);
    // In a group the others see the question where it was asked.
    const missed =
      (operator: number) =>
      (why: string): void => {
        left = left.filter((other) => other !== operator);
        if (pending.place.isPrivate)
          outbound.send(pending.place, notAsked(operator, why, pending.command, left.length));
      };
    for (const operator of left)
      outbound.send({ chatId: operator, threadId: null, isPrivate: true }, reply, {
        keyboard,
        onUndelivered: missed(operator),
      });
    note(pending.caller, pending.place, pending.command, '', 'waits for a second operator');
  };

  return {
    present,
    answer: async (text, origin) => {
      const waiting = requests.takeAsk(origin.caller.userId, origin.place);
      if (waiting === null) return false;
      const then = { ...origin, command: waiting.command };
      try {
        const reply = await waiting.ask.answer(text);
        // What was typed may be a code: it is never written down.
        note(origin.caller, origin.place, waiting.command, '(answer)', reply.outcome ?? 'answered');
        present(reply, then);
      } catch (error) {
        outbound.send(origin.place, options.explain(error, waiting.command));
      }
      return true;
    },
    pressConfirm: async (nonce, yes, press, caller) => {
      const verdict = requests.takeConfirm(nonce, caller.userId, press.place);
      if (verdict.kind === 'gone') return dead(press, caller);
      if (verdict.kind === 'not-yours') {
        note(caller, press.place, verdict.value.command, '', 'refused: another person’s confirmation');
        return outbound.answer(press.queryId, 'Only the person who asked can press this, and only in that chat.', true);
      }
      const replace = { messageId: press.messageId, hasPicture: press.hasPicture };
      outbound.answer(press.queryId, yes ? 'Working …' : 'Cancelled');
      if (!yes) {
        note(caller, press.place, verdict.value.command, '', 'cancelled');
        outbound.send(press.place, say('Cancelled', 'Nothing was done.'), { replace });
      } else if (verdict.value.request.needsApproval && options.approvals === 2) askApproval(verdict.value, replace);
      else await perform(verdict.value, null, press.place, replace);
    },
    pressApproval: async (nonce, yes, press, caller) => {
      const waiting = requests.lookApproval(nonce);
      if (waiting === null) return dead(press, caller);
      if (yes && waiting.caller.userId === caller.userId) {
        note(caller, press.place, waiting.command, '', 'refused: own approval');
        return outbound.answer(press.queryId, 'A different operator must approve.', true);
      }
      const pending = requests.takeApproval(nonce);
      if (pending === null) return dead(press, caller);
      const replace = { messageId: press.messageId, hasPicture: press.hasPicture };
      outbound.answer(press.queryId, yes ? 'Working …' : 'Refused');
      if (yes) return perform(pending, caller, press.place, replace);
      note(caller, press.place, pending.command, '', `approval refused by ${caller.name}`);
      const refused = say('Not approved', `${caller.name} refused. Nothing was done.`);
      outbound.send(press.place, refused, { replace });
      if (press.place.chatId !== pending.place.chatId) outbound.send(pending.place, refused);
    },
  };
};
