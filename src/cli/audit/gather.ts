import type { ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import { exchangeInTheClear, telegramInTheClear, type Config } from '../../adapters/system/config-schema.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import type { ConfigFacts, Evidence, HostFacts, ModelFacts } from '../../audit/evidence.ts';
import type { Terms } from '../../audit/phase-record.ts';
import type { Clock } from '../../ports/clock.ts';
import { openModel } from '../compose/model.ts';
import { engineVersion } from '../engine-version.ts';
import { gatherExchangeInTime } from './gather-exchange.ts';
import { gatherHost } from './gather-host.ts';
import { gatherPhase } from './gather-phase.ts';

export interface GatherOptions {
  readonly config: Config;
  readonly clock: Clock;
  /** null = there is none to ask (demo). */
  readonly exchange: ExchangeHandle | null;
  /** Facts of the host; of this one when absent. */
  readonly host?: (config: Config) => HostFacts;
}

const configFacts = (config: Config): ConfigFacts => ({
  mode: config.mode,
  symbols: config.symbols,
  limits: config.limits,
  acceptNoEdge: config.acceptNoEdge,
  operators: config.telegram.operators.length,
  telegramToken: config.secrets.telegramBotToken !== null,
  telegramInTheClear: telegramInTheClear(config),
  exchangeInTheClear: exchangeInTheClear(config),
  webhook: config.secrets.alertWebhookUrl !== null,
  heartbeat: config.secrets.heartbeatUrl !== null,
  totp: config.secrets.unlockTotpSecret !== null,
  dashboardHost: config.dashboard.host,
});

const modelFacts = async (
  config: Config,
): Promise<{ readonly model: ModelFacts | null; readonly modelFault: string | null }> => {
  try {
    const model = await openModel(config);
    const { name, hash, demonstratedEdge } = model.description;
    await model.close();
    return { model: { name, hash, demonstratedEdge }, modelFault: null };
  } catch (error) {
    if (error instanceof UserError) return { model: null, modelFault: error.message };
    throw error;
  }
};

/** Why account and key cannot be asked about in this mode, or null. */
const noKey = (config: Config): string | null => {
  if (config.mode === 'live') return config.secrets.exchangeApiKey === null ? 'EXCHANGE_API_KEY is not set' : null;
  return `MODE=${config.mode} has no key for real money: run the audit with MODE=live and its key before going live`;
};

/** All that the audit judges by. Nothing is written. */
export const gatherEvidence = async ({
  config,
  clock,
  exchange,
  host = gatherHost,
}: GatherOptions): Promise<Evidence> => {
  const { model, modelFault } = await modelFacts(config);
  const terms: Terms = { modelHash: model?.hash ?? null, limits: config.limits };
  const paper = gatherPhase(config.paperDatabasePath, 'paper', terms, true);
  const testnet = gatherPhase(config.testnetDatabasePath, 'testnet', terms, true);
  const own =
    config.databasePath === config.paperDatabasePath
      ? paper
      : config.databasePath === config.testnetDatabasePath
        ? testnet
        : gatherPhase(config.databasePath, null, terms, false);
  const held = own.status === 'read' ? own.record.held : {};
  return {
    at: clock.wallNow(),
    engineVersion: engineVersion(),
    config: configFacts(config),
    model,
    modelFault,
    paper,
    testnet,
    own,
    exchange:
      exchange === null
        ? {
            fault: `MODE=${config.mode} asks no exchange`,
            skew: null,
            account: null,
            rights: null,
            accountFault: noKey(config),
          }
        : await gatherExchangeInTime(exchange, config, clock, held, noKey(config)),
    host: host(config),
  };
};
