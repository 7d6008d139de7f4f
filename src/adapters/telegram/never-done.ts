import type { Caller } from '../../ports/operator.ts';
import { isUrgent, type DeskContext } from './desk-context.ts';
import { edited, nameless } from './slip-replies.ts';
import { commandMeant, isAnswer, meantCommand } from './slips.ts';
import type { IncomingMessage, IncomingNameless } from './updates.ts';

/**
 * What is never carried out, whoever may have sent it. Silence would leave an operator in the belief that it was done.
 *
 * In the name of a group or channel: answered only where commands are heard, and seldom, since anybody in a group may
 * be able to write as a channel.
 */
export const onNameless = (desk: DeskContext, { updateId, place, text, answers }: IncomingNameless): void => {
  const { commands, find } = desk;
  const isReply = desk.answersUs(answers);
  const hearing = { isPrivate: false, role: 'operator', commands, username: desk.username() } as const;
  const spec = commandMeant(text, hearing) ?? (isReply ? meantCommand(text, find) : null) ?? null;
  const isAnswering = isReply && (answers?.isQuestion === true || isAnswer(text));
  if ((spec === null && !isAnswering) || place.isPrivate || !desk.access.allows(place, 0)) return;
  if (desk.namelessRate(place.chatId, spec?.effect === 'tighten') !== 'go') return;
  desk.seen.add(updateId);
  desk.note(
    { userId: place.chatId, name: 'anonymous', role: 'stranger', via: 'telegram' },
    place,
    spec?.name ?? '',
    '',
    'refused: nobody can tell who sent it',
  );
  desk.outbound.send(place, nameless(spec));
};

/** Whoever mends "/hlat" by an edit sees "/halt" in the chat, and believes that it was done. */
export const onEdited = (desk: DeskContext, { updateId, sender, place, text }: IncomingMessage): void => {
  const { access, commands } = desk;
  const role = access.roleOf(sender.id);
  if (role === null || !access.allows(place, sender.id)) return;
  const spec = commandMeant(text, { isPrivate: place.isPrivate, role, commands, username: desk.username() });
  if (spec === null) return;
  desk.seen.add(updateId);
  const caller: Caller = { userId: sender.id, name: sender.name, role, via: 'telegram' };
  if (!isUrgent(spec, caller) && desk.tooFast(caller, place, spec.name, null)) return;
  desk.note(caller, place, spec.name, '', 'not done: an edited message');
  desk.outbound.send(place, edited(spec));
};
