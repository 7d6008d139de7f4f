import type { Caller } from '../../ports/operator.ts';
import { note, type ConfirmingOptions } from './confirming-context.ts';
import type { Replaced } from './outbound.ts';
import { ended, notAsked } from './outcome-words.ts';
import { questionKeyboard } from './question.ts';
import { say } from './replies.ts';
import type { PendingConfirm } from './requests.ts';
import type { IncomingPress, Place } from './updates.ts';

const GONE = 'This button no longer works: expired, used, or from before a restart. Send the command again.';

const dead = (options: ConfirmingOptions, press: IncomingPress, caller: Caller): void => {
  options.outbound.answer(press.queryId, GONE, true);
  note(options, caller, press.place, '', '(confirmation button)', 'refused: dead button');
};

/** It has been done by now: a row that cannot be written is told, and does not make it a failure. */
const noteEnd = (options: ConfirmingOptions, { caller, command }: PendingConfirm, place: Place, code: string): void => {
  try {
    note(options, caller, place, command, '', code);
  } catch (error) {
    options.explain(error, command);
    const told = `How /${command} ended is said above; it could not be written into the audit.`;
    options.outbound.send(place, say('Not on record', told));
  }
};

const perform = async (
  options: ConfirmingOptions,
  pending: PendingConfirm,
  approver: Caller | null,
  place: Place,
  replace: Replaced,
): Promise<void> => {
  const { outbound } = options;
  const { request, command, caller } = pending;
  try {
    note(
      options,
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
    noteEnd(options, pending, place, outcome.code);
  } catch (error) {
    outbound.send(place, options.explain(error, command), { replace });
  }
};

/** In a group the others see the question where it was asked. */
const askApproval = (options: ConfirmingOptions, pending: PendingConfirm, replace: Replaced): void => {
  const { requests, outbound } = options;
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
  const missed =
    (operator: number) =>
    (why: string): void => {
      left = left.filter((other) => other !== operator);
      if (pending.place.isPrivate) outbound.send(pending.place, notAsked(operator, why, pending.command, left.length));
    };
  for (const operator of left)
    outbound.send({ chatId: operator, threadId: null, isPrivate: true }, reply, {
      keyboard,
      onUndelivered: missed(operator),
    });
  note(options, pending.caller, pending.place, pending.command, '', 'waits for a second operator');
};

/** The button of whoever asked. */
export const pressConfirm = async (
  options: ConfirmingOptions,
  nonce: string,
  yes: boolean,
  press: IncomingPress,
  caller: Caller,
): Promise<void> => {
  const { requests, outbound } = options;
  const verdict = requests.takeConfirm(nonce, caller.userId, press.place);
  if (verdict.kind === 'gone') return dead(options, press, caller);
  const { command, request } = verdict.value;
  if (verdict.kind === 'not-yours') {
    note(options, caller, press.place, command, '', 'refused: another person’s confirmation');
    return outbound.answer(press.queryId, 'Only the person who asked can press this, and only in that chat.', true);
  }
  const replace = { messageId: press.messageId, hasPicture: press.hasPicture };
  outbound.answer(press.queryId, yes ? 'Working …' : 'Cancelled');
  if (!yes) {
    note(options, caller, press.place, command, '', 'cancelled');
    outbound.send(press.place, say('Cancelled', 'Nothing was done.'), { replace });
  } else if (request.needsApproval && options.approvals === 2) askApproval(options, verdict.value, replace);
  else await perform(options, verdict.value, null, press.place, replace);
};

/** The button of a second operator. */
export const pressApproval = async (
  options: ConfirmingOptions,
  nonce: string,
  yes: boolean,
  press: IncomingPress,
  caller: Caller,
): Promise<void> => {
  const { requests, outbound } = options;
  const waiting = requests.lookApproval(nonce);
  if (waiting === null) return dead(options, press, caller);
  if (yes && waiting.caller.userId === caller.userId) {
    note(options, caller, press.place, waiting.command, '', 'refused: own approval');
    return outbound.answer(press.queryId, 'A different operator must approve.', true);
  }
  const pending = requests.takeApproval(nonce);
  if (pending === null) return dead(options, press, caller);
  const replace = { messageId: press.messageId, hasPicture: press.hasPicture };
  outbound.answer(press.queryId, yes ? 'Working …' : 'Refused');
  if (yes) return perform(options, pending, caller, press.place, replace);
  note(options, caller, press.place, pending.command, '', `approval refused by ${caller.name}`);
  const refused = say('Not approved', `${caller.name} refused. Nothing was done.`);
  outbound.send(press.place, refused, { replace });
  if (press.place.chatId !== pending.place.chatId) outbound.send(pending.place, refused);
};
