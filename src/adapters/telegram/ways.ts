import { InputFile, type Api } from 'grammy';
import type { FormattedString } from '@grammyjs/parse-mode';
import type { ReplyDocument } from '../../ports/chat.ts';
import type { Way } from './chat-queue.ts';
import { MAX_CAPTION, NO_PREVIEW, splitText, type Keyboard } from './render.ts';
import type { Place } from './updates.ts';

/** How a text, a picture or a file is sent, and what stands in for it where Telegram refuses that. */
export type Markup = { readonly reply_markup?: Keyboard | { force_reply: true; selective: true } };

/** Photos, files and edits take buttons, but no request for an answer. */
const keyboardOf = ({ reply_markup: markup }: Markup): { readonly reply_markup?: Keyboard } =>
  markup !== undefined && 'inline_keyboard' in markup ? { reply_markup: markup } : {};

const threadOption = (place: Place): { readonly message_thread_id?: number } =>
  place.threadId === null ? {} : { message_thread_id: place.threadId };

/** Tried again it goes on with the part that failed: nothing comes twice. */
export const inParts = (
  api: Api,
  place: Place,
  parts: readonly FormattedString[],
  markup: Markup,
  askReplyTo?: number,
): Way => {
  let sent = 0;
  return async (to) => {
    for (const part of parts.slice(sent)) {
      const last = sent === parts.length - 1;
      await api.sendMessage(to, part.text, {
        entities: part.entities,
        ...NO_PREVIEW,
        ...threadOption(place),
        ...(last ? markup : {}),
        ...(last && askReplyTo !== undefined
          ? { reply_parameters: { message_id: askReplyTo, allow_sending_without_reply: true } }
          : {}),
      });
      sent += 1;
    }
  };
};

/** In the place of a message that shows no picture. */
export const editText =
  (api: Api, messageId: number, text: FormattedString, markup: Markup): Way =>
  async (to) => {
    await api.editMessageText(to, messageId, text.text, {
      entities: text.entities,
      ...NO_PREVIEW,
      ...keyboardOf(markup),
    });
  };

const captionOf = (
  text: FormattedString,
): { readonly caption: string; readonly caption_entities: FormattedString['entities'] } => {
  const caption = splitText(text, MAX_CAPTION)[0] ?? text;
  return { caption: caption.text, caption_entities: caption.entities };
};

/** In the place of a message that shows one. */
export const editPicture =
  (api: Api, messageId: number, png: Uint8Array, text: FormattedString, markup: Markup): Way =>
  async (to) => {
    const media = { type: 'photo', media: new InputFile(png, 'chart.png'), ...captionOf(text) } as const;
    await api.editMessageMedia(to, messageId, media, keyboardOf(markup));
  };

/** `text` null: it goes in a message of its own. */
export const photo =
  (api: Api, place: Place, png: Uint8Array, text: FormattedString | null, markup: Markup): Way =>
  async (to) => {
    await api.sendPhoto(to, new InputFile(png, 'chart.png'), {
      ...(text === null ? {} : { ...captionOf(text), ...keyboardOf(markup) }),
      ...threadOption(place),
    });
  };

export const document =
  (api: Api, place: Place, file: ReplyDocument, text: FormattedString, markup: Markup): Way =>
  async (to) => {
    await api.sendDocument(to, new InputFile(file.content, file.filename), {
      ...captionOf(text),
      ...keyboardOf(markup),
      ...threadOption(place),
    });
  };
