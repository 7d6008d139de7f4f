import { isIP } from 'node:net';

import { z } from 'zod';

import type { LockKind } from '../../core/guardian/lock.ts';
import type { Limits } from '../../core/risk/limits.ts';
import type { EpochMs, SymbolName } from '../../core/units.ts';
import type { ConfigKey } from './config-keys.ts';
import { LIMIT_KEYS, limitKey } from './config-limits.ts';
import {
  chatPlace,
  choice,
  clockTime,
  coinName,
  databasePath,
  flag,
  key,
  listOf,
  lockThatMayFlatten,
  marketHour,
  numberAbove,
  originUrl,
  path,
  secretText,
  siteName,
  symbolName,
  timeZone,
  userId,
  webUrl,
  wholeNumber,
  type ChatPlace,
} from './config-values.ts';
import { Secrets } from './secrets.ts';

export type Mode = 'demo' | 'paper' | 'testnet' | 'live';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The validated configuration, frozen. Everything but `secrets` may be printed and journaled. */
export interface Config {
  readonly mode: Mode;
  readonly goLive: boolean;
  readonly exchange: {
    readonly id: 'binance';
    /** Another origin for every endpoint; null = the exchange's own. */
    readonly apiRoot: string | null;
  };
  readonly symbols: readonly SymbolName[];
  readonly quoteAsset: 'USDT';
  /** The third coin that pays fees; null = fees are paid in base or quote. */
  readonly feeAsset: string | null;
  readonly telegram: {
    readonly apiRoot: string;
    readonly operators: readonly number[];
    readonly viewers: readonly number[];
    readonly chats: readonly ChatPlace[];
    readonly silenceSeconds: number;
    readonly stopEntriesWhenSilent: boolean;
  };
  readonly unlockApprovals: number;
  readonly databasePath: string;
  readonly paperDatabasePath: string;
  readonly testnetDatabasePath: string;
  readonly modelDir: string;
  readonly acceptNoEdge: boolean;
  readonly dashboard: { readonly host: string; readonly port: number; readonly names: readonly string[] };
  readonly timeZone: string;
  /** HH:MM in `timeZone`. */
  readonly dailyReportAt: string;
  readonly logLevel: LogLevel;
  readonly marketDataDir: string | null;
  readonly demo: { readonly hourSeconds: number; readonly seed: number; readonly from: EpochMs | null };
  readonly limits: Limits;
  /** Locks that close positions, beside the two drawdowns. */
  readonly flattenOn: readonly LockKind[];
  readonly secrets: Secrets;
}

const apiKey = secretText(/^[\x21-\x7e]{8,256}$/, 'a key of at least 8 characters without spaces');
const botToken = secretText(/^\d+:[A-Za-z0-9_-]{10,}$/, 'a bot token such as 123456789:AAE...');
const base32 = secretText(/^[A-Za-z2-7]{16,}=*$/, 'a base32 secret of at least 16 characters (A-Z, 2-7)');
const pageToken = secretText(/^[\x21-\x7e]{16,256}$/, 'a token of at least 16 characters without spaces');

const shape = {
  MODE: key<Mode>('demo', choice('demo', 'paper', 'testnet', 'live')),
  GO_LIVE: key(false, flag),
  EXCHANGE: key<'binance'>('binance', choice('binance')),
  EXCHANGE_API_KEY: key(null, apiKey),
  EXCHANGE_API_SECRET: key(null, apiKey),
  EXCHANGE_API_ROOT: key(null, originUrl),
  SYMBOLS: key<readonly string[]>(['BTC/USDT', 'ETH/USDT'], listOf(symbolName, 20)),
  FEE_ASSET: key(null, coinName),
  TELEGRAM_BOT_TOKEN: key(null, botToken),
  TELEGRAM_API_ROOT: key('https://api.telegram.org', originUrl),
  TELEGRAM_OPERATORS: key<readonly number[]>([], listOf(userId, 50)),
  TELEGRAM_VIEWERS: key<readonly number[]>([], listOf(userId, 200)),
  TELEGRAM_CHATS: key<readonly ChatPlace[]>([], listOf(chatPlace, 50)),
  TELEGRAM_SILENCE_SECONDS: key(900, wholeNumber(30, 86_400)),
  STOP_ENTRIES_WHEN_SILENT: key(null, flag),
  ALERT_WEBHOOK_URL: key(null, webUrl),
  HEARTBEAT_URL: key(null, webUrl),
  UNLOCK_TOTP_SECRET: key(null, base32),
  UNLOCK_APPROVALS: key(1, wholeNumber(1, 2)),
  DATABASE_PATH: key(null, databasePath),
  PAPER_DATABASE_PATH: key('data/paper.db', databasePath),
  TESTNET_DATABASE_PATH: key('data/testnet.db', databasePath),
  MODEL_DIR: key(null, path),
  ACCEPT_NO_EDGE: key(false, flag),
  DASHBOARD_HOST: key('127.0.0.1', (text) => hostName(text)),
  DASHBOARD_PORT: key(8787, wholeNumber(0, 65_535)),
  DASHBOARD_TOKEN: key(null, pageToken),
  DASHBOARD_NAMES: key<readonly string[]>([], listOf(siteName, 20)),
  TIMEZONE: key('UTC', timeZone),
  DAILY_REPORT_AT: key('08:00', clockTime),
  LOG_LEVEL: key<LogLevel>('info', choice('debug', 'info', 'warn', 'error')),
  MARKET_DATA_DIR: key(null, path),
  DEMO_HOUR_SECONDS: key(2, numberAbove(0, 3_600)),
  DEMO_SEED: key(1, wholeNumber(0, 4_294_967_295)),
  DEMO_FROM: key(null, marketHour),
  RISK_PER_TRADE: limitKey('riskPerTrade'),
  STOP_LOSS: limitKey('stopLoss'),
  TAKE_PROFIT: limitKey('takeProfit'),
  HORIZON_HOURS: limitKey('horizonHours'),
  MAX_LEVERAGE: limitKey('maxLeverage'),
  MAX_GROSS_EXPOSURE: limitKey('maxGrossExposure'),
  MAX_SYMBOL_EXPOSURE: limitKey('maxSymbolExposure'),
  MAX_DAILY_DRAWDOWN: limitKey('maxDailyDrawdown'),
  MAX_TOTAL_DRAWDOWN: limitKey('maxTotalDrawdown'),
  MAX_CONSECUTIVE_LOSSES: limitKey('maxConsecutiveLosses'),
  MAX_DATA_AGE_SECONDS: limitKey('maxDataAgeSeconds'),
  MAX_ATR_PERCENTILE: limitKey('maxAtrPercentile'),
  MIN_BALANCE: limitKey('minBalance'),
  FLATTEN_ON: key<readonly LockKind[]>([], listOf(lockThatMayFlatten, 20)),
} satisfies Readonly<Record<ConfigKey, z.ZodType<unknown, string | undefined>>>;

function hostName(text: string): { ok: true; value: string } | { ok: false; fault: string } {
  const fine = isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$/i.test(text);
  return fine ? { ok: true, value: text } : { ok: false, fault: 'is not an address or host name, such as 127.0.0.1' };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Whether others can read, and change, what is sent to this origin. */
const isInTheClear = (origin: string): boolean => {
  const { protocol, hostname } = new URL(origin);
  // An address has an IPv6 host in brackets.
  return protocol !== 'https:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
};

/** Address of the Bot API when token and commands go there in the clear; null when they do not. */
export const telegramInTheClear = ({ secrets, telegram }: Config): string | null =>
  secrets.telegramBotToken !== null && isInTheClear(telegram.apiRoot) ? telegram.apiRoot : null;

/** The same of the exchange's. The demo has an exchange of its own. */
export const exchangeInTheClear = ({ mode, exchange }: Config): string | null =>
  mode !== 'demo' && exchange.apiRoot !== null && isInTheClear(exchange.apiRoot) ? exchange.apiRoot : null;

const settings = z.object(shape);
type Settings = z.output<typeof settings>;

/** A wrong value or a wrong combination: `key` names the thing to change. */
export interface ConfigFault {
  readonly key: ConfigKey;
  /** Continues "KEY=value". */
  readonly message: string;
}

/** Secrets that are not there. */
const missingSecrets = (s: Settings): readonly ConfigFault[] => {
  const faults: ConfigFault[] = [];
  const fault = (name: ConfigKey, message: string): void => void faults.push({ key: name, message });
  if (s.EXCHANGE_API_KEY !== null && s.EXCHANGE_API_SECRET === null)
    fault('EXCHANGE_API_SECRET', 'is missing, yet EXCHANGE_API_KEY is set; set both');
  if (s.EXCHANGE_API_SECRET !== null && s.EXCHANGE_API_KEY === null)
    fault('EXCHANGE_API_KEY', 'is missing, yet EXCHANGE_API_SECRET is set; set both');
  if ((s.MODE === 'live' || s.MODE === 'testnet') && s.EXCHANGE_API_KEY === null && s.EXCHANGE_API_SECRET === null) {
    fault('EXCHANGE_API_KEY', `is missing; MODE=${s.MODE} needs EXCHANGE_API_KEY and EXCHANGE_API_SECRET`);
  }
  if (!isLoopback(s.DASHBOARD_HOST) && s.DASHBOARD_TOKEN === null) {
    fault('DASHBOARD_HOST', 'is not a loopback address, which needs DASHBOARD_TOKEN; set one or use 127.0.0.1');
  }
  return faults;
};

/** What no single value shows. */
const crossFaults = (s: Settings): readonly ConfigFault[] => {
  const faults: ConfigFault[] = [];
  const fault = (name: ConfigKey, message: string): void => void faults.push({ key: name, message });
  if (s.EXCHANGE_API_ROOT !== null && s.MODE === 'live' && isInTheClear(s.EXCHANGE_API_ROOT))
    fault('EXCHANGE_API_ROOT', 'would send orders in the clear; use https:// or a loopback address');
  if (s.FEE_ASSET === 'USDT') fault('FEE_ASSET', 'is the quote currency itself; leave it out');
  if (s.FEE_ASSET !== null && s.SYMBOLS.includes(`${s.FEE_ASSET}/USDT`)) {
    fault(
      'FEE_ASSET',
      `is traded by SYMBOLS: the books could not tell fees from a position; leave ${s.FEE_ASSET}/USDT out, or pay fees otherwise`,
    );
  }
  if (s.TELEGRAM_BOT_TOKEN !== null && s.TELEGRAM_OPERATORS.length === 0) {
    fault(
      'TELEGRAM_OPERATORS',
      'is empty, yet TELEGRAM_BOT_TOKEN is set: nobody could command the bot; list your numeric user id',
    );
  }
  if (s.UNLOCK_APPROVALS > Math.max(1, s.TELEGRAM_OPERATORS.length)) {
    fault(
      'UNLOCK_APPROVALS',
      `is more than the ${s.TELEGRAM_OPERATORS.length} in TELEGRAM_OPERATORS; list more operators or use 1`,
    );
  }
  if (s.DEMO_FROM !== null && s.MARKET_DATA_DIR === null) {
    fault('DEMO_FROM', 'needs MARKET_DATA_DIR: the generated series has a beginning of its own');
  }
  return faults;
};

const deepFreeze = <T extends object>(value: T): T => {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
};

const assemble = (s: Settings): Config => {
  const limits = Object.fromEntries(
    Object.entries(LIMIT_KEYS).map(([name, from]) => [name, s[from]]),
  ) as unknown as Limits;
  return deepFreeze<Config>({
    mode: s.MODE,
    goLive: s.GO_LIVE,
    exchange: { id: s.EXCHANGE, apiRoot: s.EXCHANGE_API_ROOT },
    symbols: [...s.SYMBOLS],
    quoteAsset: 'USDT',
    feeAsset: s.FEE_ASSET,
    telegram: {
      apiRoot: s.TELEGRAM_API_ROOT,
      operators: [...s.TELEGRAM_OPERATORS],
      viewers: [...s.TELEGRAM_VIEWERS],
      chats: [...s.TELEGRAM_CHATS],
      silenceSeconds: s.TELEGRAM_SILENCE_SECONDS,
      stopEntriesWhenSilent: s.STOP_ENTRIES_WHEN_SILENT ?? s.MODE === 'live',
    },
    unlockApprovals: s.UNLOCK_APPROVALS,
    databasePath: s.DATABASE_PATH ?? `data/${s.MODE}.db`,
    paperDatabasePath: s.PAPER_DATABASE_PATH,
    testnetDatabasePath: s.TESTNET_DATABASE_PATH,
    modelDir: s.MODEL_DIR ?? (s.MODE === 'demo' ? 'models/demo' : 'models/btc-eth-1h'),
    acceptNoEdge: s.ACCEPT_NO_EDGE,
    dashboard: { host: s.DASHBOARD_HOST, port: s.DASHBOARD_PORT, names: s.DASHBOARD_NAMES },
    timeZone: s.TIMEZONE,
    dailyReportAt: s.DAILY_REPORT_AT,
    logLevel: s.LOG_LEVEL,
    marketDataDir: s.MARKET_DATA_DIR,
    demo: { hourSeconds: s.DEMO_HOUR_SECONDS, seed: s.DEMO_SEED, from: s.DEMO_FROM },
    limits,
    flattenOn: [...s.FLATTEN_ON],
    secrets: new Secrets({
      exchangeApiKey: s.EXCHANGE_API_KEY,
      exchangeApiSecret: s.EXCHANGE_API_SECRET,
      telegramBotToken: s.TELEGRAM_BOT_TOKEN,
      alertWebhookUrl: s.ALERT_WEBHOOK_URL,
      heartbeatUrl: s.HEARTBEAT_URL,
      unlockTotpSecret: s.UNLOCK_TOTP_SECRET,
      dashboardToken: s.DASHBOARD_TOKEN,
    }),
  });
};

/**
 * Validates raw values. Every fault is reported, not the first alone; combinations are judged once single values are
 * right. Without `needsSecrets`, secrets that are not there are no fault.
 */
export const parseConfig = (
  values: Readonly<Partial<Record<ConfigKey, string>>>,
  needsSecrets = true,
): { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly faults: readonly ConfigFault[] } => {
  const parsed = settings.safeParse(values);
  if (!parsed.success) {
    return {
      ok: false,
      faults: parsed.error.issues.map((issue) => ({ key: String(issue.path[0]) as ConfigKey, message: issue.message })),
    };
  }
  const faults = [...(needsSecrets ? missingSecrets(parsed.data) : []), ...crossFaults(parsed.data)];
  return faults.length > 0 ? { ok: false, faults } : { ok: true, config: assemble(parsed.data) };
};
