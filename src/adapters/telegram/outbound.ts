import type { Api } from 'grammy';
import { FormattedString } from '@grammyjs/parse-mode';
import type { Milliseconds } from '../../core/units.ts';
import type { PictureRenderer, PictureSpec, Reply, ReplyDocument } from '../../ports/chat.ts';
import { createChatQueue, type ChatQueue, type ChatQueueOptions } from './chat-queue.ts';
import { classifyFailure } from './errors.ts';
import { MAX_CAPTION, MAX_TEXT, renderButtons, renderReply, splitText, type Keyboard } from './render.ts';
import type { Place } from './updates.ts';
import { document, editPicture, editText, inParts, photo, type Markup } from './ways.ts';

/** The message that an answer replaces. */
export interface Replaced {
  readonly messageId: number;
  readonly hasPicture: boolean;
}

export interface SendOptions {
  readonly replace?: Replaced;
  /** In place of the reply's own buttons. */
  readonly keyboard?: Keyboard;
  /** Opens the answer box of the person who wrote this message (groups, where the bot sees replies only). */
  readonly askReplyTo?: number;
  /** Called with why, in words without secrets, when the words got through in no way. */
  readonly onUndelivered?: (why: string) => void;
}

/** Replies on their way out. Nothing here is awaited by whoever handles updates; each chat has its own bounded line. */
export interface Outbound {
  send(place: Place, reply: Reply, options?: SendOptions): void;
  /** Ends the spinner on a pressed button. At most 200 characters. */
  answer(queryId: string, text: string, alert?: boolean): void;
  /** Waits until all is sent, at most this long. */
  drain(limit: Milliseconds): Promise<void>;
}

export interface OutboundOptions extends ChatQueueOptions {
  /** With retries for `retry_after` and 5xx, both bounded. */
  readonly api: Api;
  readonly pictures: PictureRenderer | null;
}

/** A rendered reply on its way: where to, with which buttons, in whose place. */
interface Letter {
  readonly place: Place;
  readonly text: FormattedString;
  readonly markup: Markup;
  readonly options: SendOptions;
}

const markupOf = (reply: Reply, options: SendOptions): Markup => {
  const keyboard = options.keyboard ?? renderButtons(reply.buttons);
  if (keyboard !== undefined) return { reply_markup: keyboard };
  return options.askReplyTo === undefined ? {} : { reply_markup: { force_reply: true, selective: true } };
};

const sendText = (queue: ChatQueue, api: Api, { place, text, markup, options }: Letter): void => {
  const parts = splitText(text, MAX_TEXT);
  const [only] = parts;
  const { replace, askReplyTo, onUndelivered } = options;
  const anew = inParts(api, place, parts, markup, askReplyTo);
  const mayEdit = replace !== undefined && !replace.hasPicture && parts.length <= 1 && only !== undefined;
  queue.enqueue(place.chatId, mayEdit ? [editText(api, replace.messageId, only, markup), anew] : [anew], onUndelivered);
};

const sendPicture = (queue: ChatQueue, api: Api, { place, text, markup, options }: Letter, png: Uint8Array): void => {
  const { replace } = options;
  const fits = text.text.length <= MAX_CAPTION;
  const alone = photo(api, place, png, fits ? text : null, markup);
  const words = inParts(api, place, splitText(text, MAX_TEXT), markup);
  if (replace?.hasPicture === true)
    return queue.enqueue(place.chatId, [editPicture(api, replace.messageId, png, text, markup), alone, words]);
  if (fits) return queue.enqueue(place.chatId, [alone, words]);
  queue.enqueue(place.chatId, [alone]);
  queue.enqueue(place.chatId, [words]);
};

const sendFile = (queue: ChatQueue, api: Api, { place, text, markup }: Letter, file: ReplyDocument): void => {
  const without = FormattedString.join([text, 'The file could not be sent; the log says why.'], '\n\n');
  const words = inParts(api, place, splitText(without, MAX_TEXT), markup);
  queue.enqueue(place.chatId, [document(api, place, file, text, markup), words]);
};

export const createOutbound = (options: OutboundOptions): Outbound => {
  const { api, pictures, redact, log } = options;
  const queue = createChatQueue(options);
  const drawing = new Set<Promise<void>>();

  const drawAndSend = async (letter: Letter, spec: PictureSpec, renderer: PictureRenderer): Promise<void> => {
    try {
      sendPicture(queue, api, letter, await renderer.render(spec));
    } catch (error) {
      log.warn({ why: redact(String(error)) }, 'picture not drawn; the text goes without it');
      sendText(queue, api, letter);
    }
  };

  return {
    send: (place, reply, sendOptions = {}) => {
      const markup = markupOf(reply, sendOptions);
      const letter = { place, text: renderReply(reply, redact), markup, options: sendOptions };
      if (reply.picture !== undefined && pictures !== null) {
        const drawn = drawAndSend(letter, reply.picture, pictures).finally(() => drawing.delete(drawn));
        drawing.add(drawn);
        return;
      }
      if (reply.document !== undefined) return sendFile(queue, api, letter, reply.document);
      sendText(queue, api, letter);
    },
    answer: (queryId, text, alert = false) => {
      // A line of its own would delay nothing but itself: the spinner ends when it ends.
      api.answerCallbackQuery(queryId, { text: text.slice(0, 200), show_alert: alert }).catch((error: unknown) => {
        log.debug({ why: classifyFailure(error, redact).why }, 'press not answered');
      });
    },
    drain: async (limit) => {
      const all = async (): Promise<void> => {
        await Promise.allSettled(drawing);
        await queue.settled();
      };
      const over = new AbortController();
      await Promise.race([all(), options.clock.sleep(limit, over.signal)]);
      over.abort();
    },
  };
};
