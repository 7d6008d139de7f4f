import { badRequest } from './errors.ts';
import type { FilePart } from './multipart.ts';
import type { InlineButton, Json, JsonObject } from './types.ts';

/** The parameters of one method call, from JSON, a form or a query string. */
export interface Payload {
  readonly values: Readonly<Record<string, unknown>>;
  readonly files: ReadonlyMap<string, FilePart>;
}

export const MAX_TEXT = 4096;
export const MAX_CAPTION = 1024;
export const MAX_CALLBACK_DATA_BYTES = 64;
const MAX_BUTTONS = 100;
const MAX_ENTITIES = 100;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value that may come as JSON text in forms and query strings. */
const structured = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw badRequest("can't parse JSON-encoded parameter");
  }
};

export const readInteger = (payload: Payload, key: string): number | null => {
  const value = payload.values[key];
  if (value === undefined || value === null || value === '') return null;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badRequest(`${key} must be an integer`);
  return number;
};

export const readText = (payload: Payload, key: string): string => {
  const value = payload.values[key];
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
};

export const readFlag = (payload: Payload, key: string): boolean => {
  const value = payload.values[key];
  return value === true || value === 'true' || value === 1 || value === '1';
};

export const readObject = (payload: Payload, key: string): Readonly<Record<string, unknown>> | null => {
  const value = payload.values[key];
  if (value === undefined || value === null || value === '') return null;
  const parsed = structured(value);
  if (!isObject(parsed)) throw badRequest(`object expected as ${key}`);
  return parsed;
};

export const readList = (payload: Payload, key: string): readonly unknown[] | null => {
  const value = payload.values[key];
  if (value === undefined || value === null || value === '') return null;
  const parsed = structured(value);
  if (!Array.isArray(parsed)) throw badRequest(`array expected as ${key}`);
  return parsed as readonly unknown[];
};

/** The chat_id of a call, or null when it has none that is a number. */
export const readChatId = (payload: Payload): number | null => {
  const number = Number(payload.values['chat_id'] ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : null;
};

/** Entities inside the text, by UTF-16 units; the Bot API drops those outside in silence, here they are an error. */
export const readEntities = (payload: Payload, key: string, text: string): readonly Json[] => {
  const list = readList(payload, key) ?? [];
  if (list.length > MAX_ENTITIES) throw badRequest('too many entities');
  for (const entity of list) {
    if (!isObject(entity) || typeof entity['type'] !== 'string') throw badRequest("can't parse MessageEntity");
    const offset = Number(entity['offset']);
    const length = Number(entity['length']);
    const inside =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length > 0 &&
      offset + length <= text.length;
    if (!inside) throw badRequest(`entity ${entity['type']} at ${offset}+${length} is outside the text`);
  }
  return list as readonly Json[];
};

const readButton = (value: unknown): InlineButton => {
  if (!isObject(value) || typeof value['text'] !== 'string' || value['text'] === '')
    throw badRequest('text buttons are unallowed in the inline keyboard');
  const data = value['callback_data'];
  if (typeof data === 'string') {
    const bytes = Buffer.byteLength(data);
    if (bytes < 1 || bytes > MAX_CALLBACK_DATA_BYTES) throw badRequest('BUTTON_DATA_INVALID');
    return { text: value['text'], callback_data: data };
  }
  if (typeof value['url'] === 'string') return { text: value['text'], url: value['url'] };
  throw badRequest('text buttons are unallowed in the inline keyboard');
};

/** The inline keyboard of a call, undefined when there is none; other keyboards are accepted and not shown. */
export const readKeyboard = (
  payload: Payload,
): { readonly inline_keyboard: readonly (readonly InlineButton[])[] } | undefined => {
  const rows = readObject(payload, 'reply_markup')?.['inline_keyboard'];
  if (rows === undefined) return undefined;
  if (!Array.isArray(rows) || !rows.every((row) => Array.isArray(row))) throw badRequest("can't parse inline keyboard");
  const keyboard = rows.map((row: readonly unknown[]) => row.map(readButton)).filter((row) => row.length > 0);
  if (keyboard.flat().length > MAX_BUTTONS) throw badRequest('too many buttons');
  return keyboard.length === 0 ? undefined : { inline_keyboard: keyboard };
};

/** Text as Telegram keeps it: without white space at its ends, within the limit. */
export const readMessageText = (payload: Payload, key: 'text' | 'caption'): string => {
  if (readText(payload, 'parse_mode') !== '') throw badRequest('unsupported parse_mode (this server takes entities)');
  const text = readText(payload, key).trimEnd();
  if (key === 'text' && text.trim() === '') throw badRequest('message text is empty');
  if (text.length > (key === 'text' ? MAX_TEXT : MAX_CAPTION)) {
    throw badRequest(key === 'text' ? 'message is too long' : 'message caption is too long');
  }
  return text;
};

export const readCommands = (payload: Payload): readonly JsonObject[] => {
  const list = readList(payload, 'commands') ?? [];
  if (list.length > 100) throw badRequest('too many commands');
  return list.map((entry) => {
    const command = isObject(entry) ? entry['command'] : undefined;
    const description = isObject(entry) ? entry['description'] : undefined;
    if (typeof command !== 'string' || !/^[a-z0-9_]{1,32}$/.test(command)) throw badRequest('BOT_COMMAND_INVALID');
    if (typeof description !== 'string' || description.length < 1 || description.length > 256)
      throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID');
    return { command, description };
  });
};
