import type { Caller } from '../../ports/operator.ts';
import { parseCommand } from './command-text.ts';
import { isUrgent, type DeskContext } from './desk-context.ts';
import { readPressed } from './question.ts';
import { run } from './running.ts';
import type { IncomingPress } from './updates.ts';

/** A button with a command: its answer takes the place of the message (`r:`) or comes as a new one (`n:`). */
const onButtonCommand = async (desk: DeskContext, press: IncomingPress, caller: Caller): Promise<void> => {
  const { outbound } = desk;
  const parsed = parseCommand(press.data.slice(2));
  const spec = parsed === null ? undefined : desk.find(parsed.name);
  if (parsed === null || spec === undefined)
    return outbound.answer(press.queryId, 'This button is from another version.');
  // A press carries no time, so what acts at once and can be stale must be typed.
  if (spec.effect === 'manage') return outbound.answer(press.queryId, `Send /${spec.name} as a message.`);
  if (!isUrgent(spec, caller) && desk.tooFast(caller, press.place, spec.name, press.queryId)) return;
  outbound.answer(press.queryId, '');
  const origin = { command: spec.name, caller, place: press.place, messageId: null };
  const replace = press.data.startsWith('r:')
    ? { messageId: press.messageId, hasPicture: press.hasPicture }
    : undefined;
  return run(desk, press.updateId, spec, parsed.argumentsText, origin, replace);
};

export const onPress = async (desk: DeskContext, press: IncomingPress, caller: Caller): Promise<void> => {
  if (press.authorId !== null && press.authorId !== desk.self()?.id) return;
  if (press.data.startsWith('r:/') || press.data.startsWith('n:/')) return onButtonCommand(desk, press, caller);
  desk.seen.add(press.updateId);
  const pressed = readPressed(press.data);
  if (pressed === null || desk.tooFast(caller, press.place, '', press.queryId)) return;
  if (caller.role !== 'operator') {
    desk.note(caller, press.place, '', '(confirmation button)', 'refused: role');
    return desk.outbound.answer(press.queryId, 'For operators only.', true);
  }
  const deed = pressed.kind === 'k' ? desk.confirming.pressConfirm : desk.confirming.pressApproval;
  deed(pressed.nonce, pressed.yes, press, caller).catch((error: unknown) =>
    desk.log.error({ why: String(error) }, 'press failed'),
  );
};

/**
 * In a group Telegram no longer tells the topic of a message that it shows no more, so nobody knows whether it is a
 * listed one.
 */
export const onOldPress = (desk: DeskContext, press: IncomingPress): void => {
  // Nothing is kept of a stranger's presses: each would be a write.
  if (desk.access.roleOf(press.sender.id) === null) return;
  desk.seen.add(press.updateId);
  desk.outbound.answer(press.queryId, 'This message is too old for its buttons. Send the command as a message.', true);
};
