import type { SettlementEvidence } from '../core/engine/input.ts';
import { judgeSettlement } from '../core/engine/settle.ts';
import type { OrderRecord } from '../core/orders/record.ts';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';

/** After this long no further order is asked for: nothing may be answered at all, and the look at the market waits. */
export const LONGEST_LOOK: Milliseconds = 10 * SECOND_MS;

export interface StatedOrdersOptions {
  readonly host: EngineHost;
  readonly venue: Pick<Venue, 'lookUp'>;
  readonly executor: Pick<Executor, 'stuck' | 'forget'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What the exchange shows beside an order, or why it could not be read. */
  readonly evidence: (reference: OrderReference) => Promise<SettlementEvidence | string>;
}

/**
 * Settles orders that have ended and state how much they have bought or sold, while the exchange's list of their trades
 * cannot be read. Without its fills an entry is no position in the books and gets no stop, and what a stop has left
 * over gets no other one. So after a minute of failed look-ups such an order is settled by its own statement, if the
 * balances bear it out; otherwise it waits for its trades or for an operator, like any other.
 * @returns a function that looks at such orders, as many as its time allows, and begins the next time with those it did
 * not reach; resolves to whether one was settled
 */
export const createStatedOrders = ({
  host,
  venue,
  executor,
  clock,
  log,
  evidence,
}: StatedOrdersOptions): (() => Promise<boolean>) => {
  const waiting = (): readonly OrderRecord[] =>
    executor.stuck.flatMap((id) => host.state.orders[id] ?? []).filter(({ status }) => status === 'unknown');

  const settle = async ({ draft: { symbol, clientOrderId } }: OrderRecord): Promise<boolean> => {
    const found = await venue.lookUp({ symbol, clientOrderId });
    if (found.kind !== 'unknown' || found.stated === undefined) return false;
    const shown = await evidence({ symbol, clientOrderId });
    const why =
      typeof shown === 'string'
        ? shown
        : decide(clientOrderId, {
            ...shown,
            stated: found.stated,
            ...(found.statedQuote === undefined ? {} : { statedQuote: found.statedQuote }),
          });
    if (why !== null)
      log.warn(
        { symbol, clientOrderId, stated: found.stated, why },
        'an order states what it has executed, its trades cannot be read, and it is not settled by that',
      );
    return why === null;
  };

  /** Settles it, or says why not. */
  const decide = (clientOrderId: string, seen: SettlementEvidence): string | null => {
    const claim = { clientOrderId, claim: 'filled', price: null, evidence: seen } as const;
    const judged = judgeSettlement(host.state, clock.wallNow() + host.state.wallShift, claim);
    if (!judged.ok) return judged.text;
    host.apply({
      type: 'command',
      commandId: `stated-${clientOrderId}`,
      by: 'the order’s own statement',
      command: { name: 'settle', ...claim },
    });
    executor.forget(clientOrderId);
    return null;
  };

  /** The order that was asked for last. */
  let newest = '';

  return async () => {
    const until = clock.monotonicNow() + LONGEST_LOOK;
    const line = waiting();
    const from = line.findIndex(({ draft }) => draft.clientOrderId === newest) + 1;
    let any = false;
    for (const record of [...line.slice(from), ...line.slice(0, from)]) {
      newest = record.draft.clientOrderId;
      any = (await settle(record)) || any;
      if (clock.monotonicNow() >= until) break;
    }
    return any;
  };
};
