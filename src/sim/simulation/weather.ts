import type { EpochMs } from '../../core/units.ts';
import type { FaultRequest, Faults } from '../exchange/faults/registry.ts';
import type { OtherFault, PlannedFault } from './fault-plan.ts';
import type { Trace } from './trace.ts';

/** What is read every minute. */
export type ReadKind = 'quotes' | 'klines' | 'openOrders';
const NONE: ReadonlySet<ReadKind> = new Set();
const ALL: readonly ReadKind[] = ['quotes', 'klines', 'openOrders'];
const READS_OF: Readonly<Record<string, readonly ReadKind[]>> = {
  maintenance: ALL,
  '418': ALL,
  '429': ALL,
  skew: ['openOrders'],
  'stale-prices': ['quotes'],
  'missing-candles': ['klines'],
  'stale-candles': ['klines'],
};
/** The reads that a fault may strike. */
const readsOf = ({ name, endpoint }: FaultRequest): readonly ReadKind[] =>
  endpoint === undefined ? (READS_OF[name] ?? []) : ALL.filter((read) => read === endpoint);

/** The faults of one history, as they come and go. */
export interface Weather {
  /** Begins and ends what is due. @returns whether a fault of the exchange or the network is in force */
  pass(now: EpochMs): boolean;
  /** Whether a fault of the exchange may concern this kind of read. */
  concerns(read: ReadKind): boolean;
  /** The fault outside of the exchange that is in force there; null = none. */
  active(where: OtherFault['where']): OtherFault | null;
  /** Ends every fault, for good. */
  calm(): void;
}

/**
 * @param options `planned`: by the moment at which they begin; `onOther`: told when one outside of the exchange begins
 */
export const createWeather = (options: {
  readonly faults: Faults;
  readonly planned: readonly PlannedFault[];
  readonly trace: Trace;
  readonly onOther: (fault: OtherFault) => void;
}): Weather => {
  const { faults, trace } = options;
  const waiting = [...options.planned].reverse();
  let inForce: { readonly planned: PlannedFault; readonly id: number | null }[] = [];
  /** What the exchange's faults concern, as of the revision of their list that was looked at last. */
  let concerned: ReadonlySet<ReadKind> = NONE;
  let anySet = false;
  let lookedAt = faults.revision;

  const begin = (planned: PlannedFault, now: EpochMs): void => {
    const { fault } = planned;
    if (fault.where === 'exchange') {
      trace.note(now, `fault ${fault.request.name}`);
      inForce.push({ planned, id: faults.add(fault.request) });
      return;
    }
    trace.note(now, `fault ${fault.where} ${fault.name}`);
    inForce.push({ planned, id: null });
    options.onOther(fault);
  };
  const end = (now: EpochMs): void => {
    for (const { planned, id } of inForce) if (planned.to <= now && id !== null) faults.remove(id);
    inForce = inForce.filter(({ planned }) => planned.to > now);
  };

  return {
    pass: (now) => {
      for (let next = waiting.at(-1); next !== undefined && next.from <= now; next = waiting.at(-1)) {
        waiting.pop();
        begin(next, now);
      }
      if (inForce.length > 0) end(now);
      if (lookedAt !== faults.revision) {
        lookedAt = faults.revision;
        const set = faults.list();
        anySet = set.length > 0;
        concerned = anySet ? new Set(set.flatMap(({ request }) => readsOf(request))) : NONE;
      }
      return inForce.length > 0 && (anySet || inForce.some(({ planned }) => planned.fault.where === 'network'));
    },
    concerns: (read) => concerned.has(read),
    active: (where) => {
      for (const { planned } of inForce) if (planned.fault.where === where) return planned.fault;
      return null;
    },
    calm: () => {
      waiting.length = 0;
      faults.remove();
      inForce = [];
      concerned = NONE;
    },
  };
};
