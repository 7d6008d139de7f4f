import { TAKER_FEE, type Base, type StartHalt, type Surroundings } from './base.ts';
import { ordersOfOurs, otherInstance } from './account.ts';
import { originHalts } from './books.ts';
import { feeCoinGates } from './fee-coin.ts';
import { passGates } from './gates.ts';
import { openPrivateAccount } from './private-account.ts';
import { openPublicExchange } from './public-exchange.ts';
import { realTime } from './real-time.ts';

/**
 * Testnet: orders, balances and prices of the sandbox; the candles before them from the real exchange, because the
 * sandbox keeps few and odd ones.
 */
export const openTestnet = async (base: Base): Promise<Surroundings> => {
  const { config, log, resources } = base;
  const { clock, pacer, closingMargin } = realTime(base);
  const { exchange, identity, ...books } = await openPrivateAccount(base, clock, true);
  const real = await openPublicExchange(config, clock, log, base.time !== null);
  resources.defer(() => real.close());
  const { account, venue, marketData: sandbox } = exchange;
  const orders = await ordersOfOurs(base, account, config.symbols);
  const forgotten: readonly StartHalt[] = originHalts(books, orders);
  const other =
    forgotten.length > 0 ? null : otherInstance(orders, books.database.identity.instanceId, clock.marketNow());
  return {
    ...books,
    clock,
    pacer,
    journal: books.database.journal,
    venue,
    marketData: {
      instruments: sandbox.instruments,
      quotes: sandbox.quotes,
      closedCandles: real.marketData.closedCandles,
    },
    takerFee: Math.max(TAKER_FEE, identity.takerFee ?? 0),
    staleWallGrace: 0,
    closingMargin,
    halts: [
      ...forgotten,
      ...passGates(
        [...(other === null ? [] : [{ code: 'second-instance', text: other }]), ...(await feeCoinGates(base, account))],
        books.state,
      ),
    ],
  };
};
