import type { EpochMs } from '../../core/units.ts';
import { badRequest } from './errors.ts';
import type { Chat, ChatEvent, JsonObject, Message, NumberedEvent, User } from './types.ts';
import { UpdateQueue } from './update-queue.ts';

export interface StoredFile {
  readonly id: string;
  readonly filename: string;
  readonly mimeType: string;
  readonly content: Uint8Array;
}

export interface StateOptions {
  readonly bot: User;
  /** Wall time: message dates. */
  readonly wallNow: () => EpochMs;
  /** Per chat; older ones are forgotten. */
  readonly maxMessages: number;
  /** Over all chats; older files are forgotten. */
  readonly maxFileBytes: number;
}

type Listener = (event: NumberedEvent) => void;

/** Events kept for a reader that comes back with its last number. */
const MAX_EVENTS = 1_000;
const MAX_QUERIES = 500;

/** Everything the Bot API server knows. Bounded: old messages, files, events and queries are forgotten. */
export class BotApiState {
  readonly bot: User;
  readonly updates: UpdateQueue;
  readonly wallNow: () => EpochMs;
  readonly #chats = new Map<number, Chat>();
  readonly #users = new Map<number, User>();
  readonly #messages = new Map<number, Message[]>();
  readonly #nextMessageId = new Map<number, number>();
  readonly #files = new Map<string, StoredFile>();
  readonly #menus = new Map<string, readonly JsonObject[]>();
  readonly #queries = new Map<string, { readonly chatId: number; readonly userId: number }>();
  readonly #listeners = new Set<Listener>();
  readonly #events: NumberedEvent[] = [];
  readonly #maxMessages: number;
  readonly #maxFileBytes: number;
  #fileBytes = 0;
  #sequence = 0;

  constructor(options: StateOptions) {
    this.bot = options.bot;
    this.wallNow = options.wallNow;
    this.#maxMessages = options.maxMessages;
    this.#maxFileBytes = options.maxFileBytes;
    this.updates = new UpdateQueue(700_000_001);
  }

  addChat(chat: Chat): void {
    this.#chats.set(chat.id, chat);
  }

  addUser(user: User): void {
    this.#users.set(user.id, user);
  }

  chats(): readonly Chat[] {
    return [...this.#chats.values()];
  }

  chat(id: number): Chat | undefined {
    return this.#chats.get(id);
  }

  /** @throws BotApiError 400 chat not found. */
  requireChat(id: number): Chat {
    const chat = this.#chats.get(id);
    if (chat === undefined) throw badRequest('chat not found');
    return chat;
  }

  /** A person, known from their first word on. */
  user(id: number): User {
    const known = this.#users.get(id);
    if (known !== undefined) return known;
    const user: User = { id, is_bot: false, first_name: `User ${id}` };
    this.#users.set(id, user);
    return user;
  }

  messages(chatId: number): readonly Message[] {
    return this.#messages.get(chatId) ?? [];
  }

  message(chatId: number, messageId: number): Message | undefined {
    return this.messages(chatId).find((message) => message.message_id === messageId);
  }

  /** The part of a message that says which one it answers; null where that one is not there. */
  answered(chatId: number, messageId: number): Required<Pick<Message, 'reply_to_message'>> | null {
    const message = this.message(chatId, messageId);
    if (message === undefined) return null;
    const { reply_to_message: _further, ...answered } = message;
    return { reply_to_message: answered };
  }

  addMessage(
    chat: Chat,
    from: User,
    body: Omit<Message, 'message_id' | 'from' | 'chat' | 'date'> & { readonly date?: number },
  ): Message {
    const messageId = this.#nextMessageId.get(chat.id) ?? 1;
    this.#nextMessageId.set(chat.id, messageId + 1);
    const message: Message = {
      message_id: messageId,
      from,
      chat,
      ...body,
      date: body.date ?? Math.floor(this.wallNow() / 1000),
    };
    const kept = this.#messages.get(chat.id) ?? [];
    kept.push(message);
    if (kept.length > this.#maxMessages) kept.shift();
    this.#messages.set(chat.id, kept);
    this.emit(chat.id, { kind: 'message', message });
    return message;
  }

  replaceMessage(message: Message): void {
    const kept = this.#messages.get(message.chat.id) ?? [];
    const index = kept.findIndex(({ message_id: id }) => id === message.message_id);
    if (index >= 0) kept[index] = message;
    this.emit(message.chat.id, { kind: 'edited', message });
  }

  deleteMessage(chatId: number, messageId: number): boolean {
    const kept = this.#messages.get(chatId) ?? [];
    const index = kept.findIndex(({ message_id: id }) => id === messageId);
    if (index < 0) return false;
    kept.splice(index, 1);
    this.emit(chatId, { kind: 'deleted', messageId });
    return true;
  }

  addFile(file: Omit<StoredFile, 'id'>): StoredFile {
    this.#sequence += 1;
    const stored = { ...file, id: `file-${this.#sequence}` };
    this.#files.set(stored.id, stored);
    this.#fileBytes += file.content.length;
    for (const [id, oldest] of this.#files) {
      if (this.#fileBytes <= this.#maxFileBytes || id === stored.id) break;
      this.#files.delete(id);
      this.#fileBytes -= oldest.content.length;
    }
    return stored;
  }

  file(id: string): StoredFile | undefined {
    return this.#files.get(id);
  }

  setMenu(scope: string, commands: readonly JsonObject[] | null): void {
    if (commands === null) this.#menus.delete(scope);
    else this.#menus.set(scope, commands);
  }

  menu(scope: string): readonly JsonObject[] {
    return this.#menus.get(scope) ?? [];
  }

  openQuery(chatId: number, userId: number): string {
    this.#sequence += 1;
    const id = `query-${this.#sequence}`;
    this.#queries.set(id, { chatId, userId });
    const oldest = this.#queries.keys().next();
    if (this.#queries.size > MAX_QUERIES && oldest.done !== true) this.#queries.delete(oldest.value);
    return id;
  }

  /** Where the query came from, once. */
  closeQuery(id: string): { readonly chatId: number; readonly userId: number } | undefined {
    const query = this.#queries.get(id);
    this.#queries.delete(id);
    return query;
  }

  emit(chatId: number, event: ChatEvent): void {
    this.#sequence += 1;
    const numbered = { seq: this.#sequence, chatId, event };
    this.#events.push(numbered);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Calls the listener for every event from now on. Returns the way out. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  eventsAfter(seq: number): readonly NumberedEvent[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  get lastSequence(): number {
    return this.#sequence;
  }
}
