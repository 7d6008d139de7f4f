import { randomInt } from 'node:crypto';
import { createCommandSet } from '../../commands/registry.ts';
import { createTelegramBot, type TelegramBot } from '../adapters/telegram/bot.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import type { Alert } from '../core/engine/alert.ts';
import { noteListedChats } from '../app/outbox/listed-chats.ts';
import { createOutboxRunner, type OutboxRunner } from '../app/outbox/outbox-runner.ts';
import type { AlarmHook } from '../app/outbox/silence.ts';
import type { ChatMemory, PictureRenderer } from '../ports/chat.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { AlertSettings } from '../app/outbox/alert-settings.ts';
import type { OperatorService } from '../ports/operator.ts';
import type { OperatorTools } from '../ports/operator-tools.ts';
import type { OutboxStore } from '../ports/outbox.ts';
import { startBotApiServer, type BotApiServer } from '../sim/telegram/server.ts';
import { lookUpName } from './names.ts';

/** The person at the demo's chat page: its only operator. */
export const DEMO_OPERATOR = 1_000_001;

export interface TelegramAccess {
  readonly token: string;
  readonly apiRoot: string;
  readonly operators: readonly number[];
  readonly viewers: readonly number[];
  /** The embedded server of the demo; null when a real one is used. */
  readonly server: BotApiServer | null;
}

/**
 * The configured bot, or in demo without a token an embedded Bot API server with one operator. Null: no Telegram at
 * all.
 */
export const openTelegramAccess = async (config: Config, clock: Clock): Promise<TelegramAccess | null> => {
  const token = config.secrets.telegramBotToken;
  const { operators, viewers, apiRoot } = config.telegram;
  if (token !== null) return { token, apiRoot, operators, viewers, server: null };
  if (config.mode !== 'demo') return null;
  const embedded = `${randomInt(100_000_000, 999_999_999)}:demo${'x'.repeat(30)}`;
  const server = await startBotApiServer({ token: embedded, wallNow: () => clock.wallNow() });
  server.person.addUser({ id: DEMO_OPERATOR, firstName: 'You' });
  server.person.addPrivateChat(DEMO_OPERATOR);
  return {
    token: embedded,
    apiRoot: server.url,
    operators: operators.length > 0 ? operators : [DEMO_OPERATOR],
    viewers,
    server,
  };
};

export interface TelegramSide {
  readonly bot: TelegramBot;
  readonly outbox: OutboxRunner;
}

/** What must not appear in any message beside the bot's own token. */
export const otherSecrets = ({ secrets }: Config): readonly string[] =>
  [
    secrets.exchangeApiKey,
    secrets.exchangeApiSecret,
    secrets.alertWebhookUrl,
    secrets.heartbeatUrl,
    secrets.dashboardToken,
  ].filter((secret) => secret !== null);

/** Bot and outbox; starts neither. */
export const createTelegramSide = (options: {
  readonly config: Config;
  readonly access: TelegramAccess;
  readonly service: OperatorService;
  readonly tools: OperatorTools;
  readonly settings: AlertSettings;
  readonly outboxStore: OutboxStore;
  readonly memory: ChatMemory;
  readonly pictures: PictureRenderer | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly hook: AlarmHook | null;
  /** Whether a silence of before this start still keeps entries back. */
  readonly silentBefore: boolean;
  readonly onSilence: (silent: boolean) => void;
}): TelegramSide => {
  const { config, access, service, outboxStore, clock, log } = options;
  const approvals = config.unlockApprovals === 2 ? 2 : 1;
  const bot = createTelegramBot({
    token: access.token,
    apiRoot: access.apiRoot,
    lookUp: lookUpName,
    operators: access.operators,
    viewers: access.viewers,
    chats: config.telegram.chats.map(({ chatId, topicId }) => ({ chatId, threadId: topicId })),
    commands: createCommandSet({ service, tools: options.tools, timeZone: config.timeZone }),
    service,
    report: (alert: Alert) => {
      outboxStore.add(alert, clock.wallNow());
      outbox.wake();
    },
    memory: options.memory,
    clock,
    log,
    pictures: options.pictures,
    unlockTotpSecret: config.secrets.unlockTotpSecret,
    unlockApprovals: approvals,
    secrets: otherSecrets(config),
    timeZone: config.timeZone,
    onContact: (chatId) => outbox.contact(chatId),
  });
  const chats = [...new Set([...access.operators, ...config.telegram.chats.map((place) => place.chatId)])];
  noteListedChats({ store: outboxStore, memory: options.memory, chats, wallNow: clock.wallNow(), log });
  const outbox = createOutboxRunner({
    store: outboxStore,
    notifier: bot.notifier,
    chats,
    clock,
    log,
    silenceSeconds: config.telegram.silenceSeconds,
    hook: options.hook,
    volume: (alert) => options.settings.volume(alert),
    unreachableSince: () => bot.unreachableSince(),
    hasPolled: () => bot.hasPolled(),
    silentBefore: options.silentBefore,
    onSilence: (silent) => options.onSilence(silent),
  });
  return { bot, outbox };
};
