import { isDeepStrictEqual } from 'node:util';
import { badRequest, BotApiError } from './errors.ts';
import type { FilePart } from './multipart.ts';
import {
  readChatId,
  readCommands,
  readEntities,
  readFlag,
  readInteger,
  readKeyboard,
  readMessageText,
  readObject,
  readText,
  type Payload,
} from './payload.ts';
import type { BotApiState } from './state.ts';
import type { Chat, JsonObject, Message, PhotoSize } from './types.ts';

type Method = (state: BotApiState, payload: Payload) => unknown;

const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const MAX_DOCUMENT_BYTES = 50 * 1024 * 1024;
const MIME_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  csv: 'text/csv',
  txt: 'text/plain',
  json: 'application/json',
};

const targetChat = (state: BotApiState, payload: Payload): Chat => {
  const id = readChatId(payload);
  if (id === null) throw badRequest('chat_id is empty');
  return state.requireChat(id);
};

const threadOf = (chat: Chat, payload: Payload): Partial<Message> => {
  const thread = readInteger(payload, 'message_thread_id');
  if (thread === null) return {};
  // The General topic has the number 1 in links, and none here: github.com/tdlib/telegram-bot-api/issues/798.
  if (chat.is_forum !== true || thread === 1) throw badRequest('message thread not found');
  return { message_thread_id: thread, is_topic_message: true };
};

const replyTo = (state: BotApiState, chat: Chat, payload: Payload): Partial<Message> => {
  const wanted = readObject(payload, 'reply_parameters');
  const id = Number(wanted?.['message_id'] ?? Number.NaN);
  if (!Number.isSafeInteger(id)) return {};
  const answered = state.answered(chat.id, id);
  if (answered === null && wanted?.['allow_sending_without_reply'] !== true)
    throw badRequest('message to be replied not found');
  return answered ?? {};
};

const optional = <Value>(key: string, value: Value | undefined): Readonly<Record<string, Value>> =>
  value === undefined ? {} : { [key]: value };

const textBody = (payload: Payload): Partial<Message> => {
  const text = readMessageText(payload, 'text');
  const entities = readEntities(payload, 'entities', text);
  const preview = readObject(payload, 'link_preview_options');
  return {
    text,
    ...(entities.length === 0 ? {} : { entities }),
    ...(preview === null ? {} : { link_preview_options: preview as JsonObject }),
    ...optional('reply_markup', readKeyboard(payload)),
  };
};

const captionBody = (payload: Payload): Partial<Message> => {
  const caption = readMessageText(payload, 'caption');
  const entities = readEntities(payload, 'caption_entities', caption);
  return {
    ...(caption === '' ? {} : { caption }),
    ...(entities.length === 0 ? {} : { caption_entities: entities }),
    ...optional('reply_markup', readKeyboard(payload)),
  };
};

/** The uploaded file that a parameter names as `attach://<part>` or that has the parameter's own name. */
const upload = (payload: Payload, reference: string, key: string): FilePart => {
  const file = reference.startsWith('attach://')
    ? payload.files.get(reference.slice('attach://'.length))
    : payload.files.get(key);
  if (file === undefined) throw badRequest(`there is no ${key} in the request`);
  if (file.content.length === 0) throw badRequest('file must be non-empty');
  return file;
};

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47];

const photoBody = (state: BotApiState, file: FilePart): { readonly photo: readonly PhotoSize[] } => {
  if (file.content.length > MAX_PHOTO_BYTES) throw new BotApiError(413, 'Request Entity Too Large');
  const view = new DataView(file.content.buffer, file.content.byteOffset, file.content.byteLength);
  const isPng = file.content.length > 24 && PNG_SIGNATURE.every((byte, index) => view.getUint8(index) === byte);
  if (!isPng) throw badRequest('IMAGE_PROCESS_FAILED');
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width + height > 10_000 || Math.max(width, height) > 20 * Math.min(width, height))
    throw badRequest('PHOTO_INVALID_DIMENSIONS');
  const stored = state.addFile({ filename: file.filename, mimeType: 'image/png', content: file.content });
  return { photo: [{ file_id: stored.id, file_unique_id: stored.id, width, height, file_size: file.content.length }] };
};

const editable = (state: BotApiState, payload: Payload): Message => {
  const chat = targetChat(state, payload);
  const message = state.message(chat.id, readInteger(payload, 'message_id') ?? 0);
  if (message === undefined) throw badRequest('message to edit not found');
  if (message.from.id !== state.bot.id) throw badRequest("message can't be edited");
  return message;
};

const NOT_MODIFIED =
  'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message';

const finishEdit = (state: BotApiState, old: Message, edited: Message): Message => {
  if (isDeepStrictEqual({ ...old, edit_date: 0 }, { ...edited, edit_date: 0 })) throw badRequest(NOT_MODIFIED);
  const message = { ...edited, edit_date: Math.floor(state.wallNow() / 1000) };
  state.replaceMessage(message);
  return message;
};

/** A message without the parts that an edit replaces. */
const bare = (message: Message): Message => {
  const {
    text: _text,
    entities: _entities,
    link_preview_options: _preview,
    caption: _caption,
    caption_entities: _captionEntities,
    reply_markup: _markup,
    ...rest
  } = message;
  return rest;
};

const scopeKey = (payload: Payload): string => {
  const scope = readObject(payload, 'scope') ?? { type: 'default' };
  const parts = [scope['type'], scope['chat_id'], scope['user_id']].filter((part) => part !== undefined);
  return `${parts.map(String).join(':')}|${readText(payload, 'language_code')}`;
};

/** setMyCommands' scopes of one chat need that chat to exist. */
const checkScope = (state: BotApiState, payload: Payload): void => {
  const chatId = readObject(payload, 'scope')?.['chat_id'];
  if (chatId !== undefined) state.requireChat(Number(chatId));
};

/** Every method but getUpdates, which waits. Keys in lower case: method names ignore case. */
export const methods: Readonly<Record<string, Method>> = {
  getme: (state) => ({
    ...state.bot,
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
  }),
  deletewebhook: () => true,
  setwebhook: () => {
    throw badRequest('this server speaks long polling only');
  },
  getwebhookinfo: (state) => ({ url: '', has_custom_certificate: false, pending_update_count: state.updates.depth }),
  logout: () => true,
  close: () => true,
  sendmessage: (state, payload) => {
    const chat = targetChat(state, payload);
    const quiet = readFlag(payload, 'disable_notification') ? { disable_notification: true as const } : {};
    return state.addMessage(chat, state.bot, {
      ...textBody(payload),
      ...threadOf(chat, payload),
      ...replyTo(state, chat, payload),
      ...quiet,
    });
  },
  sendphoto: (state, payload) => {
    const chat = targetChat(state, payload);
    const body = captionBody(payload);
    const photo = photoBody(state, upload(payload, readText(payload, 'photo'), 'photo'));
    return state.addMessage(chat, state.bot, {
      ...body,
      ...photo,
      ...threadOf(chat, payload),
      ...replyTo(state, chat, payload),
    });
  },
  senddocument: (state, payload) => {
    const chat = targetChat(state, payload);
    const body = captionBody(payload);
    const file = upload(payload, readText(payload, 'document'), 'document');
    if (file.content.length > MAX_DOCUMENT_BYTES) throw new BotApiError(413, 'Request Entity Too Large');
    const extension = file.filename.split('.').at(-1) ?? '';
    const mimeType = MIME_TYPES[extension] ?? 'application/octet-stream';
    const stored = state.addFile({ filename: file.filename, mimeType, content: file.content });
    const document = {
      file_id: stored.id,
      file_unique_id: stored.id,
      file_name: file.filename,
      mime_type: mimeType,
      file_size: file.content.length,
    };
    return state.addMessage(chat, state.bot, {
      ...body,
      document,
      ...threadOf(chat, payload),
      ...replyTo(state, chat, payload),
    });
  },
  editmessagetext: (state, payload) => {
    const old = editable(state, payload);
    if (old.text === undefined) throw badRequest('there is no text in the message to edit');
    return finishEdit(state, old, { ...bare(old), ...textBody(payload) });
  },
  editmessagecaption: (state, payload) => {
    const old = editable(state, payload);
    if (old.photo === undefined && old.document === undefined)
      throw badRequest('there is no caption in the message to edit');
    return finishEdit(state, old, { ...bare(old), ...captionBody(payload) });
  },
  editmessagemedia: (state, payload) => {
    const old = editable(state, payload);
    const media = readObject(payload, 'media') ?? {};
    if (media['type'] !== 'photo' || typeof media['media'] !== 'string')
      throw badRequest('this server edits photos only');
    const photo = photoBody(state, upload(payload, media['media'], 'photo'));
    const { document: _document, ...rest } = bare(old);
    const caption = captionBody({
      files: payload.files,
      values: { ...media, reply_markup: payload.values['reply_markup'] },
    });
    return finishEdit(state, old, { ...rest, ...photo, ...caption });
  },
  editmessagereplymarkup: (state, payload) => {
    const old = editable(state, payload);
    const { reply_markup: _markup, ...rest } = old;
    return finishEdit(state, old, { ...rest, ...optional('reply_markup', readKeyboard(payload)) });
  },
  deletemessage: (state, payload) => {
    const chat = targetChat(state, payload);
    if (!state.deleteMessage(chat.id, readInteger(payload, 'message_id') ?? 0))
      throw badRequest('message to delete not found');
    return true;
  },
  answercallbackquery: (state, payload) => {
    const text = readText(payload, 'text');
    if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG');
    const queryId = readText(payload, 'callback_query_id');
    const query = state.closeQuery(queryId);
    if (query === undefined) throw badRequest('query is too old and response timeout expired or query ID is invalid');
    state.emit(query.chatId, {
      kind: 'answer',
      queryId,
      userId: query.userId,
      text,
      alert: readFlag(payload, 'show_alert'),
    });
    return true;
  },
  setmycommands: (state, payload) => {
    checkScope(state, payload);
    state.setMenu(scopeKey(payload), readCommands(payload));
    return true;
  },
  deletemycommands: (state, payload) => {
    checkScope(state, payload);
    state.setMenu(scopeKey(payload), null);
    return true;
  },
  getmycommands: (state, payload) => state.menu(scopeKey(payload)),
  sendchataction: (state, payload) => {
    const chat = targetChat(state, payload);
    state.emit(chat.id, { kind: 'action', action: readText(payload, 'action') });
    return true;
  },
  getchat: (state, payload) => targetChat(state, payload),
};
