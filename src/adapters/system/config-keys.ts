/** One configuration key as people see it: in `.env.example`, in `--help` and in messages. */
export interface KeyInfo {
  readonly summary: string;
  /** The value used when the key is absent, as one would write it; '' = none. */
  readonly standard: string;
  /** Never printed, never in the journal, redacted from everything written. */
  readonly secret: boolean;
}

const open = (standard: string, summary: string): KeyInfo => ({ summary, standard, secret: false });
const secret = (summary: string): KeyInfo => ({ summary, standard: '', secret: true });

/** Every key there is. A key that is not here is an error. */
export const CONFIG_KEYS = {
  MODE: open('demo', 'demo, paper, testnet or live'),
  GO_LIVE: open('false', 'true, together with MODE=live, permits real money'),

  EXCHANGE: open('binance', 'the exchange; only binance'),
  EXCHANGE_API_KEY: secret('API key: spot trading permitted, withdrawals not'),
  EXCHANGE_API_SECRET: secret('its secret'),
  EXCHANGE_API_ROOT: open('', 'another origin for every exchange endpoint: a simulator or a proxy'),
  SYMBOLS: open('BTC/USDT,ETH/USDT', 'markets to trade, BASE/USDT, comma separated'),
  FEE_ASSET: open(
    '',
    'third coin in which the account pays fees, e.g. BNB; all of it that the account holds then counts as equity',
  ),

  TELEGRAM_BOT_TOKEN: secret('token from @BotFather'),
  TELEGRAM_API_ROOT: open('https://api.telegram.org', 'a self-hosted Bot API server'),
  TELEGRAM_OPERATORS: open('', 'numeric user ids that may command, comma separated; empty lets nobody in'),
  TELEGRAM_VIEWERS: open('', 'numeric user ids that may look'),
  TELEGRAM_CHATS: open(
    '',
    'groups (-1001234567890) and topics (-1001234567890:42) where commands work beside private chats',
  ),
  TELEGRAM_SILENCE_SECONDS: open('900', 'Telegram unreachable for so long counts as silence'),
  STOP_ENTRIES_WHEN_SILENT: open('', 'whether entries stop in silence; true in live, else false'),
  ALERT_WEBHOOK_URL: secret('called when Telegram is silent'),
  HEARTBEAT_URL: secret('called each minute while engine and Guardian progress'),

  UNLOCK_TOTP_SECRET: secret('base32 secret; with it /unlock asks for a one-time code'),
  UNLOCK_APPROVALS: open('1', 'operators needed for /unlock: 1 or 2'),

  DATABASE_PATH: open('', 'database of this mode; data/<mode>.db'),
  PAPER_DATABASE_PATH: open('data/paper.db', 'evidence of the dry run, read by the audit'),
  TESTNET_DATABASE_PATH: open('data/testnet.db', 'evidence of the testnet week, read by the audit'),
  MODEL_DIR: open('', 'folder of the model; models/demo in demo, else models/btc-eth-1h'),
  ACCEPT_NO_EDGE: open('false', 'true: trade live with a model whose card shows no edge'),

  DASHBOARD_HOST: open('127.0.0.1', 'address of the page; another than loopback needs DASHBOARD_TOKEN'),
  DASHBOARD_PORT: open('8787', 'port of the page; 0 = any free one'),
  DASHBOARD_TOKEN: secret('token that the page asks for'),
  DASHBOARD_NAMES: open(
    '',
    'further names under which the page is reached, as a reverse proxy sends them, e.g. bot.example.org',
  ),

  TIMEZONE: open('UTC', 'zone of times shown and of the daily report, e.g. Europe/Berlin'),
  DAILY_REPORT_AT: open('08:00', 'time of the daily report, HH:MM in TIMEZONE'),
  LOG_LEVEL: open('info', 'debug, info, warn or error'),

  MARKET_DATA_DIR: open('', 'folder of candle files; without it demo generates its own series'),
  DEMO_HOUR_SECONDS: open('2', 'wall seconds that one market hour takes in demo'),
  DEMO_SEED: open('1', 'seed of the generated series'),
  DEMO_FROM: open('', 'first market hour of a demo on MARKET_DATA_DIR, e.g. 2024-08-01'),

  RISK_PER_TRADE: open('0.01', 'most equity that one trade may lose at its stop'),
  STOP_LOSS: open('0.015', 'distance of the stop below the entry'),
  TAKE_PROFIT: open('0.03', "distance of the target above the entry; the model's own"),
  HORIZON_HOURS: open('24', "hours after which a position is closed; the model's own"),
  MAX_LEVERAGE: open('1', 'gross exposure over equity'),
  MAX_GROSS_EXPOSURE: open('0.8', 'all positions and working entries over equity'),
  MAX_SYMBOL_EXPOSURE: open('0.7', 'the same of one symbol'),
  MAX_DAILY_DRAWDOWN: open('0.02', "equity below the UTC day's baseline that locks and flattens"),
  MAX_TOTAL_DRAWDOWN: open('0.1', 'equity below its high-water mark that locks and flattens'),
  MAX_CONSECUTIVE_LOSSES: open('3', 'losing trades in a row that throw the kill-switch'),
  MAX_DATA_AGE_SECONDS: open('300', 'older prices or candles stop entries'),
  MAX_ATR_PERCENTILE: open('0.99', "volatility above this percentile of the trailing year stops a symbol's entries"),
  MIN_BALANCE: open('100', 'least equity in USDT'),
  FLATTEN_ON: open('', 'locks that close positions, too, as the two drawdowns always do, e.g. kill-switch,execution'),
} as const satisfies Readonly<Record<string, KeyInfo>>;

export type ConfigKey = keyof typeof CONFIG_KEYS;

export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS) as readonly ConfigKey[];

export const SECRET_KEY_NAMES = CONFIG_KEY_NAMES.filter((name) => CONFIG_KEYS[name].secret);

export const isConfigKey = (name: string): name is ConfigKey => Object.hasOwn(CONFIG_KEYS, name);

/**
 * Names that can only be meant for us. The process environment is shared with
 * the whole machine, so an unknown name there is an error only when it begins
 * like ours or nearly spells one of ours; in `.env` every unknown name is.
 */
const OUR_NAMES = [
  /^(EXCHANGE|TELEGRAM|UNLOCK|DASHBOARD|DEMO)_/,
  /^(MAX|MIN)_.*(DRAWDOWN|EXPOSURE|LEVERAGE|LOSS|ATR|BALANCE|RISK|POSITION|TRADE|SYMBOL|DAILY|DATA_AGE)/,
  /^(RISK_PER|STOP_LOSS|TAKE_PROFIT|HORIZON_)/,
];

export const looksLikeOurs = (name: string): boolean => OUR_NAMES.some((pattern) => pattern.test(name));
