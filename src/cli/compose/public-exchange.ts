import { createExchange, type ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { lookUpName } from '../names.ts';

/**
 * The real exchange's public data, without a key: nothing is ever ordered there.
 * @param simulated whether a simulated market stands in for it, in tests: then requests need not be spaced
 */
export const openPublicExchange = (
  config: Config,
  clock: Clock,
  log: Log,
  simulated = false,
): Promise<ExchangeHandle> =>
  createExchange({
    credentials: null,
    apiRoot: config.exchange.apiRoot,
    sandbox: false,
    clock,
    log,
    lookUp: lookUpName,
    entryCeiling: () => null,
    ...(simulated ? { requestInterval: 0 } : {}),
  });
