import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { parse } from 'dotenv';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { LIMIT_RULES, type Limits } from '../../core/risk/limits.ts';
import { CONFIG_KEYS, CONFIG_KEY_NAMES } from './config-keys.ts';
import { LIMIT_KEYS } from './config-limits.ts';
import { loadConfig, type LoadedConfig } from './config.ts';
import { UserError } from './user-error.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guardian-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fromEnvironment = (environment: Record<string, string>): LoadedConfig =>
  loadConfig({ environment, envFile: null });

const fromFile = (text: string, mode = 0o600, environment: Record<string, string> = {}): LoadedConfig => {
  const file = join(folder, '.env');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return loadConfig({ environment, envFile: file });
};

const faultsOf = (load: () => unknown): readonly string[] => {
  try {
    load();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message.split('\n');
  }
  throw new Error('the configuration was accepted');
};

const faults = (environment: Record<string, string>): readonly string[] => faultsOf(() => fromEnvironment(environment));

describe('defaults', () => {
  test('nothing set is a demo with the standard limits', () => {
    const { config, warnings, liveRefusals } = loadConfig({ environment: {}, envFile: join(folder, 'absent') });
    expect(config).toMatchObject({
      mode: 'demo',
      goLive: false,
      symbols: ['BTC/USDT', 'ETH/USDT'],
      databasePath: 'data/demo.db',
      modelDir: 'models/demo',
      dashboard: { host: '127.0.0.1', port: 8787, names: [] },
      demo: { hourSeconds: 2, seed: 1, from: null },
      telegram: { operators: [], viewers: [], stopEntriesWhenSilent: false },
    });
    expect(config.limits).toEqual(
      Object.fromEntries(Object.entries(LIMIT_RULES).map(([name, rule]) => [name, rule.standard])),
    );
    expect(warnings).toEqual([]);
    expect(liveRefusals).toEqual([]);
  });

  test('an empty value is the same as none', () => {
    expect(fromEnvironment({ MODE: '', SYMBOLS: ' ', MAX_DAILY_DRAWDOWN: '' }).config).toMatchObject({
      mode: 'demo',
      limits: { maxDailyDrawdown: 0.02 },
    });
  });

  test('each mode has its own database, and silence stops entries in live alone', () => {
    const keys = { EXCHANGE_API_KEY: 'key-key-key', EXCHANGE_API_SECRET: 'secret-secret' };
    expect(fromEnvironment({ MODE: 'paper' }).config.databasePath).toBe('data/paper.db');
    expect(fromEnvironment({ MODE: 'live', ...keys }).config).toMatchObject({
      databasePath: 'data/live.db',
      telegram: { stopEntriesWhenSilent: true },
    });
    expect(
      fromEnvironment({ MODE: 'live', ...keys, STOP_ENTRIES_WHEN_SILENT: 'false' }).config.telegram
        .stopEntriesWhenSilent,
    ).toBe(false);
  });

  test('the configuration is frozen through and through', () => {
    const { config } = fromEnvironment({});
    expect(() => Object.assign(config.limits, { maxDailyDrawdown: 1 })).toThrow(TypeError);
    expect(() => (config.symbols as string[]).push('DOGE/USDT')).toThrow(TypeError);
  });
});

describe('limits', () => {
  test('a looser value is refused with the ceiling', () => {
    expect(faults({ MAX_DAILY_DRAWDOWN: '0.05' })).toEqual([
      'MAX_DAILY_DRAWDOWN=0.05 is looser than the ceiling 0.02; use 0.02 or less',
    ]);
    expect(faults({ MIN_BALANCE: '50' })).toEqual(['MIN_BALANCE=50 is looser than the floor 100; use 100 or more']);
    expect(faults({ MAX_CONSECUTIVE_LOSSES: '4' })).toEqual([
      'MAX_CONSECUTIVE_LOSSES=4 is looser than the ceiling 3; use 3 or less',
    ]);
  });

  test('a percentage is refused with the right spelling', () => {
    expect(faults({ MAX_DAILY_DRAWDOWN: '2%' })).toEqual([
      'MAX_DAILY_DRAWDOWN=2% is not a fraction; for 2 % write 0.02',
    ]);
    expect(faults({ STOP_LOSS: '1.5' })).toEqual(['STOP_LOSS=1.5 is not a fraction; for 1.5 % write 0.015']);
    expect(faults({ MAX_ATR_PERCENTILE: '99' })).toEqual([
      'MAX_ATR_PERCENTILE=99 is not a fraction; for 99 % write 0.99',
    ]);
    expect(faults({ RISK_PER_TRADE: '0,01' })).toEqual(['RISK_PER_TRADE=0,01 is not a number; write 0.01']);
  });

  test('zero, a negative value, an infinity and a word switch nothing off', () => {
    for (const value of ['0', '-1', 'Infinity', 'NaN', 'off', '1e-2', '0x1']) {
      expect(faults({ MAX_DAILY_DRAWDOWN: value })[0], value).toMatch(/^MAX_DAILY_DRAWDOWN=/);
    }
    expect(faults({ MAX_CONSECUTIVE_LOSSES: '2.5' })).toEqual(['MAX_CONSECUTIVE_LOSSES=2.5 is not a whole number']);
  });

  test('whatever is written, an accepted limit is never looser than its ceiling', () => {
    const names = Object.keys(LIMIT_RULES) as (keyof Limits)[];
    const text = fc.oneof(
      fc.double({ noNaN: true }).map(String),
      fc.integer({ min: -10, max: 1_000 }).map(String),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), text, (name, value) => {
        let accepted: number;
        try {
          accepted = fromEnvironment({ [LIMIT_KEYS[name]]: value }).config.limits[name];
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          return;
        }
        const rule = LIMIT_RULES[name];
        expect(rule.safer === 'lower' ? accepted <= rule.ceiling && accepted > 0 : accepted >= rule.ceiling).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('tightening is taken as written', () => {
    expect(fromEnvironment({ MAX_DAILY_DRAWDOWN: '0.01', MIN_BALANCE: '250' }).config.limits).toMatchObject({
      maxDailyDrawdown: 0.01,
      minBalance: 250,
    });
  });
});

describe('unknown keys', () => {
  test('a slip in the environment is named, foreign variables are left alone', () => {
    expect(faults({ MAX_DAILY_DRAWDWON: '0.01' })).toEqual([
      'environment: unknown key MAX_DAILY_DRAWDWON; did you mean MAX_DAILY_DRAWDOWN?',
    ]);
    expect(faults({ TELEGRAM_TOKEN: 'x' })[0]).toBe(
      'environment: unknown key TELEGRAM_TOKEN; did you mean TELEGRAM_BOT_TOKEN?',
    );
    expect(faults({ SYMBOL: 'BTC/USDT' })[0]).toContain('did you mean SYMBOLS?');
    expect(faults({ MAX_DRAWDOWN: '0.5' })[0]).toContain('unknown key MAX_DRAWDOWN');
    expect(faults({ max_daily_drawdown: '0.01' })[0]).toContain('did you mean MAX_DAILY_DRAWDOWN?');
    expect(
      fromEnvironment({
        PATH: '/bin',
        HOME: '/',
        NODE: 'x',
        npm_config_cache: 'y',
        MAX_JOBS: '4',
        TZ: 'UTC',
        NODE_ENV: 'test',
      }).config.mode,
    ).toBe('demo');
  });

  test('in .env every unknown key is an error', () => {
    expect(faultsOf(() => fromFile('MAX_JOBS=4\nFOO=1\n'))).toHaveLength(2);
    expect(faultsOf(() => fromFile('MODEE=live'))[0]).toContain('did you mean MODE?');
  });

  test('a line that would be skipped in silence, and a key set twice, are errors', () => {
    expect(faultsOf(() => fromFile('MODE=paper\nMAX_DAILY_DRAWDOWN 0.01\n'))[0]).toContain('line 2 is not KEY=value');
    expect(faultsOf(() => fromFile('MAX_DAILY_DRAWDOWN=0.01\n\nMAX_DAILY_DRAWDOWN=0.02\n'))[0]).toContain(
      'set on line 1 and again on line 3',
    );
  });

  test('a file that is no text is one fault, not one for each of its lines', () => {
    for (const [text, encoding] of [
      ['\u007fELF\0\n\u0001\n\u0002\n', 'utf8'],
      ['MODE=paper\r\nTIMEZONE=UTC\r\n', 'utf16le'],
    ] as const) {
      const file = join(folder, '.env');
      writeFileSync(file, text, encoding);
      expect(faultsOf(() => loadConfig({ environment: {}, envFile: file }))).toEqual([
        expect.stringMatching(/\.env: is no plain text.* saved as UTF-8$/),
      ]);
    }
  });

  test('a quote that is not closed swallows no later line, limits among them', () => {
    const told = faultsOf(() =>
      fromFile('DASHBOARD_TOKEN="abcdefghijklmnopqrst\nMAX_DAILY_DRAWDOWN=0.01\nTIMEZONE="UTC"\n'),
    );
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('DASHBOARD_TOKEN on line 1 begins with a quote that does not end it');
    expect(told[0]).not.toContain('abcdef');
    expect(faultsOf(() => fromFile("MODE='paper\r\nTIMEZONE=UTC'\r\n"))[0]).toContain('MODE on line 1');
    expect(faultsOf(() => fromFile('MODE="paper"s\n'))[0]).toContain('MODE on line 1');
  });

  test('a value is not cut off at a # in silence', () => {
    expect(faultsOf(() => fromFile('DASHBOARD_TOKEN=correct-horse-battery#staple\n'))).toEqual([
      expect.stringContaining('DASHBOARD_TOKEN on line 1 would end at its #'),
    ]);
    expect(fromFile('DASHBOARD_TOKEN="correct-horse-battery#staple"\n').config.secrets.dashboardToken).toBe(
      'correct-horse-battery#staple',
    );
    expect(fromFile('MAX_DAILY_DRAWDOWN=0.01 # tight, see #12\nMODE=#paper\n').config).toMatchObject({
      mode: 'demo',
      limits: { maxDailyDrawdown: 0.01 },
    });
  });

  test('what ends lines as old programs do is read line by line, too', () => {
    expect(faultsOf(() => fromFile('MODE=paper\rMAX_DAILY_DRAWDOWN=0.01\rMAX_DAILY_DRAWDOWN=0.02\r'))[0]).toContain(
      'set on line 2 and again on line 3',
    );
  });

  test('comments, quotes and export are read as usual', () => {
    const { config } = fromFile('# a comment\nexport MODE="paper" # dry run\n\nSYMBOLS=\'ETH/USDT\'\r\n');
    expect(config).toMatchObject({ mode: 'paper', symbols: ['ETH/USDT'] });
  });
});

describe('values', () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ['MODE', 'prod', 'MODE=prod is not one of demo, paper, testnet, live'],
    ['GO_LIVE', 'yes', 'GO_LIVE=yes is neither true nor false'],
    ['EXCHANGE', 'kraken', 'EXCHANGE=kraken is not one of binance'],
    [
      'EXCHANGE_API_ROOT',
      'http://localhost:1/api/v3',
      'EXCHANGE_API_ROOT=http://localhost:1/api/v3 has more than scheme, host and port; write http://localhost:1',
    ],
    ['SYMBOLS', 'BTC/USDT,btc', 'SYMBOLS=BTC/USDT,btc: "btc" is not a symbol such as BTC/USDT'],
    [
      'SYMBOLS',
      'BTC/EUR',
      'SYMBOLS=BTC/EUR: "BTC/EUR" is not quoted in USDT; every symbol has to be, such as BTC/USDT',
    ],
    ['SYMBOLS', 'BTC/USDT,BTC/USDT', 'SYMBOLS=BTC/USDT,BTC/USDT lists BTC/USDT twice'],
    [
      'TELEGRAM_OPERATORS',
      '@joe',
      'TELEGRAM_OPERATORS=@joe: "@joe" is not a numeric user id, such as 123456789 (user names do not work: they can change hands)',
    ],
    ['TELEGRAM_OPERATORS', '7,07', 'TELEGRAM_OPERATORS=7,07 lists 7 twice, as 7 and as 07'],
    ['TELEGRAM_CHATS', '-100,-0100', 'TELEGRAM_CHATS=-100,-0100 lists -100 twice, as -100 and as -0100'],
    ['TELEGRAM_OPERATORS', '1,,2', 'TELEGRAM_OPERATORS=1,,2 has an empty item; separate items with single commas'],
    [
      'TELEGRAM_CHATS',
      '42',
      'TELEGRAM_CHATS=42: "42" is not a group id such as -1001234567890, nor a topic such as -1001234567890:42',
    ],
    ['FEE_ASSET', 'bnb', 'FEE_ASSET=bnb is not a coin such as BNB'],
    [
      'FLATTEN_ON',
      'kill-switch,operator-halt',
      'FLATTEN_ON=kill-switch,operator-halt: "operator-halt" is not one of kill-switch, daily-drawdown, total-drawdown, minimum-balance, volatility, stale-data, reconciliation, clock-skew, execution, model, model-drift, crash-loop, operators-unreachable, unlisted, start-gate',
    ],
    [
      'UNLOCK_APPROVALS',
      '2',
      'UNLOCK_APPROVALS=2 is more than the 0 in TELEGRAM_OPERATORS; list more operators or use 1',
    ],
    [
      'DATABASE_PATH',
      ':memory:',
      'DATABASE_PATH=:memory: is not the path of a file, such as data/live.db: what is written there would not be kept',
    ],
    [
      'DATABASE_PATH',
      '~/guardian/live.db',
      'DATABASE_PATH=~/guardian/live.db begins with ~, which means nothing here and would make a folder of that name; write the path out',
    ],
    [
      'MODEL_DIR',
      '$HOME/model',
      'MODEL_DIR=$HOME/model holds $HOME, which means nothing here and would make a folder of that name; write the path out',
    ],
    ['DASHBOARD_PORT', '70000', 'DASHBOARD_PORT=70000 is not a whole number from 0 to 65535'],
    [
      'DASHBOARD_NAMES',
      'http://bot.example.org',
      'DASHBOARD_NAMES=http://bot.example.org: "http://bot.example.org" is not a host name such as bot.example.org or bot.example.org:8443',
    ],
    [
      'DASHBOARD_HOST',
      '0.0.0.0',
      'DASHBOARD_HOST=0.0.0.0 is not a loopback address, which needs DASHBOARD_TOKEN; set one or use 127.0.0.1',
    ],
    ['TIMEZONE', 'Mars/Base', 'TIMEZONE=Mars/Base is not a known time zone, such as UTC or Europe/Berlin'],
    ['DAILY_REPORT_AT', '25:00', 'DAILY_REPORT_AT=25:00 is not a time HH:MM from 00:00 to 23:59, such as 08:00'],
    ['LOG_LEVEL', 'silent', 'LOG_LEVEL=silent is not one of debug, info, warn, error'],
    ['DEMO_HOUR_SECONDS', '0', 'DEMO_HOUR_SECONDS=0 is not a number above 0 and at most 3600'],
    [
      'DEMO_FROM',
      '2024-02-31',
      'DEMO_FROM=2024-02-31 is not a day or a full hour in UTC, such as 2024-08-01 or 2024-08-01T12:00Z',
    ],
    [
      'HEARTBEAT_URL',
      'ftp://example.org',
      'HEARTBEAT_URL (value not shown) is not an address that begins with https:// or http://',
    ],
    [
      'UNLOCK_TOTP_SECRET',
      'hunter2',
      'UNLOCK_TOTP_SECRET (value not shown) is not a base32 secret of at least 16 characters (A-Z, 2-7)',
    ],
  ];
  test.each(wrong)('%s=%s', (name, value, line) => {
    expect(faults({ [name]: value })).toEqual([line]);
  });

  test('every fault is told at once', () => {
    expect(faults({ MODE: 'prod', STOP_LOSS: '2', LOG_LEVELS: 'info' })).toHaveLength(3);
  });

  test('lists, topics and the first hour are parsed', () => {
    const { config } = fromEnvironment({
      TELEGRAM_OPERATORS: '1, 2',
      UNLOCK_APPROVALS: '2',
      TELEGRAM_CHATS: '-100:7,-200',
      DEMO_FROM: '2024-08-01T12:00Z',
      MARKET_DATA_DIR: 'x',
    });
    expect(config.telegram.operators).toEqual([1, 2]);
    expect(config.telegram.chats).toEqual([
      { chatId: -100, topicId: 7 },
      { chatId: -200, topicId: null },
    ]);
    expect(config.demo.from).toBe(Date.UTC(2024, 7, 1, 12));
    expect(config.flattenOn).toEqual([]);
    expect([fromEnvironment({}).config.feeAsset, fromEnvironment({ FEE_ASSET: 'BNB' }).config.feeAsset]).toEqual([
      null,
      'BNB',
    ]);
    expect(fromEnvironment({ FLATTEN_ON: 'kill-switch, stale-data' }).config.flattenOn).toEqual([
      'kill-switch',
      'stale-data',
    ]);
  });

  test('combinations that cannot work are refused', () => {
    const keys = { EXCHANGE_API_KEY: 'key-key-key', EXCHANGE_API_SECRET: 'secret-secret' };
    expect(faults({ MODE: 'live' })).toEqual([
      'EXCHANGE_API_KEY is missing; MODE=live needs EXCHANGE_API_KEY and EXCHANGE_API_SECRET',
    ]);
    expect(faults({ MODE: 'testnet' })).toHaveLength(1);
    expect(faults({ EXCHANGE_API_KEY: 'key-key-key' })).toEqual([
      'EXCHANGE_API_SECRET is missing, yet EXCHANGE_API_KEY is set; set both',
    ]);
    expect(faults({ TELEGRAM_BOT_TOKEN: '123456:abcdefghijkl' })[0]).toMatch(/^TELEGRAM_OPERATORS is empty/);
    expect(faults({ MODE: 'live', ...keys, EXCHANGE_API_ROOT: 'http://proxy.example' })[0]).toContain('in the clear');
    for (const root of ['http://127.0.0.1:9', 'http://[::1]:9', 'http://localhost:9'])
      expect(fromEnvironment({ MODE: 'live', ...keys, EXCHANGE_API_ROOT: root }).config.exchange.apiRoot).toBe(root);
    expect(faults({ MODE: 'live', ...keys, EXCHANGE_API_ROOT: 'http://[::2]:9' })[0]).toContain('in the clear');
    expect(faults({ DEMO_FROM: '2024-08-01' })[0]).toContain('needs MARKET_DATA_DIR');
  });
});

test('an exchange that is spoken to in the clear is told of where it does not keep the bot from starting', () => {
  const root = { EXCHANGE_API_ROOT: 'http://proxy.example' };
  const keys = { EXCHANGE_API_KEY: 'key-key-key', EXCHANGE_API_SECRET: 'secret-secret' };
  expect(fromEnvironment({ MODE: 'paper', ...root }).warnings).toEqual([
    'EXCHANGE_API_ROOT=http://proxy.example takes prices in the clear, so that anybody on the way could make them up; use https:// or a loopback address',
  ]);
  expect(fromEnvironment({ MODE: 'testnet', ...keys, ...root }).warnings[0]).toContain('sends key and orders');
  expect(fromEnvironment({ MODE: 'paper', EXCHANGE_API_ROOT: 'http://127.0.0.1:9' }).warnings).toEqual([]);
  expect(fromEnvironment(root).warnings).toEqual([]);
});

describe('secrets', () => {
  const planted = {
    EXCHANGE_API_KEY: 'planted-api-key',
    EXCHANGE_API_SECRET: 'planted-api-secret',
    TELEGRAM_BOT_TOKEN: '987654321:PlantedPlantedPlanted',
    TELEGRAM_OPERATORS: '1',
    DASHBOARD_TOKEN: 'planted-dashboard-token',
    UNLOCK_TOTP_SECRET: 'JBSWY3DPEHPK3PXP',
  };

  test('are there for those who ask and nowhere else', () => {
    const { config } = fromEnvironment(planted);
    expect(config.secrets.exchangeApiSecret).toBe('planted-api-secret');
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      String(config.secrets),
      JSON.stringify({ ...config.secrets }),
    ].join();
    for (const name of ['planted', 'Planted', 'JBSWY3']) expect(printed).not.toContain(name);
    expect(config.secrets.redactor()('k=planted-api-key s=JBSWY3DPEHPK3PXP')).toBe('k=[redacted] s=[redacted]');
  });

  test('are not in error messages', () => {
    const lines = faults({
      EXCHANGE_API_KEY: 'short me',
      TELEGRAM_BOT_TOKEN: 'planted?token',
      DASHBOARD_TOKEN: 'planted',
    }).join('\n');
    expect(lines).not.toMatch(/planted|short me/);
    expect(lines).toContain('EXCHANGE_API_KEY (value not shown)');
  });

  test('come from systemd credentials too, and two different values are refused', () => {
    const directory = join(folder, 'credentials');
    mkdirSync(directory);
    writeFileSync(join(directory, 'EXCHANGE_API_KEY'), 'credential-key\n');
    writeFileSync(join(directory, 'EXCHANGE_API_SECRET'), 'credential-secret\n');
    const environment = { CREDENTIALS_DIRECTORY: directory };
    expect(fromEnvironment(environment).config.secrets.exchangeApiKey).toBe('credential-key');
    expect(faults({ ...environment, EXCHANGE_API_KEY: 'another-key' })[0]).toContain(
      'EXCHANGE_API_KEY is given with different values',
    );
  });

  test('that are not there are no fault for a command that needs none; wrong ones and everything else still are', () => {
    const load = (environment: Record<string, string>): LoadedConfig =>
      loadConfig({ environment, envFile: null }, { needsSecrets: false });
    expect(load({ MODE: 'live' }).config).toMatchObject({ mode: 'live', databasePath: 'data/live.db' });
    expect(load({ EXCHANGE_API_KEY: 'key-key-key' }).config.mode).toBe('demo');
    expect(load({ EXCHANGE_API_SECRET: 'secret-secret', DASHBOARD_HOST: '0.0.0.0' }).config.dashboard.host).toBe(
      '0.0.0.0',
    );
    expect(faultsOf(() => load({ MODE: 'live', EXCHANGE_API_KEY: 'short' }))[0]).toContain(
      'EXCHANGE_API_KEY (value not shown)',
    );
    expect(faultsOf(() => load({ MODE: 'live', TELEGRAM_BOT_TOKEN: '123456:abcdefghijkl' }))[0]).toMatch(
      /^TELEGRAM_OPERATORS is empty/,
    );
  });

  test('in a readable .env warn in demo and paper, and refuse live', () => {
    const text = 'EXCHANGE_API_KEY=planted-api-key\nEXCHANGE_API_SECRET=planted-api-secret\n';
    expect(fromFile(text, 0o600).warnings).toEqual([]);
    for (const mode of [0o644, 0o640, 0o604]) {
      expect(fromFile(text, mode).warnings[0]).toMatch(/holds secrets and has mode 06\d\d.*chmod 600/);
      expect(fromFile(text, mode, { MODE: 'live' }).liveRefusals).toHaveLength(1);
    }
    expect(fromFile('MODE=paper\n', 0o644).warnings).toEqual([]);
  });

  test('on a way where anybody could read or change what is sent warn in paper, and refuse live', () => {
    const live = {
      MODE: 'live',
      EXCHANGE_API_KEY: 'key-key-key',
      EXCHANGE_API_SECRET: 'secret-secret',
      TELEGRAM_BOT_TOKEN: '123456:abcdefghijkl',
      TELEGRAM_OPERATORS: '1',
    };
    for (const [name, value, words] of [
      ['NODE_TLS_REJECT_UNAUTHORIZED', '0', /^NODE_TLS_REJECT_UNAUTHORIZED=0 .*pass for the exchange.*unset it/],
      [
        'TELEGRAM_API_ROOT',
        'http://bot-api.example:8081',
        /^TELEGRAM_API_ROOT=http:\/\/bot-api\.example:8081 sends token and commands in the clear.*use https:/,
      ],
    ] as const) {
      expect(fromEnvironment({ ...live, [name]: value })).toMatchObject({
        warnings: [],
        liveRefusals: [expect.stringMatching(words)],
      });
      expect(fromEnvironment({ ...live, MODE: 'paper', [name]: value })).toMatchObject({
        warnings: [expect.stringMatching(words)],
        liveRefusals: [],
      });
    }
    for (const fine of ['http://127.0.0.1:8081', 'http://[::1]:8081', 'https://bot-api.example'])
      expect(fromEnvironment({ ...live, TELEGRAM_API_ROOT: fine }).liveRefusals).toEqual([]);
    expect(fromEnvironment({ ...live, NODE_TLS_REJECT_UNAUTHORIZED: '1' }).liveRefusals).toEqual([]);
  });

  test('a proxy in the environment is not used, which is said in every mode with a network, without its address', () => {
    const live = {
      MODE: 'live',
      EXCHANGE_API_KEY: 'key-key-key',
      EXCHANGE_API_SECRET: 'secret-secret',
      TELEGRAM_BOT_TOKEN: '123456:abcdefghijkl',
      TELEGRAM_OPERATORS: '1',
    };
    const proxies = {
      HTTPS_PROXY: 'http://user:password@proxy.example:3128',
      http_proxy: 'http://proxy.example:3128',
      ALL_PROXY: '',
      NO_PROXY: 'localhost',
    };
    const said = [expect.stringMatching(/^HTTPS_PROXY, http_proxy in the environment: not used, .*reached directly/)];
    expect(fromEnvironment({ ...live, ...proxies })).toMatchObject({ warnings: said, liveRefusals: [] });
    expect(fromEnvironment({ ...live, ...proxies, MODE: 'paper' }).warnings).toEqual(said);
    expect(fromEnvironment({ ...live, ...proxies }).warnings.join()).not.toContain('proxy.example');
    expect(fromEnvironment({ ...proxies, MODE: 'demo' }).warnings).toEqual([]);
    expect(fromEnvironment(live).warnings).toEqual([]);
  });

  test('the environment wins over .env for everything else', () => {
    expect(fromFile('MODE=paper\n', 0o600, { MODE: 'demo' }).config.mode).toBe('demo');
  });
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const entries = [...text.matchAll(/^#? ?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
    (match) => [match[1] ?? '', match[2] ?? ''] as const,
  );

  test('documents every key once, in the order of the schema, with its default', () => {
    expect(entries.map(([name]) => name)).toEqual(CONFIG_KEY_NAMES);
    for (const [name, value] of entries)
      expect(value, name).toBe(CONFIG_KEYS[name as keyof typeof CONFIG_KEYS].standard);
  });

  test('every key has a comment before it', () => {
    for (const name of CONFIG_KEY_NAMES) expect(text).toMatch(new RegExp(`^# .+\\n#? ?${name}=`, 'm'));
  });

  test('copied as it is, and with every comment sign before a key removed, it means the defaults', () => {
    const standard = JSON.stringify(fromEnvironment({}).config);
    expect(JSON.stringify(fromFile(text).config)).toBe(standard);
    const allOn = text.replaceAll(/^# ([A-Z][A-Z0-9_]*=)/gm, '$1');
    expect(Object.keys(parse(allOn))).toEqual(CONFIG_KEY_NAMES);
    expect(JSON.stringify(fromFile(allOn).config)).toBe(standard);
  });
});
