import type { Api } from 'grammy';
import type { BotCommandScope } from 'grammy/types';
import type { CommandSet } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import type { Log } from '../../ports/log.ts';
import { classifyFailure } from './errors.ts';
import type { AccessList } from './access.ts';

/**
 * The command menu per role: each listed person sees theirs, in private and in
 * listed groups; strangers see none. A person who never wrote to the bot has
 * no chat yet: their menu is set when they do.
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

export const createMenus = (api: Api, commands: CommandSet, list: AccessList, redact: (text: string) => string, log: Log): Menus => {
  const missing = new Map<number, Role>();

  const set = async (scope: BotCommandScope, role: Role): Promise<boolean> => {
    try {
      await api.setMyCommands(entries(commands, role), { scope });
      return true;
    } catch (error) {
      log.debug({ scope: scope.type, why: classifyFailure(error, redact).why }, 'command menu not set');
      return false;
    }
  };

  const setFor = async (userId: number, role: Role): Promise<void> => {
    if (await set({ type: 'chat', chat_id: userId }, role)) missing.delete(userId);
    else missing.set(userId, role);
  };

  return {
    setAll: async () => {
      try {
        await api.deleteMyCommands({ scope: { type: 'default' } });
      } catch (error) {
        log.debug({ why: classifyFailure(error, redact).why }, 'default command menu not cleared');
      }
      const people = new Map<number, Role>([...list.viewers.map((id) => [id, 'viewer'] as const), ...list.operators.map((id) => [id, 'operator'] as const)]);
      for (const [userId, role] of people) await setFor(userId, role);
      for (const { chatId } of list.chats) {
        if (people.size * list.chats.length > MAX_GROUP_CALLS) await set({ type: 'chat', chat_id: chatId }, 'viewer');
        else for (const [userId, role] of people) await set({ type: 'chat_member', chat_id: chatId, user_id: userId }, role);
      }
    },
    retry: (userId) => {
      const role = missing.get(userId);
      if (role === undefined) return;
      missing.delete(userId);
      setFor(userId, role).catch(() => missing.set(userId, role));
    },
  };
};
