import { InputFile, type Api } from 'grammy';
import { FormattedString } from '@grammyjs/parse-mode';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { PictureRenderer, PictureSpec, Reply, ReplyDocument } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { classifyFailure, type TelegramFailure } from './errors.ts';
import { MAX_CAPTION, MAX_TEXT, NO_PREVIEW, renderButtons, renderReply, splitText, type Keyboard } from './render.ts';
import type { Place } from './updates.ts';

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

export interface OutboundOptions {
  /** With retries for `retry_after` and 5xx, both bounded. */
  readonly api: Api;
  readonly pictures: PictureRenderer | null;
  readonly currentChatId: (chatId: number) => number;
  readonly learnMigration: (from: number, to: number) => void;
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_WAITING_PER_CHAT = 100;
const MAX_ATTEMPTS = 3;
const RETRY_MS: Milliseconds = 2 * SECOND_MS;

type Markup = { readonly reply_markup?: Keyboard | { force_reply: true; selective: true } };
type Task = (chatId: number) => Promise<void>;

/** Photos, files and edits take buttons, but no request for an answer. */
const keyboardOf = ({ reply_markup: markup }: Markup): { readonly reply_markup?: Keyboard } =>
  markup !== undefined && 'inline_keyboard' in markup ? { reply_markup: markup } : {};

const threadOption = (place: Place): { readonly message_thread_id?: number } =>
  place.threadId === null ? {} : { message_thread_id: place.threadId };

export const createOutbound = (options: OutboundOptions): Outbound => {
  const { api, pictures, redact, log } = options;
  const lines = new Map<number, { tail: Promise<void>; waiting: number }>();
  const drawing = new Set<Promise<void>>();

  /** Null when it went through or needs no more; else the failure that remains. */
  const attempt = async (task: Task, chatId: number): Promise<TelegramFailure | null> => {
    let to = options.currentChatId(chatId);
    for (let count = 1; ; count += 1) {
      try {
        await task(to);
        return null;
      } catch (error) {
        const failure = classifyFailure(error, redact);
        if (failure.kind === 'not-modified') return null;
        if (count >= MAX_ATTEMPTS) return failure;
        if (failure.kind === 'migrated') {
          options.learnMigration(chatId, failure.to);
          to = failure.to;
        } else if (failure.kind === 'unreachable') await options.clock.sleep(RETRY_MS * count);
        else return failure;
      }
    }
  };

  /**
   * The first of the ways that Telegram does not refuse: a deleted message cannot be edited, a group may allow no
   * pictures.
   */
  const attemptAny = async (ways: readonly Task[], chatId: number): Promise<TelegramFailure | null> => {
    let failure: TelegramFailure | null = null;
    for (const way of ways) {
      failure = await attempt(way, chatId);
      if (failure === null || (failure.kind !== 'impossible' && failure.kind !== 'forbidden')) return failure;
      log.debug({ chatId, failure: failure.kind, why: failure.why }, 'a way of sending was refused');
    }
    return failure;
  };

  const enqueue = (chatId: number, ways: readonly Task[], onUndelivered?: (why: string) => void): void => {
    const line = lines.get(chatId) ?? { tail: Promise.resolve(), waiting: 0 };
    lines.set(chatId, line);
    if (line.waiting >= MAX_WAITING_PER_CHAT) {
      log.warn({ chatId, waiting: line.waiting }, 'reply dropped: too many wait for this chat');
      onUndelivered?.('too many messages wait for this chat');
      return;
    }
    line.waiting += 1;
    line.tail = line.tail.then(async () => {
      const failure = await attemptAny(ways, chatId);
      line.waiting -= 1;
      if (failure === null) return;
      log.warn({ chatId, failure: failure.kind, why: failure.why }, 'reply not delivered');
      onUndelivered?.(failure.why);
    });
  };

  const markupOf = (reply: Reply, sendOptions: SendOptions): Markup => {
    const keyboard = sendOptions.keyboard ?? renderButtons(reply.buttons);
    if (keyboard !== undefined) return { reply_markup: keyboard };
    return sendOptions.askReplyTo === undefined ? {} : { reply_markup: { force_reply: true, selective: true } };
  };

  /** Tried again it goes on with the part that failed: nothing comes twice. */
  const inParts = (place: Place, parts: readonly FormattedString[], markup: Markup, askReplyTo?: number): Task => {
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

  const sendText = (place: Place, text: FormattedString, markup: Markup, sendOptions: SendOptions): void => {
    const parts = splitText(text, MAX_TEXT);
    const [only] = parts;
    const { replace, askReplyTo, onUndelivered } = sendOptions;
    const anew = inParts(place, parts, markup, askReplyTo);
    if (replace === undefined || replace.hasPicture || parts.length > 1 || only === undefined)
      return enqueue(place.chatId, [anew], onUndelivered);
    const edit: Task = async (to) => {
      await api.editMessageText(to, replace.messageId, only.text, {
        entities: only.entities,
        ...NO_PREVIEW,
        ...keyboardOf(markup),
      });
    };
    enqueue(place.chatId, [edit, anew], onUndelivered);
  };

  const sendPicture = (
    place: Place,
    png: Uint8Array,
    text: FormattedString,
    markup: Markup,
    replace: Replaced | undefined,
  ): void => {
    const fits = text.text.length <= MAX_CAPTION;
    const caption = fits ? text : (splitText(text, MAX_CAPTION)[0] ?? text);
    const captioned = { caption: caption.text, caption_entities: caption.entities };
    const edit =
      (messageId: number): Task =>
      async (to) => {
        await api.editMessageMedia(
          to,
          messageId,
          { type: 'photo', media: new InputFile(png, 'chart.png'), ...captioned },
          keyboardOf(markup),
        );
      };
    const photo: Task = async (to) => {
      await api.sendPhoto(to, new InputFile(png, 'chart.png'), {
        ...(fits ? { ...captioned, ...keyboardOf(markup) } : {}),
        ...threadOption(place),
      });
    };
    const words = inParts(place, splitText(text, MAX_TEXT), markup);
    if (replace?.hasPicture === true) return enqueue(place.chatId, [edit(replace.messageId), photo, words]);
    if (fits) return enqueue(place.chatId, [photo, words]);
    enqueue(place.chatId, [photo]);
    enqueue(place.chatId, [words]);
  };

  const sendFile = (place: Place, file: ReplyDocument, text: FormattedString, markup: Markup): void => {
    const without = FormattedString.join([text, 'The file could not be sent; the log says why.'], '\n\n');
    const words = inParts(place, splitText(without, MAX_TEXT), markup);
    const caption = splitText(text, MAX_CAPTION)[0] ?? text;
    const document: Task = async (to) => {
      await api.sendDocument(to, new InputFile(file.content, file.filename), {
        caption: caption.text,
        caption_entities: caption.entities,
        ...keyboardOf(markup),
        ...threadOption(place),
      });
    };
    enqueue(place.chatId, [document, words]);
  };

  const drawAndSend = async (
    place: Place,
    spec: PictureSpec,
    renderer: PictureRenderer,
    text: FormattedString,
    markup: Markup,
    sendOptions: SendOptions,
  ): Promise<void> => {
    try {
      sendPicture(place, await renderer.render(spec), text, markup, sendOptions.replace);
    } catch (error) {
      log.warn({ why: redact(String(error)) }, 'picture not drawn; the text goes without it');
      sendText(place, text, markup, sendOptions);
    }
  };

  return {
    send: (place, reply, sendOptions = {}) => {
      const text = renderReply(reply, redact);
      const markup = markupOf(reply, sendOptions);
      if (reply.picture !== undefined && pictures !== null) {
        const drawn = drawAndSend(place, reply.picture, pictures, text, markup, sendOptions).finally(() =>
          drawing.delete(drawn),
        );
        drawing.add(drawn);
        return;
      }
      if (reply.document !== undefined) return sendFile(place, reply.document, text, markup);
      sendText(place, text, markup, sendOptions);
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
        await Promise.allSettled([...lines.values()].map(({ tail }) => tail));
      };
      const over = new AbortController();
      await Promise.race([all(), options.clock.sleep(limit, over.signal)]);
      over.abort();
    },
  };
};
