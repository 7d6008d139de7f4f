import { createExchange, type ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import type { EngineState } from '../../core/engine/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AccountIdentity } from '../../adapters/exchange/account-desk.ts';
import { lookUpName } from '../names.ts';
import type { Base, Books } from './base.ts';
import { accountName, holdAccount, identify } from './account.ts';
import { openBooks } from './books.ts';
import { entryCeiling } from './entry-ceiling.ts';

export interface PrivateAccount extends Books {
  readonly exchange: ExchangeHandle;
  readonly identity: AccountIdentity;
}

/** Connects with the key, learns whose account it is, holds it on this host and opens its books. */
export const openPrivateAccount = async (base: Base, clock: Clock, sandbox: boolean): Promise<PrivateAccount> => {
  const { config, log, resources } = base;
  const { exchangeApiKey: apiKey, exchangeApiSecret: secret } = config.secrets;
  let state: EngineState | null = null;
  const exchange = await createExchange({
    credentials: apiKey === null || secret === null ? null : { apiKey, secret },
    apiRoot: config.exchange.apiRoot,
    sandbox,
    clock,
    log,
    lookUp: lookUpName,
    entryCeiling: entryCeiling(() => state, clock),
    ...(base.time === null ? {} : { requestInterval: 0 }),
  });
  resources.defer(() => exchange.close());
  const identity = await identify(base, exchange.account);
  const account = accountName(`${config.exchange.id}${sandbox ? '-testnet' : ''}`, identity.uid);
  await holdAccount(base, account);
  const books = openBooks(base, account);
  state = books.state;
  return { ...books, exchange, identity };
};
