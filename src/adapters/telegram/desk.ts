import { MINUTE_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { CommandSet, CommandSpec, Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { AuditEntry, Caller } from '../../ports/operator.ts';
import type { Access, StrangerWatch } from './access.ts';
import type { Confirming, Origin } from './confirming.ts';
import { parseCommand, type ParsedCommand } from './command-text.ts';
import type { Outbound, Replaced } from './outbound.ts';
import { readPressed } from './question.ts';
import type { RateVerdict } from './rate-limit.ts';
import type { Requests } from './requests.ts';
import type { SeenUpdates } from './seen-updates.ts';
import {
  commandMeant,
  edited,
  furtherNotDone,
  isAnswer,
  isUrgentSlip,
  meantBehindSlash,
  meantCommand,
  nameless,
  noAnswer,
  noCommand,
  notUnderstood,
  splitCommands,
  unknownCommand,
} from './slips.ts';
import {
  readUpdate,
  type IncomingMessage,
  type IncomingNameless,
  type IncomingPress,
  type Place,
  type Sender,
} from './updates.ts';

/**
 * Where updates become deeds. The order of the questions is the safety of the
 * whole: well-formed? allowed in? new? not too fast? not too old? Only then a
 * command runs. Nothing is ever awaited here but the effect of a tightening
 * command, so that its update is acknowledged after it took effect.
 */
export interface Desk {
  /** Never rejects. Resolves at once, for a tightening command when it has taken effect. */
  handle(update: unknown): Promise<void>;
}

export interface DeskOptions {
  readonly commands: CommandSet;
  readonly access: Access;
  readonly strangers: StrangerWatch;
  readonly seen: SeenUpdates;
  readonly rate: (senderId: number) => RateVerdict;
  /** By chat: whoever writes as one is nobody's to count. */
  readonly namelessRate: (chatId: number) => RateVerdict;
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

export const MAX_COMMAND_AGE: Milliseconds = MINUTE_MS;

const isStale = (sentAt: EpochMs, now: EpochMs): boolean => Math.abs(now - sentAt) > MAX_COMMAND_AGE;

/** What an operator sends to make trading safer is never held up, not even by the rate limit. */
const isUrgent = (spec: CommandSpec, caller: Caller): boolean =>
  spec.effect === 'tighten' && caller.role === 'operator';

const say = (title: string, ...lines: readonly string[]): Reply => ({
  title,
  blocks: lines.length === 0 ? [] : [{ kind: 'text', lines }],
});

export const createDesk = (options: DeskOptions): Desk => {
  const { commands, access, seen, outbound, clock, log, confirming } = options;

  const username = (): string | null => options.self()?.username.toLowerCase() ?? null;

  const note = (
    caller: AuditEntry['caller'],
    place: Place,
    command: string,
    argumentsText: string,
    outcome: string,
  ): void => {
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

  const admit = (sender: Sender, place: Place): Caller | null => {
    const role = access.roleOf(sender.id);
    const allowed = access.allows(place, sender.id);
    if (role !== null && allowed) return { userId: sender.id, name: sender.name, role, via: 'telegram' };
    options.strangers.note(sender, place, role === null ? 'not listed' : 'chat not listed');
    return null;
  };

  const execute = async (
    spec: CommandSpec,
    argumentsText: string,
    origin: Origin,
    replace?: Replaced,
  ): Promise<void> => {
    try {
      const reply = await commands.run(spec.name, argumentsText, origin.caller);
      note(origin.caller, origin.place, spec.name, argumentsText, reply.outcome ?? 'answered');
      confirming.present(reply, origin, replace);
    } catch (error) {
      note(origin.caller, origin.place, spec.name, argumentsText, 'failed');
      confirming.present(options.explain(error, spec.name), origin);
    }
  };

  /** Tightening: act, then remember (twice is harmless, never is not). Anything else: remember, then act. */
  const run = async (
    updateId: number,
    spec: CommandSpec,
    argumentsText: string,
    origin: Origin,
    replace?: Replaced,
  ): Promise<void> => {
    if (spec.effect === 'tighten') {
      await execute(spec, argumentsText, origin, replace);
      seen.add(updateId);
      return;
    }
    seen.add(updateId);
    execute(spec, argumentsText, origin, replace).catch((error: unknown) =>
      log.error({ command: spec.name, why: String(error) }, 'reply failed'),
    );
  };

  /** On record once per flood, as the warning: a row for each would make a flood costly. */
  const tooFast = (caller: Caller, place: Place, command: string, queryId: string | null): boolean => {
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

  const notKnown = (message: IncomingMessage, { name, mention }: ParsedCommand, caller: Caller): null => {
    seen.add(message.updateId);
    // In a group it may be meant for another bot.
    const mayBeOurs = message.place.isPrivate || mention !== null || isUrgentSlip(name, caller.role, commands);
    if (!mayBeOurs || tooFast(caller, message.place, name, null)) return null;
    note(caller, message.place, name, '', 'unknown command');
    outbound.send(message.place, unknownCommand(name, caller.role, commands));
    return null;
  };

  /** "/halt!" is no command. Silence would leave whoever sent it in the belief that it was done. */
  const onNoCommand = (message: IncomingMessage, caller: Caller): void => {
    seen.add(message.updateId);
    const spec = meantBehindSlash(message.text, (name) => commands.find(name), username());
    // In a group it may be meant for another bot.
    if (spec === undefined && !message.place.isPrivate) return;
    if (tooFast(caller, message.place, spec?.name ?? '', null)) return;
    note(caller, message.place, spec?.name ?? '', '', 'not understood');
    outbound.send(message.place, notUnderstood(spec));
  };

  /**
   * "/halt@" and the name of another bot. Only in a group can that bot be there; here it is a slip, and was meant for
   * this one.
   */
  const forAnother = (message: IncomingMessage, command: string, caller: Caller): null => {
    seen.add(message.updateId);
    if (!message.place.isPrivate || tooFast(caller, message.place, command, null)) return null;
    note(caller, message.place, command, '', 'not understood');
    outbound.send(message.place, say('Not done', `It names another bot. Send /${command} without a name behind it.`));
    return null;
  };

  const refuse = (
    message: IncomingMessage,
    caller: Caller,
    command: string,
    title: string,
    why: string,
    outcome: string,
  ): void => {
    seen.add(message.updateId);
    note(caller, message.place, command, '', outcome);
    outbound.send(message.place, say(title, why));
  };

  /** One message, one command: the first. What stands behind it is named, so that nobody takes it for done. */
  const onCommands = async (message: IncomingMessage, caller: Caller): Promise<void> => {
    const { own, further } = splitCommands(message.text.trim(), (name) => commands.find(name));
    const parsed = parseCommand(own);
    if (parsed === null) return onNoCommand(message, caller);
    const spec = await onCommand(message, parsed, caller);
    // Of /halt on two lines the first has done what the second asks for. Behind what is not ours, or came too fast,
    // silence is safe for the rest alone.
    const notDone = further.filter((other) =>
      spec === null ? isUrgent(other, caller) : other !== spec || spec.effect !== 'tighten',
    );
    if (notDone.length === 0) return;
    for (const { name } of notDone)
      note(caller, message.place, name, '', `not done: behind /${parsed.name} in one message`);
    outbound.send(message.place, furtherNotDone(parsed.name, notDone));
  };

  /** @returns the command that the message holds; null where it holds none for this bot, or came too fast */
  const onCommand = async (
    message: IncomingMessage,
    parsed: ParsedCommand,
    caller: Caller,
  ): Promise<CommandSpec | null> => {
    if (parsed.mention !== null && parsed.mention !== username()) return forAnother(message, parsed.name, caller);
    options.requests.dropAsk(caller.userId, message.place);
    const spec = commands.find(parsed.name);
    if (spec === undefined) return notKnown(message, parsed, caller);
    if (!isUrgent(spec, caller) && tooFast(caller, message.place, spec.name, null)) return null;
    await onKnown(message, spec, parsed, caller);
    return spec;
  };

  const onKnown = async (
    message: IncomingMessage,
    spec: CommandSpec,
    parsed: ParsedCommand,
    caller: Caller,
  ): Promise<void> => {
    if (message.forwarded)
      return refuse(
        message,
        caller,
        spec.name,
        'Not done',
        'A forwarded message is no command: type it yourself.',
        'refused: forwarded',
      );
    const ages = spec.effect === 'loosen' || spec.effect === 'manage';
    if (ages && isStale(message.sentAt, clock.wallNow())) {
      const early = message.sentAt > clock.wallNow();
      const why = early
        ? 'It comes from the future: the clock of the server is slow. Set it right first.'
        : `/${spec.name} is older than 60 seconds.`;
      return refuse(message, caller, spec.name, 'Expired, send again', why, 'refused: expired');
    }
    const origin = { command: spec.name, caller, place: message.place, messageId: message.messageId };
    return run(message.updateId, spec, parsed.argumentsText, origin);
  };

  /** In a group only a reply to the bot is sure to be meant for it. Of those among people many are: all but these. */
  const answersUs = ({ answers }: IncomingMessage | IncomingNameless): boolean =>
    answers !== null && answers.authorId === options.self()?.id;

  const meantBy = (text: string): CommandSpec | undefined => meantCommand(text, (name) => commands.find(name));

  /** Null where silence is right: what people say to each other under what the bot has said. */
  const wordsFor = (message: IncomingMessage, late: boolean): Reply | null => {
    const { text, place, answers } = message;
    const meant = meantBy(text);
    const isMeant = meant !== undefined || isAnswer(text);
    if (place.isPrivate) return isMeant || !late ? noCommand(text, meant) : null;
    if (!answersUs(message)) return null;
    return answers?.isQuestion === true || isMeant ? noAnswer(text, meant) : null;
  };

  const notHeard = (message: IncomingMessage, late: boolean): void => {
    const words = wordsFor(message, late);
    if (words !== null) outbound.send(message.place, words);
  };

  /** The question is closed, so that the person is told once what to do and nothing hangs open. */
  const lateAnswer = (message: IncomingMessage, caller: Caller): void => {
    const waiting = options.requests.takeAsk(caller.userId, message.place);
    if (waiting === null) return notHeard(message, true);
    note(caller, message.place, waiting.command, '(answer)', 'refused: expired');
    outbound.send(
      message.place,
      say('Expired, send again', `The answer was under way for more than 60 seconds. Send /${waiting.command} again.`),
    );
  };

  const onText = async (message: IncomingMessage, caller: Caller): Promise<void> => {
    seen.add(message.updateId);
    if (tooFast(caller, message.place, '', null) || message.forwarded) return;
    if (isStale(message.sentAt, clock.wallNow())) return lateAnswer(message, caller);
    const origin = { command: '', caller, place: message.place, messageId: message.messageId };
    const answered = await confirming.answer(message.text, origin);
    if (!answered) notHeard(message, false);
  };

  const onButtonCommand = async (press: IncomingPress, caller: Caller): Promise<void> => {
    const parsed = parseCommand(press.data.slice(2));
    const spec = parsed === null ? undefined : commands.find(parsed.name);
    if (parsed === null || spec === undefined)
      return outbound.answer(press.queryId, 'This button is from another version.');
    // A press carries no time, so what acts at once and can be stale must be typed.
    if (spec.effect === 'manage') return outbound.answer(press.queryId, `Send /${spec.name} as a message.`);
    if (!isUrgent(spec, caller) && tooFast(caller, press.place, spec.name, press.queryId)) return;
    outbound.answer(press.queryId, '');
    const origin = { command: spec.name, caller, place: press.place, messageId: null };
    const replace = press.data.startsWith('r:')
      ? { messageId: press.messageId, hasPicture: press.hasPicture }
      : undefined;
    return run(press.updateId, spec, parsed.argumentsText, origin, replace);
  };

  const onPress = async (press: IncomingPress, caller: Caller): Promise<void> => {
    if (press.authorId !== null && press.authorId !== options.self()?.id) return;
    if (press.data.startsWith('r:/') || press.data.startsWith('n:/')) return onButtonCommand(press, caller);
    seen.add(press.updateId);
    const pressed = readPressed(press.data);
    if (pressed === null || tooFast(caller, press.place, '', press.queryId)) return;
    if (caller.role !== 'operator') {
      note(caller, press.place, '', '(confirmation button)', 'refused: role');
      return outbound.answer(press.queryId, 'For operators only.', true);
    }
    const deed = pressed.kind === 'k' ? confirming.pressConfirm : confirming.pressApproval;
    deed(pressed.nonce, pressed.yes, press, caller).catch((error: unknown) =>
      log.error({ why: String(error) }, 'press failed'),
    );
  };

  /**
   * In a group Telegram no longer tells the topic of a message that it shows no more, so nobody knows whether it is a
   * listed one.
   */
  const tooOld = (press: IncomingPress): void => {
    // Nothing is kept of a stranger's presses: each would be a write.
    if (access.roleOf(press.sender.id) === null) return;
    seen.add(press.updateId);
    outbound.answer(press.queryId, 'This message is too old for its buttons. Send the command as a message.', true);
  };

  /**
   * Silence would leave an operator in the belief that it was done. Only where commands are heard, and seldom: anybody
   * in a group may be able to write as a channel.
   */
  const onNameless = (incoming: IncomingNameless): void => {
    const { updateId, place, text } = incoming;
    const isReply = answersUs(incoming);
    const hearing = { isPrivate: false, role: 'operator', commands, username: username() } as const;
    const spec = commandMeant(text, hearing) ?? (isReply ? meantBy(text) : null) ?? null;
    const isAnswering = isReply && (incoming.answers?.isQuestion === true || isAnswer(text));
    if ((spec === null && !isAnswering) || place.isPrivate || !access.allows(place, 0)) return;
    if (options.namelessRate(place.chatId) !== 'go') return;
    seen.add(updateId);
    note(
      { userId: place.chatId, name: 'anonymous', role: 'stranger', via: 'telegram' },
      place,
      spec?.name ?? '',
      '',
      'refused: nobody can tell who sent it',
    );
    outbound.send(place, nameless(spec));
  };

  /** Whoever mends "/hlat" by an edit sees "/halt" in the chat, and believes that it was done. */
  const onEdited = (message: IncomingMessage): void => {
    const role = access.roleOf(message.sender.id);
    if (role === null || !access.allows(message.place, message.sender.id)) return;
    const { isPrivate } = message.place;
    const spec = commandMeant(message.text, { isPrivate, role, commands, username: username() });
    if (spec === null) return;
    seen.add(message.updateId);
    const caller: Caller = { userId: message.sender.id, name: message.sender.name, role, via: 'telegram' };
    if (!isUrgent(spec, caller) && tooFast(caller, message.place, spec.name, null)) return;
    note(caller, message.place, spec.name, '', 'not done: an edited message');
    outbound.send(message.place, edited(spec));
  };

  const handleKnown = async (update: unknown): Promise<void> => {
    const incoming = readUpdate(update);
    if (incoming === null || seen.has(incoming.updateId)) return;
    if (incoming.kind === 'migration') return options.probeMigration(incoming.chatId);
    if (incoming.kind === 'edited') return onEdited(incoming);
    if (incoming.kind === 'nameless') return onNameless(incoming);
    if (incoming.kind === 'press' && incoming.authorId === null && !incoming.place.isPrivate) return tooOld(incoming);
    const caller = admit(incoming.sender, incoming.place);
    if (caller === null) return;
    options.greet(caller, incoming.place);
    if (incoming.kind === 'press') return onPress(incoming, caller);
    if (incoming.text.trimStart().startsWith('/')) return onCommands(incoming, caller);
    // An answer to a question may take its time (a database, a service): the loop does not wait for it.
    onText(incoming, caller).catch((error: unknown) => log.error({ why: String(error) }, 'message failed'));
  };

  return {
    handle: async (update) => {
      try {
        await handleKnown(update);
      } catch (error) {
        log.error({ why: String(error) }, 'update failed');
      }
    },
  };
};
