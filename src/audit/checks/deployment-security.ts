import { counted, sizeText } from '../../core/words.ts';
import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence, FileFacts } from '../evidence.ts';

/**
 * Bytes that have to be free beside the database. Less would fill up within weeks (20 MB a day of journal, and
 * backups).
 */
export const LEAST_FREE = 1024 ** 3;

/** Deployment security: keys without withdrawal rights, files closed to others, a user of its own, nothing exposed. */
export const deploymentSecurity = (evidence: Evidence): readonly Finding[] => [
  keyRights(evidence),
  connections(evidence),
  envFile(evidence),
  databaseFiles(evidence),
  user(evidence),
  dashboard(evidence),
  otherWays(evidence),
  secondFactor(evidence),
  disk(evidence),
];

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

const keyRights = ({ exchange }: Evidence): Finding => {
  const { rights, accountFault } = exchange;
  if (rights === null)
    return fail('key-rights', `the rights of the key are not known: ${accountFault ?? 'no key is configured'}`);
  if (rights.withdrawals)
    return fail('key-rights', 'the key may withdraw or transfer: make one that may only read and trade spot');
  if (!rights.trading) return fail('key-rights', 'the key may not trade spot');
  if (rights.beyondSpot)
    return warn(
      'key-rights',
      'the key may trade margin, futures or options, too: more could be lost with it than the account holds; spot is all it needs',
    );
  return rights.ipRestricted
    ? pass('key-rights', 'trading only, bound to addresses')
    : warn('key-rights', 'trading only, from any address: bind the key to this host');
};

const connections = ({ config, host }: Evidence): Finding => {
  if (host.anyCertificate)
    return fail(
      'connections',
      'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody on the way pass for the exchange and for Telegram: unset it',
    );
  if (config.telegramInTheClear !== null)
    return fail(
      'connections',
      `TELEGRAM_API_ROOT=${config.telegramInTheClear} sends token and commands in the clear: use https:// or a loopback address`,
    );
  if (config.exchangeInTheClear !== null)
    return fail(
      'connections',
      `EXCHANGE_API_ROOT=${config.exchangeInTheClear} takes prices and sends orders in the clear: use https:// or a loopback address`,
    );
  return pass('connections', 'certificates are checked, and nothing secret goes in the clear');
};

const open = ({ mode }: FileFacts, bits: number): boolean => (mode & bits) !== 0;

const envFile = ({ host }: Evidence): Finding => {
  if (host.envFile === null) return pass('env-file', 'no .env: secrets come from the environment or from credentials');
  const { path, mode } = host.envFile;
  return open(host.envFile, 0o077)
    ? fail('env-file', `${path} has mode ${octal(mode)}, so others can read the secrets: chmod 600 ${path}`)
    : pass('env-file', `${path} has mode ${octal(mode)}`);
};

const databaseFiles = ({ host }: Evidence): Finding => {
  const exposed = host.databases.filter((file) => open(file, 0o007));
  if (exposed.length > 0)
    return fail(
      'database-files',
      `others may read or write ${exposed.map(({ path, mode }) => `${path} (${octal(mode)})`).join(', ')}: chmod o-rwx`,
    );
  const shared = host.databases.filter((file) => open(file, 0o020));
  return shared.length > 0
    ? warn('database-files', `a group may write ${shared.map(({ path }) => path).join(', ')}`)
    : pass('database-files', `${counted(host.databases.length, 'file')}, closed to others`);
};

const user = ({ host }: Evidence): Finding =>
  host.uid === 0
    ? fail('dedicated-user', 'runs as root: use the service, which has a user of its own')
    : pass('dedicated-user', `runs as ${host.user}`);

const dashboard = ({ config }: Evidence): Finding => {
  const loopback =
    config.dashboardHost === 'localhost' ||
    config.dashboardHost === '::1' ||
    /^127(\.\d{1,3}){3}$/.test(config.dashboardHost);
  return loopback
    ? pass('dashboard', `on ${config.dashboardHost} only`)
    : warn('dashboard', `reachable at ${config.dashboardHost}, behind its token: put TLS before it`);
};

const otherWays = ({ config }: Evidence): Finding => {
  const missing = [...(config.webhook ? [] : ['ALERT_WEBHOOK_URL']), ...(config.heartbeat ? [] : ['HEARTBEAT_URL'])];
  return missing.length > 0
    ? warn('other-ways', `${missing.join(' and ')} not set: a silent Telegram or a dead host would go unnoticed`)
    : pass('other-ways', 'a webhook and a heartbeat are set');
};

const secondFactor = ({ config }: Evidence): Finding =>
  config.totp
    ? pass('second-factor', '/unlock asks for a one-time code')
    : warn('second-factor', 'UNLOCK_TOTP_SECRET is not set: a stolen phone could unlock');

const disk = ({ host }: Evidence): Finding => {
  const free = `${sizeText(host.freeBytes)} free`;
  return host.freeBytes < LEAST_FREE
    ? fail('disk', `${free}, at least ${sizeText(LEAST_FREE)}: make room`)
    : pass('disk', free);
};
