import type { LookupFunction } from 'node:net';

import { autoRetry } from '@grammyjs/auto-retry';
import type { Alert } from '../../core/engine/alert.ts';
import { SECOND_MS, type EpochMs } from '../../core/units.ts';
import type { ChatMemory, ChatTarget, CommandSet, PictureRenderer, Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { AuditEntry, OperatorService } from '../../ports/operator.ts';
import type { Notifier } from '../../ports/outbox.ts';
import { createAccess, createChatNames, createStrangerWatch } from './access.ts';
import { createApiMaker } from './api.ts';
import { createConfirming } from './confirming.ts';
import { createDesk } from './desk.ts';
import { classifyFailure, createRedactor, createRedactingLog, describeError } from './errors.ts';
import { createMenus } from './menu.ts';
import { createTelegramNotifier } from './notifier.ts';
import { createOutbound } from './outbound.ts';
import { createPolling, type NamedTrouble } from './polling.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRequests } from './requests.ts';
import { createSeenUpdates } from './seen-updates.ts';
import { createTotpCheck } from './totp.ts';

export interface TelegramBotOptions {
  readonly token: string;
  /** `https://api.telegram.org`, a self-hosted Bot API server, or the embedded one. */
  readonly apiRoot: string;
  /**
   * How its name is looked up: in one place for the whole process, so that while it hangs the exchange's does not wait.
   */
  readonly lookUp: LookupFunction;
  /** Numeric user ids. Empty lists let nobody in. */
  readonly operators: readonly number[];
  readonly viewers: readonly number[];
  /** Groups and topics in which commands are heard. */
  readonly chats: readonly ChatTarget[];
  readonly commands: CommandSet;
  readonly service: Pick<OperatorService, 'audit'>;
  /** Puts an alert of the process itself (strangers, 409, revoked token) into the outbox. */
  readonly report: (alert: Alert) => void;
  readonly memory: ChatMemory;
  readonly clock: Clock;
  readonly log: Log;
  /** Null = replies go without pictures. */
  readonly pictures: PictureRenderer | null;
  /** Base32; null = /unlock asks for no code. */
  readonly unlockTotpSecret: string | null;
  readonly unlockApprovals: 1 | 2;
  /**
   * Values that must never be seen in a message, log line or error: keys of the exchange, the webhook's address. The
   * token is always among them.
   */
  readonly secrets?: readonly string[];
  /**
   * Told of every listed person's message or press with the chat it came from, under its configured id: that chat is
   * open.
   */
  readonly onContact?: (chatId: number) => void;
  /** IANA name of the operators' zone; UTC when left out. */
  readonly timeZone?: string;
  /** Long poll; 30 when left out. */
  readonly pollTimeoutSeconds?: number;
  /** How long an answer may take, for a poll beyond its own time; 20 when left out. */
  readonly patienceSeconds?: number;
}

export interface TelegramBot {
  /** Starts polling; an outage at this moment is waited out, not thrown. */
  start(): void;
  /** Stops polling, acknowledges what was handled, sends what waits (at most 3 s). */
  stop(): Promise<void>;
  readonly notifier: Notifier;
  /** Wall time since which Telegram has not answered; null while it does. */
  unreachableSince(): EpochMs | null;
  /** Whether a poll has succeeded since the start. */
  hasPolled(): boolean;
}

const MAX_RETRY_DELAY_SECONDS = 90;
const MAX_RETRIES = 3;
const DRAIN_MS = 3 * SECOND_MS;

const troubleAlert = (trouble: NamedTrouble, why: string, at: EpochMs): Alert => ({
  kind: 'security',
  key: `telegram-${trouble}:${at}`,
  title: trouble === 'conflict' ? '🚨 Two bots on one token' : '🚨 The bot token was refused',
  lines: [why],
  commands: [],
  symbol: null,
  at,
});

/** Numeric part of a token: keys what is remembered, so that another bot starts afresh. */
const botIdOf = (token: string): string => /^\d+/.exec(token)?.[0] ?? 'unknown';

/**
 * The bot: long polling, commands, confirmations and alerts over grammY.
 * @throws RangeError when the approvals or the one-time secret cannot work.
 */
export const createTelegramBot = (options: TelegramBotOptions): TelegramBot => {
  const { token, clock, memory, commands } = options;
  if (options.unlockApprovals === 2 && new Set(options.operators).size < 2) {
    throw new RangeError('UNLOCK_APPROVALS=2 needs at least two ids in TELEGRAM_OPERATORS');
  }
  const totpSecrets = options.unlockTotpSecret === null ? [] : [options.unlockTotpSecret];
  const redact = createRedactor([token, ...totpSecrets, ...(options.secrets ?? [])]);
  const log = createRedactingLog(options.log, redact);
  const pollSeconds = options.pollTimeoutSeconds ?? 30;
  const patience = options.patienceSeconds ?? 20;
  const apiRoot = options.apiRoot.replace(/\/+$/, '');
  const apiFor = createApiMaker(token, { apiRoot, lookUp: options.lookUp });
  const patient = apiFor(patience + 10);
  // HttpErrors are retried by the line of the chat: this plug-in would retry them without end.
  patient.config.use(
    autoRetry({ maxRetryAttempts: MAX_RETRIES, maxDelaySeconds: MAX_RETRY_DELAY_SECONDS, rethrowHttpErrors: true }),
  );
  const plain = apiFor(pollSeconds + patience);

  const names = createChatNames(memory);
  const list = { operators: options.operators, viewers: options.viewers, chats: options.chats };
  const access = createAccess(list, names.current);
  const audit = (entry: AuditEntry): void => options.service.audit(entry);
  const strangers = createStrangerWatch(
    memory,
    () => clock.wallNow(),
    (alert, { sender, chatId, text }) => {
      audit({
        at: clock.wallNow(),
        caller: { userId: sender.id, name: sender.name, role: 'stranger', via: 'telegram' },
        chatId,
        command: '',
        arguments: text.slice(0, 500),
        outcome: 'ignored',
      });
      options.report(alert);
    },
  );
  const explain = (error: unknown, command: string): Reply => {
    log.error({ command, why: describeError(error, redact) }, 'command failed');
    return {
      title: 'That did not work',
      blocks: [{ kind: 'text', lines: [`/${command} failed; the reason is in the log. Nothing else was affected.`] }],
    };
  };
  const stopped = new AbortController();
  const shared = { currentChatId: names.current, learnMigration: names.learn, redact, clock, log };
  const outbound = createOutbound({ ...shared, api: patient, pictures: options.pictures });
  const requests = createRequests(clock);
  const totp =
    options.unlockTotpSecret === null ? null : createTotpCheck(options.unlockTotpSecret, memory, () => clock.wallNow());
  const confirming = createConfirming({
    requests,
    outbound,
    totp,
    approvals: options.unlockApprovals,
    operators: access.operators,
    clock,
    report: options.report,
    audit,
    explain,
  });
  const menus = createMenus({
    api: patient,
    commands,
    list,
    memory,
    key: `telegram/${botIdOf(token)}/menus`,
    currentChatId: names.current,
    redact,
    log,
  });

  const probeMigration = (chatId: number): void => {
    if (!options.chats.some((target) => names.current(target.chatId) === chatId)) return;
    plain.sendChatAction(chatId, 'typing').catch((error: unknown) => {
      const failure = classifyFailure(error, redact);
      if (failure.kind === 'migrated')
        for (const target of options.chats)
          if (names.current(target.chatId) === chatId) names.learn(target.chatId, failure.to);
    });
  };

  const namelessUrgent = createRateLimit(1, 1 / 30, () => clock.monotonicNow());
  const namelessOther = createRateLimit(1, 1 / 30, () => clock.monotonicNow());
  const desk = createDesk({
    commands,
    access,
    strangers,
    seen: createSeenUpdates(memory, `telegram/${botIdOf(token)}/seen`),
    rate: createRateLimit(20, 1, () => clock.monotonicNow()),
    namelessRate: (chatId, urgent) => (urgent ? namelessUrgent : namelessOther)(chatId),
    requests,
    confirming,
    outbound,
    clock,
    log,
    audit,
    explain,
    self: () => polling.self(),
    greet: ({ userId }, place) => {
      menus.retry(userId);
      const listed = options.chats.find((target) => names.current(target.chatId) === place.chatId);
      options.onContact?.(listed?.chatId ?? place.chatId);
    },
    probeMigration,
  });

  const polling = createPolling({
    api: plain,
    timeoutSeconds: pollSeconds,
    clock,
    log,
    redact,
    handle: desk.handle,
    onReady: () => {
      menus
        .setAll()
        .catch((error: unknown) => log.warn({ why: describeError(error, redact) }, 'command menus not set'));
    },
    onTrouble: (trouble, why) => options.report(troubleAlert(trouble, why, clock.wallNow())),
  });

  let running: Promise<void> | null = null;
  return {
    start: () => {
      running ??= polling.run(stopped.signal);
    },
    stop: async () => {
      stopped.abort();
      await running;
      await outbound.drain(DRAIN_MS);
    },
    notifier: createTelegramNotifier({
      ...shared,
      api: plain,
      chats: options.chats,
      timeZone: options.timeZone ?? 'UTC',
      patience: patience * SECOND_MS,
      signal: stopped.signal,
    }),
    unreachableSince: polling.unreachableSince,
    hasPolled: polling.hasPolled,
  };
};
