import type { CommandSpec, Reply } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import { parseCommand, splitCommands, type ParsedCommand } from './command-text.ts';
import { isStale, isUrgent, type DeskContext } from './desk-context.ts';
import { say } from './replies.ts';
import { run } from './running.ts';
import { furtherNotDone, notUnderstood, unknownCommand } from './slip-replies.ts';
import { isUrgentSlip, meantBehindSlash } from './slips.ts';
import type { IncomingMessage } from './updates.ts';

/** Messages that begin with a slash: a command, or a slip that was meant as one. */
interface Heard {
  readonly message: IncomingMessage;
  readonly caller: Caller;
}

const refuse = (
  desk: DeskContext,
  { message, caller }: Heard,
  command: string,
  outcome: string,
  reply: Reply,
): void => {
  desk.note(caller, message.place, command, '', outcome);
  desk.outbound.send(message.place, reply);
};

const notKnown = (desk: DeskContext, heard: Heard, { name, mention }: ParsedCommand): null => {
  const { message, caller } = heard;
  const { commands, seen } = desk;
  seen.add(message.updateId);
  // In a group it may be meant for another bot.
  const mayBeOurs = message.place.isPrivate || mention !== null || isUrgentSlip(name, caller.role, commands);
  if (mayBeOurs && !desk.tooFast(caller, message.place, name, null))
    refuse(desk, heard, name, 'unknown command', unknownCommand(name, caller.role, commands));
  return null;
};

/** "/halt!" is no command. Silence would leave whoever sent it in the belief that it was done. */
const onNoCommand = (desk: DeskContext, heard: Heard): void => {
  const { message, caller } = heard;
  desk.seen.add(message.updateId);
  const spec = meantBehindSlash(message.text, desk.find, desk.username());
  // In a group it may be meant for another bot.
  if (spec === undefined && !message.place.isPrivate) return;
  const name = spec?.name ?? '';
  if (!desk.tooFast(caller, message.place, name, null))
    refuse(desk, heard, name, 'not understood', notUnderstood(spec));
};

/**
 * "/halt@" and the name of another bot. Only in a group can that bot be there; here it is a slip, and was meant for
 * this one.
 */
const forAnother = (desk: DeskContext, heard: Heard, command: string): null => {
  const { message, caller } = heard;
  desk.seen.add(message.updateId);
  if (message.place.isPrivate && !desk.tooFast(caller, message.place, command, null)) {
    const told = say('Not done', `It names another bot. Send /${command} without a name behind it.`);
    refuse(desk, heard, command, 'not understood', told);
  }
  return null;
};

const expired = (desk: DeskContext, heard: Heard, command: string): void => {
  const { message } = heard;
  const why =
    message.sentAt > desk.clock.wallNow()
      ? 'It comes from the future: the clock of the server is slow. Set it right first.'
      : `/${command} is older than 60 seconds.`;
  desk.seen.add(message.updateId);
  refuse(desk, heard, command, 'refused: expired', say('Expired, send again', why));
};

const onKnown = async (desk: DeskContext, heard: Heard, spec: CommandSpec, parsed: ParsedCommand): Promise<void> => {
  const { message, caller } = heard;
  if (message.forwarded) {
    desk.seen.add(message.updateId);
    const told = say('Not done', 'A forwarded message is no command: type it yourself.');
    return refuse(desk, heard, spec.name, 'refused: forwarded', told);
  }
  const ages = spec.effect === 'loosen' || spec.effect === 'manage';
  if (ages && isStale(message.sentAt, desk.clock.wallNow())) return expired(desk, heard, spec.name);
  const origin = { command: spec.name, caller, place: message.place, messageId: message.messageId };
  return run(desk, message.updateId, spec, parsed.argumentsText, origin);
};

/** @returns the command that the message holds; null where it holds none for this bot, or came too fast */
const onCommand = async (desk: DeskContext, heard: Heard, parsed: ParsedCommand): Promise<CommandSpec | null> => {
  const { message, caller } = heard;
  if (parsed.mention !== null && parsed.mention !== desk.username()) return forAnother(desk, heard, parsed.name);
  desk.requests.dropAsk(caller.userId, message.place);
  const spec = desk.find(parsed.name);
  if (spec === undefined) return notKnown(desk, heard, parsed);
  if (!isUrgent(spec, caller) && desk.tooFast(caller, message.place, spec.name, null)) return null;
  await onKnown(desk, heard, spec, parsed);
  return spec;
};

/** One message, one command: the first. What stands behind it is named, so that nobody takes it for done. */
export const onCommands = async (desk: DeskContext, message: IncomingMessage, caller: Caller): Promise<void> => {
  const { own, further } = splitCommands(message.text.trim(), desk.find);
  const parsed = parseCommand(own);
  if (parsed === null) return onNoCommand(desk, { message, caller });
  const spec = await onCommand(desk, { message, caller }, parsed);
  // Of /halt on two lines the first has done what the second asks for. Behind what is not ours, or came too fast,
  // silence is safe for the rest alone.
  const notDone = further.filter((other) =>
    spec === null ? isUrgent(other, caller) : other !== spec || spec.effect !== 'tighten',
  );
  if (notDone.length === 0) return;
  for (const { name } of notDone)
    desk.note(caller, message.place, name, '', `not done: behind /${parsed.name} in one message`);
  desk.outbound.send(message.place, furtherNotDone(parsed.name, notDone));
};
