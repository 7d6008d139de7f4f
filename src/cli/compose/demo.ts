import { dirname, join } from 'node:path';
import { createExchange } from '../../adapters/exchange/create-exchange.ts';
import { createSimStore } from '../../adapters/sqlite/sim-store.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { OtherMarket } from '../../sim/exchange/exchange.ts';
import { demoSource, startDemoMarket } from '../demo-market.ts';
import { lookUpName } from '../names.ts';
import { TAKER_FEE, type Base, type Surroundings } from './base.ts';
import { openBooks, originHalts } from './books.ts';
import { entryCeiling } from './entry-ceiling.ts';
import { ordersOfOurs } from './account.ts';

/** A demo price may be this old in wall time (PRODUCT section 2). */
const STALE_GRACE = 2_000;

/** Demo: the exchange simulator inside this process, reached over HTTP alone. */
export const openDemo = async (base: Base): Promise<Surroundings> => {
  const { config, log, wall, resources } = base;
  const source = demoSource(config);
  const books = openBooks(base, `demo: ${source.name}`);
  const storePath = join(dirname(config.databasePath), 'demo-exchange.db');
  const store = createSimStore(storePath);
  resources.defer(() => store.close());
  const market = await startDemoMarket({ config, source, store, wall, log }).catch((error: unknown) => {
    throw error instanceof OtherMarket
      ? new UserError(
          `${storePath}: ${error.message}: a DATABASE_PATH in another folder, or remove the demo's files from this one`,
        )
      : error;
  });
  resources.defer(() => market.close());
  log.info(
    { exchange: market.simulator.url, control: market.simulator.controlUrl, market: source.name },
    'exchange simulator is up',
  );
  const { clock, pacer } = market.lockstep;
  const { credentials, url } = market.simulator;
  const exchange = await createExchange({
    credentials: { apiKey: credentials.apiKey, secret: credentials.secret },
    apiRoot: url,
    sandbox: false,
    clock,
    log,
    lookUp: lookUpName,
    entryCeiling: entryCeiling(() => books.state, clock),
    requestInterval: 0,
  });
  resources.defer(() => exchange.close());
  return {
    ...books,
    clock,
    pacer,
    journal: books.database.journal,
    venue: exchange.venue,
    marketData: exchange.marketData,
    takerFee: TAKER_FEE,
    staleWallGrace: STALE_GRACE,
    closingMargin: 0,
    halts: originHalts(books, await ordersOfOurs(base, exchange.account, config.symbols)),
    market: { controlUrl: market.simulator.controlUrl, stepsPerHour: market.stepsPerHour, failed: market.failed },
  };
};
