import type { Reply } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import { isStale, type DeskContext } from './desk-context.ts';
import { say } from './replies.ts';
import { noAnswer, noCommand } from './slip-replies.ts';
import { isAnswer, meantCommand } from './slips.ts';
import type { IncomingMessage } from './updates.ts';

/**
 * Messages without a slash: the answer to a question, or words. Null where silence is right: in a group only a reply to
 * the bot is sure to be meant for it, and many of those people write to each other.
 */
const wordsFor = (desk: DeskContext, { text, place, answers }: IncomingMessage, late: boolean): Reply | null => {
  const meant = meantCommand(text, desk.find);
  const isMeant = meant !== undefined || isAnswer(text);
  if (place.isPrivate) return isMeant || !late ? noCommand(text, meant) : null;
  if (!desk.answersUs(answers)) return null;
  return answers?.isQuestion === true || isMeant ? noAnswer(text, meant) : null;
};

const notHeard = (desk: DeskContext, message: IncomingMessage, late: boolean): void => {
  const words = wordsFor(desk, message, late);
  if (words !== null) desk.outbound.send(message.place, words);
};

/** The question is closed, so that the person is told once what to do and nothing hangs open. */
const lateAnswer = (desk: DeskContext, message: IncomingMessage, caller: Caller): void => {
  const waiting = desk.requests.takeAsk(caller.userId, message.place);
  if (waiting === null) return notHeard(desk, message, true);
  desk.note(caller, message.place, waiting.command, '(answer)', 'refused: expired');
  desk.outbound.send(
    message.place,
    say('Expired, send again', `The answer was under way for more than 60 seconds. Send /${waiting.command} again.`),
  );
};

export const onText = async (desk: DeskContext, message: IncomingMessage, caller: Caller): Promise<void> => {
  desk.seen.add(message.updateId);
  if (desk.tooFast(caller, message.place, '', null) || message.forwarded) return;
  if (isStale(message.sentAt, desk.clock.wallNow())) return lateAnswer(desk, message, caller);
  const origin = { command: '', caller, place: message.place, messageId: message.messageId };
  const answered = await desk.confirming.answer(message.text, origin);
  if (!answered) notHeard(desk, message, false);
};
