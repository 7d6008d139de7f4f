import type { CommandSet, CommandSpec, Reply } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import { isAnswer, meantByName } from './slips.ts';

/**
 * What is said to messages that were meant as commands or answers, and are none.
 *
 * Buttons for these commands, without those that act at once and must not be stale: a press carries no time, so they
 * have to be typed.
 */
const buttonsFor = (specs: readonly CommandSpec[]): Pick<Reply, 'buttons'> => {
  const row = specs
    .filter(({ effect }) => effect !== 'manage')
    .slice(0, 4)
    .map(({ name }) => ({ label: `/${name}`, command: `/${name}`, inPlace: false }));
  return row.length === 0 ? {} : { buttons: [row] };
};

const reply = (title: string, line: string, specs: readonly CommandSpec[]): Reply => ({
  title,
  blocks: [{ kind: 'text', lines: [line] }],
  ...buttonsFor(specs),
});

export const furtherNotDone = (own: string, further: readonly CommandSpec[]): Reply =>
  reply(
    `Not done: ${further.map(({ name }) => `/${name}`).join(', ')}`,
    `A message holds one command, and its first counts: /${own}. Send what else is wanted as a message of its own.`,
    further,
  );

/** A message counts as it was first sent: an edit may come hours later, of something that was done long ago. */
export const edited = (spec: CommandSpec): Reply =>
  reply(
    'An edited message does nothing',
    `It counts as it was first sent. If /${spec.name} is wanted now, send it as a new message.`,
    [spec],
  );

export const notUnderstood = (spec: CommandSpec | undefined): Reply =>
  spec === undefined
    ? reply('Not done', 'That is no command. /help lists them all.', [])
    : reply('Not done', `Send /${spec.name}, nothing between slash and name, and a space before anything else.`, [
        spec,
      ]);

/** Of a press Telegram names the person, also where messages are anonymous. `spec` null: an answer, no command. */
export const nameless = (spec: CommandSpec | null): Reply =>
  reply(
    spec === null ? 'Not done' : `Not done: /${spec.name}`,
    'It was sent in the name of the group or of a channel, so nobody can tell who sent it. Send it as yourself: in your own chat with the bot, or here without staying anonymous.',
    spec === null ? [] : [spec],
  );

export const noCommand = (text: string, meant: CommandSpec | undefined): Reply =>
  meant === undefined
    ? isAnswer(text)
      ? reply(
          'No question is open',
          'Nothing was done. A question is open for two minutes, until another command is sent or the bot starts anew. Send its command again.',
          [],
        )
      : reply('I know commands only', '/help lists them all.', [])
    : reply('Not done', `A command stands first in its message, with its slash: send /${meant.name}.`, [meant]);

/** Words for an answer to a question that takes none, or that is open no more. */
export const noAnswer = (text: string, meant: CommandSpec | undefined): Reply =>
  meant !== undefined || isAnswer(text)
    ? noCommand(text, meant)
    : reply(
        'Nothing was done',
        'That question takes no words, or is open no more. Press its button, or send its command again; a reason stands behind it: /unlock <reason>',
        [],
      );

export const unknownCommand = (name: string, role: Role, commands: CommandSet): Reply => {
  const meant = meantByName(name, role, commands);
  return meant === undefined
    ? reply(`There is no command /${name}`, 'Nothing was done. /help lists them all.', [])
    : reply(`There is no command /${name}`, `Nothing was done. Did you mean /${meant.name}?`, [meant]);
};
