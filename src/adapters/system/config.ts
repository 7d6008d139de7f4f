import { CONFIG_KEYS } from './config-keys.ts';
import { exchangeInTheClear, parseConfig, telegramInTheClear, type Config, type ConfigFault } from './config-schema.ts';
import { readConfigSources, type ConfigSources, type RawConfig } from './config-sources.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { UserError } from './user-error.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
  /**
   * Why live must not start, one line each. They are a gate and not an error, because a gate never
   * abandons a position: with one open the bot starts halted instead (PRODUCT section 2).
   */
  readonly liveRefusals: readonly string[];
}

const LONGEST_VALUE_SHOWN = 80;

const faultLine = ({ key, message }: ConfigFault, value: string | undefined): string => {
  if (value === undefined || value.trim() === '') return `${key} ${message}`;
  if (CONFIG_KEYS[key].secret) return `${key} (value not shown) ${message}`;
  const text = value.trim();
  const shown = text.length > LONGEST_VALUE_SHOWN ? `${text.slice(0, LONGEST_VALUE_SHOWN)}...` : text;
  return `${key}=${shown}${message.startsWith(':') ? '' : ' '}${message}`;
};

/**
 * The configuration from `.env`, the environment and systemd credentials. Credentials are there for the service alone:
 * a command that needs no secret has to work without them (`needsSecrets: false`).
 * @throws UserError (exit code 2) whose message has one line for every fault.
 */
export const loadConfig = (
  sources: ConfigSources,
  { needsSecrets = true }: { readonly needsSecrets?: boolean } = {},
): LoadedConfig => {
  const raw = readConfigSources(sources);
  const parsed = parseConfig(raw.values, needsSecrets);
  const lines = [
    ...raw.faults,
    ...(parsed.ok ? [] : parsed.faults.map((fault) => faultLine(fault, raw.values[fault.key]))),
  ];
  if (!parsed.ok || lines.length > 0) throw new UserError(lines.join('\n'), EXIT_CODES.usage);
  const { config } = parsed;
  const open = openings(raw, config, sources.envFile ?? '.env');
  const notes = notesOf(raw, config);
  return config.mode === 'live'
    ? { config, warnings: notes, liveRefusals: open }
    : { config, warnings: [...notes, ...open], liveRefusals: [] };
};

/** What the environment seems to ask for and does not get, one line each. The value of a proxy may hold a password. */
export const notesOf = ({ proxies }: RawConfig, { mode }: Config): readonly string[] =>
  proxies.length === 0 || mode === 'demo'
    ? []
    : [
        `${proxies.join(', ')} in the environment: not used, the exchange and Telegram are reached directly; EXCHANGE_API_ROOT and TELEGRAM_API_ROOT can name a way of your own`,
      ];

/** Ways in which others could get at secrets or command the bot under this configuration, one line each. */
export const openings = (raw: RawConfig, config: Config, envFile: string): readonly string[] => [
  ...(raw.exposedEnvFile === null
    ? []
    : [
        `${envFile} holds secrets and has mode ${raw.exposedEnvFile}, so others can read it; run: chmod 600 ${envFile}`,
      ]),
  ...(raw.anyCertificate
    ? [
        'NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment lets anybody on the way pass for the exchange and for Telegram; unset it (NODE_EXTRA_CA_CERTS adds a certificate authority)',
      ]
    : []),
  ...(telegramInTheClear(config) !== null
    ? [
        `TELEGRAM_API_ROOT=${config.telegram.apiRoot} sends token and commands in the clear, so that anybody on the way could command the bot; use https:// or a loopback address`,
      ]
    : []),
  // Live refuses it outright.
  ...(config.mode !== 'live' && exchangeInTheClear(config) !== null
    ? [
        `EXCHANGE_API_ROOT=${config.exchange.apiRoot} takes prices${config.mode === 'testnet' ? ' and sends key and orders' : ''} in the clear, so that anybody on the way could make them up; use https:// or a loopback address`,
      ]
    : []),
];
