import type { AskRequest, ConfirmRequest, Reply } from '../../ports/chat.ts';
import { blockedAlert, codeQuestion } from './code-question.ts';
import { note, type ConfirmingOptions, type Origin } from './confirming-context.ts';
import type { Replaced } from './outbound.ts';
import { HOW_TO_ANSWER, questionKeyboard } from './question.ts';

const ask = ({ requests, outbound }: ConfirmingOptions, reply: Reply, request: AskRequest, origin: Origin): void => {
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

const confirm = (
  { requests, outbound }: ConfirmingOptions,
  reply: Reply,
  request: ConfirmRequest,
  origin: Origin,
): void => {
  const { command, caller, place } = origin;
  const nonce = requests.openConfirm({ request, command, caller, place });
  const blocks = [
    ...reply.blocks,
    { kind: 'text' as const, lines: request.what },
    { kind: 'text' as const, lines: ['Works for 2 minutes, once, for you.'] },
  ];
  outbound.send(
    place,
    { title: reply.title, blocks },
    { keyboard: questionKeyboard('k', nonce, request.label, 'Cancel') },
  );
};

/** Sends a reply, and whatever it asks for first. */
export const present = (options: ConfirmingOptions, reply: Reply, origin: Origin, replace?: Replaced): void => {
  const { outbound, totp, clock } = options;
  const { request } = reply;
  if (request === undefined) return outbound.send(origin.place, reply, replace === undefined ? {} : { replace });
  if (request.kind === 'ask') return ask(options, reply, request, origin);
  if (!request.needsCode || totp === null) return confirm(options, reply, request, origin);
  const question = codeQuestion(reply, request, totp, (until) =>
    options.report(blockedAlert(origin.command, origin.caller, until, clock.wallNow())),
  );
  present(options, question, origin);
};

/** The sender's answer to an open question. False when there is none. */
export const answer = async (options: ConfirmingOptions, text: string, origin: Origin): Promise<boolean> => {
  const waiting = options.requests.takeAsk(origin.caller.userId, origin.place);
  if (waiting === null) return false;
  try {
    const reply = await waiting.ask.answer(text);
    // What was typed may be a code: it is never written down.
    note(options, origin.caller, origin.place, waiting.command, '(answer)', reply.outcome ?? 'answered');
    present(options, reply, { ...origin, command: waiting.command });
  } catch (error) {
    options.outbound.send(origin.place, options.explain(error, waiting.command));
  }
  return true;
};
