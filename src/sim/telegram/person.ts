import type { BotApiState, StoredFile } from './state.ts';
import type { Chat, Json, JsonObject, Message, NumberedEvent, User } from './types.ts';

export interface SendOptions {
  readonly threadId?: number;
  /** The message that this one answers: in a group with its privacy mode on, the bot is shown no other text. */
  readonly replyTo?: number;
  /** Seconds; left out = now by the server's clock. */
  readonly date?: number;
  /** As forwarded from someone else. */
  readonly forwarded?: boolean;
}

/** What people do: the other side of the Bot API. */
export interface PersonApi {
  addUser(user: {
    readonly id: number;
    readonly firstName: string;
    readonly username?: string;
    readonly languageCode?: string;
  }): void;
  addGroup(chat: {
    readonly id: number;
    readonly title: string;
    readonly type: 'group' | 'supergroup';
    readonly forum?: boolean;
  }): void;
  /** Opens the private chat of a person with the bot; sending does so too. */
  addPrivateChat(userId: number): void;
  chats(): readonly Chat[];
  messages(chatId: number): readonly Message[];
  file(fileId: string): StoredFile | undefined;
  /** Sends as `userId`. A chat id equal to the user id is their private chat. */
  send(userId: number, chatId: number, text: string, options?: SendOptions): Message;
  /**
   * Presses a button by its label or data on a message (left out: the newest that has it).
   * @throws Error when there is none.
   */
  press(userId: number, chatId: number, button: string, messageId?: number): string;
  /** The menu a person sees in a chat, by the order of precedence of the scopes. */
  menu(userId: number, chatId: number): readonly JsonObject[];
  /** Any update at all, for hostile tests. Returns its id. */
  push(update: JsonObject): number;
  /** The same update once more, with its number. */
  redeliver(updateId: number, update: JsonObject): void;
  /** Calls back for each event of all chats. Returns the way out. */
  listen(listener: (event: NumberedEvent) => void): () => void;
  /** The first bot message or edit in the chat that fits, already there (after `sinceMessageId`) or still to come. */
  waitFor(
    chatId: number,
    fits: (message: Message) => boolean,
    options?: { readonly afterMessageId?: number; readonly timeoutMs?: number },
  ): Promise<Message>;
  /** The toast that answers a press. */
  waitForAnswer(queryId: string, timeoutMs?: number): Promise<{ readonly text: string; readonly alert: boolean }>;
  /** Whether the bot waits for updates now. */
  botListening(): boolean;
}

const commandEntities = (text: string): { readonly entities?: readonly Json[] } => {
  const match = /^\/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]+)?/.exec(text);
  return match === null ? {} : { entities: [{ type: 'bot_command', offset: 0, length: match[0].length }] };
};

const privateChat = (user: User): Chat => ({
  id: user.id,
  type: 'private',
  first_name: user.first_name,
  ...(user.username === undefined ? {} : { username: user.username }),
});

const findButton = (
  messages: readonly Message[],
  button: string,
  messageId: number | undefined,
): { readonly message: Message; readonly data: string } => {
  for (const message of [...messages].reverse()) {
    if (messageId !== undefined && message.message_id !== messageId) continue;
    const found = message.reply_markup?.inline_keyboard
      .flat()
      .find(({ text, callback_data: data }) => data !== undefined && (text === button || data === button));
    if (found?.callback_data !== undefined) return { message, data: found.callback_data };
  }
  throw new Error(`no button "${button}" in the chat`);
};

/** Text cut at its ends is what Telegram delivers; an empty message cannot be sent at all. */
const checkText = (text: string): string => {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 4096) throw new RangeError('a message has 1 to 4096 characters');
  return trimmed;
};

/** A picture takes seconds to draw on a busy machine. */
const PATIENCE_MS = 15_000;

type Deadline<Value> = (finish: (value: Value) => void) => () => void;

const within = async <Value>(timeoutMs: number, what: string, subscribe: Deadline<Value>): Promise<Value> => {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const timer = setTimeout(() => reject(new Error(`${what}: nothing within ${timeoutMs} ms`)), timeoutMs);
  const leave = subscribe(resolve);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    leave();
  }
};

/** Outside forums, too, a supergroup names the thread of an answer; it is no topic then. */
const replyOf = (state: BotApiState, chat: Chat, { replyTo, threadId }: SendOptions): Partial<Message> => {
  if (replyTo === undefined) return {};
  const answered = state.answered(chat.id, replyTo);
  if (answered === null) throw new RangeError(`no message ${replyTo} in the chat`);
  return {
    ...answered,
    ...(chat.type === 'supergroup' && threadId === undefined
      ? { message_thread_id: answered.reply_to_message.message_thread_id ?? replyTo }
      : {}),
  };
};

export const createPersonApi = (state: BotApiState): PersonApi => {
  const chatFor = (userId: number, chatId: number): Chat => {
    if (userId === chatId && state.chat(chatId) === undefined) state.addChat(privateChat(state.user(userId)));
    return state.requireChat(chatId);
  };
  return {
    addUser: ({ id, firstName, username, languageCode }) =>
      state.addUser({
        id,
        is_bot: false,
        first_name: firstName,
        ...(username === undefined ? {} : { username }),
        ...(languageCode === undefined ? {} : { language_code: languageCode }),
      }),
    addGroup: ({ id, title, type, forum }) =>
      state.addChat({ id, type, title, ...(forum === true ? { is_forum: true } : {}) }),
    addPrivateChat: (userId) => {
      chatFor(userId, userId);
    },
    chats: () => state.chats(),
    messages: (chatId) => state.messages(chatId),
    file: (fileId) => state.file(fileId),
    send: (userId, chatId, text, options = {}) => {
      const body = checkText(text);
      const chat = chatFor(userId, chatId);
      const message = state.addMessage(chat, state.user(userId), {
        text: body,
        ...replyOf(state, chat, options),
        ...commandEntities(body),
        ...(options.date === undefined ? {} : { date: options.date }),
        ...(options.threadId === undefined ? {} : { message_thread_id: options.threadId, is_topic_message: true }),
        ...(options.forwarded === true
          ? { forward_origin: { type: 'hidden_user', sender_user_name: 'Someone', date: 1 } }
          : {}),
      });
      state.updates.push({ message: message as unknown as Json });
      return message;
    },
    press: (userId, chatId, button, messageId) => {
      const { message, data } = findButton(state.messages(chatId), button, messageId);
      const id = state.openQuery(chatId, userId);
      const from = state.user(userId) as unknown as Json;
      state.updates.push({
        callback_query: { id, from, message: message as unknown as Json, chat_instance: String(chatId), data },
      });
      return id;
    },
    menu: (userId, chatId) => {
      const scopes = [
        `chat_member:${chatId}:${userId}`,
        `chat:${chatId}`,
        userId === chatId ? 'all_private_chats' : 'all_group_chats',
        'default',
      ];
      return scopes.map((scope) => state.menu(`${scope}|`)).find((menu) => menu.length > 0) ?? [];
    },
    push: (update) => state.updates.push(update),
    redeliver: (updateId, update) => state.updates.redeliver({ ...update, update_id: updateId }),
    listen: (listener) => state.listen(listener),
    waitFor: async (chatId, fits, { afterMessageId = 0, timeoutMs = PATIENCE_MS } = {}) => {
      const wanted = (message: Message): boolean =>
        message.from.id === state.bot.id && message.message_id > afterMessageId && fits(message);
      const present = state.messages(chatId).find(wanted);
      if (present !== undefined) return present;
      return within(timeoutMs, `message in chat ${chatId}`, (finish) =>
        state.listen(({ chatId: at, event }) => {
          if (at === chatId && (event.kind === 'message' || event.kind === 'edited') && wanted(event.message))
            finish(event.message);
        }),
      );
    },
    waitForAnswer: async (queryId, timeoutMs = PATIENCE_MS) => {
      const answerOf = ({ event }: NumberedEvent): { readonly text: string; readonly alert: boolean } | null =>
        event.kind === 'answer' && event.queryId === queryId ? event : null;
      const present = state
        .eventsAfter(0)
        .map(answerOf)
        .find((answer) => answer !== null);
      if (present !== undefined && present !== null) return present;
      return within(timeoutMs, `answer to ${queryId}`, (finish) =>
        state.listen((event) => {
          const answer = answerOf(event);
          if (answer !== null) finish(answer);
        }),
      );
    },
    botListening: () => state.updates.polled,
  };
};
