import type { EpochMs } from '../../core/units.ts';
import { isQuestion } from './question.ts';

/**
 * Reads an update from the wire and believes nothing: every field is checked,
 * whatever the library's types promise. What does not fit is no update of ours.
 */
export interface Sender {
  readonly id: number;
  /** For people to read; cleaned of control characters. */
  readonly name: string;
}

export interface Place {
  readonly chatId: number;
  readonly threadId: number | null;
  readonly isPrivate: boolean;
}

/** The message that another one answers, as Telegram shows it with the answer. */
export interface Answered {
  readonly authorId: number;
  /** Whether it looks like one of the bot's questions. Only of the bot's own does that say anything. */
  readonly isQuestion: boolean;
}

export interface IncomingMessage {
  /** `edited`: what was sent before reads otherwise by now. */
  readonly kind: 'message' | 'edited';
  readonly updateId: number;
  readonly sender: Sender;
  readonly place: Place;
  readonly messageId: number;
  readonly sentAt: EpochMs;
  readonly text: string;
  /** Null when it answers none. */
  readonly answers: Answered | null;
  readonly forwarded: boolean;
}

export interface IncomingPress {
  readonly kind: 'press';
  readonly updateId: number;
  readonly sender: Sender;
  readonly place: Place;
  readonly messageId: number;
  /**
   * Who wrote the message with the button; null when Telegram shows that message no more: it is one of the bot's own,
   * and old or deleted.
   */
  readonly authorId: number | null;
  /** Whether that message shows a picture: it is edited in another way. */
  readonly hasPicture: boolean;
  readonly queryId: string;
  readonly data: string;
}

/** Telegram says that a group got another id. The claim is checked with Telegram before it is believed. */
export interface IncomingMigration {
  readonly kind: 'migration';
  readonly updateId: number;
  readonly chatId: number;
}

/** Written in the name of the group (an administrator who stays anonymous) or of a channel: nobody can tell who did. */
export interface IncomingNameless {
  readonly kind: 'nameless';
  readonly updateId: number;
  readonly place: Place;
  readonly text: string;
  readonly answers: Answered | null;
}

export type Incoming = IncomingMessage | IncomingPress | IncomingMigration | IncomingNameless;

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const integer = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : null;

/** Control, format and direction characters can make a name look like another: out. */
export const cleanText = (text: string, limit: number): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, limit)
    .toWellFormed();

const readSender = (value: unknown): Sender | null => {
  const user = fields(value);
  const id = integer(user?.['id']);
  if (user === null || id === null || id <= 0 || user['is_bot'] !== false) return null;
  const names = [user['first_name'], user['last_name']].filter((part) => typeof part === 'string').join(' ');
  const handle = typeof user['username'] === 'string' ? ` (@${cleanText(user['username'], 32)})` : '';
  return { id, name: `${cleanText(names, 40)}${handle}`.trim() || `user ${id}` };
};

const readPlace = (message: Fields): Place | null => {
  const chat = fields(message['chat']);
  const chatId = integer(chat?.['id']);
  const type = chat?.['type'];
  if (chatId === null || (type !== 'private' && type !== 'group' && type !== 'supergroup')) return null;
  const threadId = message['is_topic_message'] === true ? integer(message['message_thread_id']) : null;
  return { chatId, threadId, isPrivate: type === 'private' };
};

const readAnswered = (value: unknown): Answered | null => {
  const message = fields(value);
  const authorId = integer(fields(message?.['from'])?.['id']);
  if (message === null || authorId === null) return null;
  const rows = fields(message['reply_markup'])?.['inline_keyboard'];
  const data = (Array.isArray(rows) ? rows.flat() : []).map((button) => fields(button)?.['callback_data']);
  const text = message['text'] ?? message['caption'];
  return {
    authorId,
    isQuestion: isQuestion(
      typeof text === 'string' ? text : '',
      data.filter((part) => typeof part === 'string'),
    ),
  };
};

/** Telegram copies each post of a linked channel into its group; it and what was forwarded were not written here. */
const isCopy = (message: Fields): boolean =>
  message['is_automatic_forward'] === true || message['forward_origin'] !== undefined;

const readMessage = (
  updateId: number,
  message: Fields,
): IncomingMessage | IncomingMigration | IncomingNameless | null => {
  const place = readPlace(message);
  if (place === null) return null;
  if (message['migrate_to_chat_id'] !== undefined) return { kind: 'migration', updateId, chatId: place.chatId };
  const sender = readSender(message['from']);
  const messageId = integer(message['message_id']);
  const date = integer(message['date']);
  // What stands under a picture or a file was typed by the same person: a /halt there is meant as one.
  const text = message['text'] ?? message['caption'];
  // Messages written by way of another bot have no person behind them.
  if (message['via_bot'] !== undefined || typeof text !== 'string' || text.length > 4096) return null;
  const answers = readAnswered(message['reply_to_message']);
  if (message['sender_chat'] !== undefined)
    return integer(fields(message['sender_chat'])?.['id']) === null || isCopy(message)
      ? null
      : { kind: 'nameless', updateId, place, text, answers };
  if (sender === null || messageId === null || date === null) return null;
  return {
    kind: 'message',
    updateId,
    sender,
    place,
    messageId,
    sentAt: date * 1000,
    text,
    answers,
    forwarded: message['forward_origin'] !== undefined,
  };
};

const readPress = (updateId: number, query: Fields): IncomingPress | null => {
  const sender = readSender(query['from']);
  const message = fields(query['message']);
  const place = message === null ? null : readPlace(message);
  const messageId = integer(message?.['message_id']);
  // Telegram's sign of a message that it shows no more.
  const isShown = message?.['date'] !== 0;
  const authorId = isShown ? integer(fields(message?.['from'])?.['id']) : null;
  const queryId = query['id'];
  const data = query['data'];
  if (sender === null || message === null || place === null || messageId === null || (isShown && authorId === null))
    return null;
  if (typeof queryId !== 'string' || queryId.length > 128 || typeof data !== 'string' || Buffer.byteLength(data) > 64)
    return null;
  return {
    kind: 'press',
    updateId,
    sender,
    place,
    messageId,
    authorId,
    hasPicture: Array.isArray(message['photo']),
    queryId,
    data,
  };
};

/** Null for everything that is not a message or a pressed button from a person, or that is malformed. */
export const readUpdate = (value: unknown): Incoming | null => {
  const update = fields(value);
  const updateId = integer(update?.['update_id']);
  if (update === null || updateId === null) return null;
  const message = fields(update['message']);
  if (message !== null) return readMessage(updateId, message);
  const query = fields(update['callback_query']);
  if (query !== null) return readPress(updateId, query);
  const edited = fields(update['edited_message']);
  // Telegram also sends it for changes that nobody made and a bot does not see (a reaction, a preview); then it states
  // no time of an edit.
  const now = edited === null || (integer(edited['edit_date']) ?? 0) <= 0 ? null : readMessage(updateId, edited);
  return now?.kind === 'message' ? { ...now, kind: 'edited' } : null;
};
