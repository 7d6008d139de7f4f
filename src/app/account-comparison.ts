import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import type { Log } from '../ports/log.ts';
import type { Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';
import type { Findings } from './findings.ts';
import type { Reconciler } from './reconciler.ts';

/** Comparisons in a row that may find something to repair before balances are looked at all the same. */
const MOST_REPAIRS = 3;
/** Wall time that one repair gets before the comparison is put off. */
const REPAIR_LIMIT: Milliseconds = 10 * SECOND_MS;

const NOT_ASKED = 'orders and trades could not be compared';

/** The full comparison of the books with the account: orders and trades first, then, with those repaired, balances. */
export interface AccountComparison {
  /** @returns whether the account was compared */
  compare(): Promise<boolean>;
  /** Whether the last one failed for nothing but an order that cannot be looked up. */
  readonly hindered: boolean;
}

export const createAccountComparison = (options: {
  readonly host: EngineHost;
  readonly venue: Pick<Venue, 'balances'>;
  readonly executor: Executor;
  readonly reconciler: Pick<Reconciler, 'everything'>;
  readonly log: Log;
}): AccountComparison => {
  const { host, venue, executor, reconciler, log } = options;
  /** Orders for which alone the last comparison failed. */
  let hindered: readonly string[] = [];

  /**
   * Orders that cannot be looked up and that the books do not hold for open: what they have done is missing in the
   * books, and balances prove nothing.
   */
  const hindrances = ({ lookUps }: Findings): readonly string[] =>
    executor.stuck.filter((id) => {
      const record = host.state.orders[id];
      return (
        record === undefined || (lookUps.includes(id) && record.status !== 'intent' && record.status !== 'unknown')
      );
    });

  /**
   * Repairs until orders and trades agree; or why they could not be compared: the exchange could not be asked, or a
   * repair takes its time.
   */
  const repair = async (): Promise<Findings | string> => {
    hindered = [];
    for (let pass = 0; ; pass += 1) {
      const findings = await reconciler.everything();
      if (!findings.complete) return findings.why === null ? NOT_ASKED : `${NOT_ASKED} (${findings.why})`;
      if (findings.clean && executor.idle && executor.stuck.length === 0) return findings;
      if (!(await executor.settled(REPAIR_LIMIT))) return NOT_ASKED;
      const inTheWay = hindrances(findings);
      if (inTheWay.length > 0) {
        hindered = inTheWay;
        return `${inTheWay.join(', ')} cannot be looked up`;
      }
      // What is stuck is not looked up by asking again.
      if (findings.lookUps.every((id) => executor.stuck.includes(id)) && executor.stuck.length > 0) return findings;
      // Trades that never come to rest: the balances have the last word.
      if (pass + 1 >= MOST_REPAIRS) return findings;
    }
  };

  const compare = async (): Promise<boolean> => {
    if (!executor.idle) return false;
    const findings = await repair();
    if (typeof findings === 'string') {
      log.warn({ why: findings }, 'the account could not be compared');
      host.apply({
        type: 'account',
        balances: null,
        failure: findings,
        foreignOrders: [],
        ...(hindered.length === 0 ? {} : { hindrances: hindered }),
      });
      return false;
    }
    const { orderSequence } = host.state;
    const stuck = executor.stuck.join();
    const read = await venue.balances();
    // What was set going meanwhile, or is done already, has moved the account: this reading would compare two moments.
    if (!executor.idle || host.state.orderSequence !== orderSequence || executor.stuck.join() !== stuck) return false;
    if (!read.ok) log.warn({ code: read.error.code, why: read.error.message }, 'the account could not be read');
    host.apply({
      type: 'account',
      balances: read.ok ? read.value : null,
      failure: read.ok ? null : read.error.message,
      foreignOrders: findings.foreign,
      ...(findings.foreignCount > findings.foreign.length ? { foreignCount: findings.foreignCount } : {}),
      ...(findings.orphans.length === 0 ? {} : { orphanOrders: findings.orphans }),
      ...(findings.unlisted.length === 0 ? {} : { unlisted: findings.unlisted }),
      ...(findings.historyLost.length === 0 ? {} : { historyLost: findings.historyLost }),
      ...(Object.keys(findings.algoOrders).length === 0 ? {} : { algoOrders: findings.algoOrders }),
    });
    return read.ok;
  };

  return {
    compare,
    get hindered() {
      return hindered.length > 0;
    },
  };
};
