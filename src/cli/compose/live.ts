import { judge } from '../../audit/audit.ts';
import type { OrderHead } from '../../adapters/exchange/account-desk.ts';
import type { ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import type { Clock } from '../../ports/clock.ts';
import { gatherEvidence } from '../audit/gather.ts';
import { keepReport } from '../audit/report-files.ts';
import { ordersOfOurs, otherInstance } from './account.ts';
import { TAKER_FEE, type Base, type Books, type Surroundings } from './base.ts';
import { originHalts } from './books.ts';
import { feeCoinGates } from './fee-coin.ts';
import { passGates, type FailedGate } from './gates.ts';
import { openPrivateAccount } from './private-account.ts';
import { realTime } from './real-time.ts';

/** The readiness audit, run now: a report on the disk is never taken for it. */
const auditGates = async (
  { config, host }: Base,
  exchange: ExchangeHandle,
  clock: Clock,
): Promise<readonly FailedGate[]> => {
  try {
    const report = judge(await gatherEvidence({ config, clock, exchange, ...(host === undefined ? {} : { host }) }));
    keepReport(config, report);
    return report.checks
      .filter(({ verdict }) => verdict === 'FAIL')
      .map(({ name, evidence }) => ({ code: `audit: ${name}`, text: evidence }));
  } catch (error) {
    return [
      {
        code: 'audit',
        text: `the readiness audit could not be run: ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
};

const gates = async (
  base: Base,
  books: Books,
  exchange: ExchangeHandle,
  clock: Clock,
  orders: readonly OrderHead[] | null,
  forgotten: boolean,
): Promise<readonly FailedGate[]> => {
  const { config, liveRefusals } = base;
  // A copy has forgotten its newest orders, and is halted anyway.
  const other = forgotten ? null : otherInstance(orders, books.database.identity.instanceId, clock.marketNow());
  return [
    ...(config.goLive ? [] : [{ code: 'go-live', text: 'GO_LIVE is not true: set it once you mean real money' }]),
    ...liveRefusals.map((text) => ({ code: 'configuration', text })),
    ...(other === null ? [] : [{ code: 'second-instance', text: other }]),
    ...(await feeCoinGates(base, exchange.account)),
    ...(await auditGates(base, exchange, clock)),
  ];
};

/** Live: the real exchange and real money, behind every gate. */
export const openLive = async (base: Base): Promise<Surroundings> => {
  const { config } = base;
  const { clock, pacer, closingMargin } = realTime(base);
  const { exchange, identity, ...books } = await openPrivateAccount(base, clock, false);
  const orders = await ordersOfOurs(base, exchange.account, config.symbols);
  const forgotten = originHalts(books, orders);
  return {
    ...books,
    clock,
    pacer,
    journal: books.database.journal,
    venue: exchange.venue,
    marketData: exchange.marketData,
    takerFee: Math.max(TAKER_FEE, identity.takerFee ?? 0),
    staleWallGrace: 0,
    closingMargin,
    halts: [
      ...forgotten,
      ...passGates(await gates(base, books, exchange, clock, orders, forgotten.length > 0), books.state),
    ],
  };
};
