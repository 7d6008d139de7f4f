import type { Api } from 'grammy';
import type { BotCommandScope, BotCommandScopeChat, BotCommandScopeChatMember } from 'grammy/types';
import type { ChatMemory, CommandSet } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import type { Log } from '../../ports/log.ts';
import { classifyFailure, type TelegramFailure } from './errors.ts';
import type { AccessList } from './access.ts';

/**
 * The command menu per role: each listed person sees theirs, in private and in
 * listed groups; strangers see none. A person who never wrote to the bot has
 * no chat yet: their menu is set when they do. Telegram keeps a menu until it
 * is taken away, so whose was set is remembered: who is listed no more sees none.
 */
export interface Menus {
  setAll(): Promise<void>;
  /** Sets it for one whose menu could not be set before. */
  retry(userId: number): void;
}

/** Calls that a start may make for groups; above it a group's members see the viewers' menu. */
const MAX_GROUP_CALLS = 100;

const entries = (commands: CommandSet, role: Role): { command: string; description: string }[] =>
  commands.list(role).map(({ name, description }) => ({ command: name, description }));

export interface MenuOptions {
  readonly api: Api;
  readonly commands: CommandSet;
  readonly list: AccessList;
  readonly memory: ChatMemory;
  /** Where `memory` keeps the places whose menu was set. */
  readonly key: string;
  readonly currentChatId: (chatId: number) => number;
  readonly redact: (text: string) => string;
  readonly log: Log;
}

type Scope = BotCommandScopeChat | BotCommandScopeChatMember;

/** "1001" of a chat, "-100200:1001" of a person in it. */
const nameOf = (scope: Scope): string =>
  scope.type === 'chat' ? String(scope.chat_id) : `${scope.chat_id}:${scope.user_id}`;

const scopeOf = (name: string): Scope => {
  const [chatId, userId] = name.split(':').map(Number);
  return userId === undefined
    ? { type: 'chat', chat_id: chatId ?? 0 }
    : { type: 'chat_member', chat_id: chatId ?? 0, user_id: userId };
};

export const createMenus = ({ api, commands, list, memory, key, currentChatId, redact, log }: MenuOptions): Menus => {
  const missing = new Map<number, Role>();
  const people = new Map<number, Role>([
    ...list.viewers.map((id) => [id, 'viewer'] as const),
    ...list.operators.map((id) => [id, 'operator'] as const),
  ]);

  const attempt = async (scope: BotCommandScope, call: () => Promise<unknown>): Promise<TelegramFailure | null> => {
    try {
      await call();
      return null;
    } catch (error) {
      const failure = classifyFailure(error, redact);
      log.debug({ scope: scope.type, why: failure.why }, 'command menu not changed');
      return failure;
    }
  };
  const set = (scope: Scope, role: Role): Promise<TelegramFailure | null> =>
    attempt(scope, () => api.setMyCommands(entries(commands, role), { scope }));
  const clear = (scope: BotCommandScope): Promise<TelegramFailure | null> =>
    attempt(scope, () => api.deleteMyCommands({ scope }));

  const setFor = async (userId: number, role: Role): Promise<void> => {
    if ((await set({ type: 'chat', chat_id: userId }, role)) === null) missing.delete(userId);
    else missing.set(userId, role);
  };

  const inGroups = (): readonly (readonly [Scope, Role])[] => {
    const chats = [...new Set(list.chats.map(({ chatId }) => currentChatId(chatId)))];
    if (people.size * chats.length > MAX_GROUP_CALLS)
      return chats.map((chatId) => [{ type: 'chat', chat_id: chatId }, 'viewer']);
    return chats.flatMap((chatId) =>
      [...people].map(([userId, role]) => [{ type: 'chat_member', chat_id: chatId, user_id: userId }, role] as const),
    );
  };

  /**
   * What was set by an earlier run for people and groups that are listed no more. One that cannot be reached stays on
   * the list.
   */
  const clearFormer = async (now: readonly string[]): Promise<void> => {
    const former = (memory.get(key) ?? '').split(' ').filter((name) => name !== '' && !now.includes(name));
    // First of all: what is set from here on must not be forgotten, whatever comes between.
    memory.set(key, [...former, ...now].join(' '));
    const left: string[] = [];
    for (const name of former) {
      const failure = await clear(scopeOf(name));
      if (failure?.kind === 'unreachable' || failure?.kind === 'wait') left.push(name);
    }
    memory.set(key, [...left, ...now].join(' '));
  };

  return {
    setAll: async () => {
      const groups = inGroups();
      await clear({ type: 'default' });
      await clearFormer([...[...people.keys()].map(String), ...groups.map(([scope]) => nameOf(scope))]);
      for (const [userId, role] of people) await setFor(userId, role);
      for (const [scope, role] of groups) await set(scope, role);
    },
    retry: (userId) => {
      const role = missing.get(userId);
      if (role === undefined) return;
      missing.delete(userId);
      setFor(userId, role).catch(() => missing.set(userId, role));
    },
  };
};
