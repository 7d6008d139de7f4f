import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ExchangeHandle } from '../adapters/exchange/create-exchange.ts';
import { openReadOnly } from '../adapters/sqlite/database.ts';
import { DatabaseRefused } from '../adapters/sqlite/errors.ts';
import { lookAt } from '../adapters/sqlite/inspect.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { freeBytes } from '../adapters/system/disk-space.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { unfitFileSystem } from '../adapters/system/file-system.ts';
import { LEAST_FREE } from '../audit/checks/deployment-security.ts';
import { sizeText } from '../core/words.ts';
import type { Clock } from '../ports/clock.ts';
import { connectForLooking } from './audit/audit.ts';
import { openModel } from './compose/model.ts';
import { diagnoseTelegram, type Diagnosis } from './doctor-telegram.ts';
import { out } from './output.ts';
import { openContext } from './process-context.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';

const good = (name: string, text: string): Diagnosis => ({ name, ok: true, text });
const bad = (name: string, text: string): Diagnosis => ({ name, ok: false, text });
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Clock differences above this stop entries (PRODUCT section 4). */
const SKEW_LIMIT = 1_000;

const wordsOfConfiguration = ({ mode, symbols }: Config): string => `MODE=${mode}, ${symbols.join(', ')}`;

const diagnoseExchange = async (
  exchange: ExchangeHandle,
  config: Config,
  clock: Clock,
): Promise<readonly Diagnosis[]> => {
  const before = clock.wallNow();
  const time = await exchange.venue.serverTime();
  const after = clock.wallNow();
  if (!time.ok)
    return [bad('exchange', `does not answer (${time.error.message}): check the network, DNS and EXCHANGE_API_ROOT`)];
  const skew = Math.round(time.value - (before + after) / 2);
  const instruments = await exchange.marketData.instruments(config.symbols);
  return [
    good('exchange', 'answers'),
    Math.abs(skew) > SKEW_LIMIT
      ? bad(
          'clock',
          `differs from the exchange's by ${skew} ms, at most ${SKEW_LIMIT}: keep time with systemd-timesyncd or chrony`,
        )
      : good('clock', `${skew} ms from the exchange's`),
    instruments.ok ? good('symbols', config.symbols.join(', ')) : bad('symbols', instruments.error.message),
    ...(await diagnoseKey(exchange, config)),
  ];
};

const diagnoseKey = async ({ account }: ExchangeHandle, config: Config): Promise<readonly Diagnosis[]> => {
  if (config.mode !== 'live' && config.mode !== 'testnet') return [];
  const identity = await account.identity();
  if (!identity.ok)
    return [
      bad(
        'key',
        `the exchange refuses it (${identity.error.message}): check key, secret and the addresses it may be used from`,
      ),
    ];
  const trades = identity.value.canTrade
    ? good('account', 'may trade')
    : bad('account', 'may not trade: see its state on the exchange');
  if (config.mode === 'testnet') return [good('key', 'accepted by the sandbox'), trades];
  const rights = await account.keyRights();
  if (!rights.ok) return [bad('key', `its rights could not be read (${rights.error.message})`), trades];
  if (rights.value.withdrawals)
    return [
      bad('key', 'may withdraw or transfer money: delete it and make one that may only read and trade spot'),
      trades,
    ];
  if (!rights.value.trading) return [bad('key', 'may not trade spot: permit it on the exchange'), trades];
  if (rights.value.beyondSpot)
    return [
      good('key', 'may trade margin, futures or options, too: take these rights from it, spot is all it needs'),
      trades,
    ];
  return [
    good(
      'key',
      rights.value.ipRestricted
        ? 'trading only, bound to addresses'
        : 'trading only; bind it to the address of this host',
    ),
    trades,
  ];
};

const diagnoseModel = async (config: Config): Promise<Diagnosis> => {
  try {
    const model = await openModel(config);
    const { name, hash, demonstratedEdge } = model.description;
    await model.close();
    return good('model', `${name} (${hash.slice(0, 12)})${demonstratedEdge ? '' : ', without a demonstrated edge'}`);
  } catch (error) {
    return bad('model', wordsOf(error));
  }
};

const diagnoseFiles = (config: Config): readonly Diagnosis[] => {
  const { databasePath } = config;
  const directory = existsSync(dirname(databasePath)) ? dirname(databasePath) : '.';
  const left = freeBytes(directory);
  const free = `${sizeText(left)} free`;
  return [
    left < LEAST_FREE ? bad('disk', `${free}, at least ${sizeText(LEAST_FREE)}: make room`) : good('disk', free),
    diagnoseDirectory(directory, statfsSync(directory).type),
    diagnoseDatabase(config),
  ];
};

const diagnoseDirectory = (directory: string, type: number): Diagnosis => {
  const unfit = unfitFileSystem(type);
  if (unfit !== null)
    return bad(
      'directory',
      `${directory} is on ${unfit}, where the numbers and locks of an open file may change: the database needs a local file system, such as ext4 or xfs; see DATABASE_PATH`,
    );
  try {
    accessSync(directory, constants.W_OK);
    return good('directory', `${directory} can be written`);
  } catch {
    return bad('directory', `${directory} cannot be written by this user: give it to the bot's user`);
  }
};

const diagnoseDatabase = ({ databasePath, mode }: Config): Diagnosis => {
  try {
    if (lookAt(databasePath) === 'nothing') return good('database', `${databasePath} will be made`);
    const database = openReadOnly(databasePath);
    const found = database.identity.mode;
    database.close();
    return found === mode
      ? good('database', `${databasePath} is sound`)
      : bad('database', `${databasePath} belongs to mode ${found}, not ${mode}: set DATABASE_PATH`);
  } catch (error) {
    // A start migrates it.
    if (error instanceof DatabaseRefused && error.code === 'older-schema')
      return good('database', `${databasePath} is sound; the next start brings it to this version's schema`);
    return bad('database', wordsOf(error));
  }
};

/** `guardian doctor`: one line for each thing, and what to do about it. Exit code 1 when something is wrong. */
export const doctor = async ({
  configuration = false,
}: {
  readonly configuration?: boolean;
} = {}): Promise<ExitCode> => {
  if (configuration) {
    // Looser limits alone do not end a start that has a position to guard, but it is halted: before an upgrade that is
    // a fault.
    out(`ok  ${wordsOfConfiguration(configurationWithoutSecrets())}`);
    return EXIT_CODES.done;
  }
  const { config, liveRefusals, log } = openContext({ logTo: 'stderr' });
  const clock = createSystemClock();
  const exchange = await connectForLooking(config, clock, log);
  try {
    const findings: readonly Diagnosis[] = [
      good('configuration', wordsOfConfiguration(config)),
      ...liveRefusals.map((text) => bad('secrets', text)),
      ...(exchange === null
        ? [good('exchange', 'demo has one of its own')]
        : await diagnoseExchange(exchange, config, clock)),
      ...(await diagnoseTelegram(config)),
      await diagnoseModel(config),
      ...diagnoseFiles(config),
    ];
    const width = Math.max(...findings.map(({ name }) => name.length));
    for (const { name, ok, text } of findings) out(`${ok ? 'ok ' : 'FIX'}  ${name.padEnd(width)}  ${text}`);
    const wrong = findings.filter(({ ok }) => !ok).length;
    out(wrong === 0 ? 'nothing to fix' : `${wrong} to fix`);
    return wrong === 0 ? EXIT_CODES.done : EXIT_CODES.failure;
  } finally {
    await exchange?.close();
  }
};
