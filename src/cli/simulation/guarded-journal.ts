import { formatDecimal } from '../../core/decimal.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import type { JournalStore } from '../../ports/store.ts';
import { ProcessDeath, type CrashPoint } from '../../sim/simulation/crash.ts';
import type { Trace } from '../../sim/simulation/trace.ts';
import type { World } from '../../sim/simulation/world.ts';
import type { Disk } from './disk.ts';

/** The disk is full: nothing of the commit is kept. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

/** Inputs that as a rule have consequences. */
const HEAVY_INPUTS: ReadonlySet<Input['type']> = new Set<Input['type']>([
  'started',
  'prediction',
  'order-report',
  'cancel-failed',
  'account',
  'command',
]);

/** Effects that move money or a limit: a death beside them is the one worth trying. */
const isWeighty = (effects: readonly Effect[]): boolean =>
  effects.some(
    ({ type }) => type === 'place' || type === 'cancel' || type === 'fill' || type === 'lock' || type === 'trade',
  );

/** What a guarded journal is made of. */
interface JournalParts {
  readonly journal: JournalStore;
  readonly disk: Disk;
  readonly world: World;
  readonly trace: Trace;
  /** Whether the process ends here (or has ended); `weighty`: whether it is a place where a death could do harm. */
  readonly dies: (point: CrashPoint, weighty: boolean) => boolean;
  /** Throws when the process is dead. */
  readonly live: () => void;
  /** Whether intents count as written when their commit returns: not so for the mutant that writes late. */
  readonly notesIntents: boolean;
}

/**
 * The journal of one life of the process: deaths at its crash points, a disk that may be full, and a note on the disk
 * of every intent and alert that is safe.
 */
export const guardJournal = ({ journal, disk, world, trace, dies, live, notesIntents }: JournalParts): JournalStore => {
  const clock = world.clock;
  const commit = (
    inputs: readonly Input[],
    apply: (input: Input) => readonly Effect[],
  ): readonly (readonly Effect[])[] => {
    live();
    const heavy = inputs.some(({ type }) => HEAVY_INPUTS.has(type));
    if (dies('commit:before', heavy)) throw new ProcessDeath('before a commit');
    let left = inputs.length;
    const effects = journal.commit(inputs, (input) => {
      const list = apply(input);
      left -= 1;
      if (left > 0) return list;
      if (world.active('disk') !== null) throw new DiskFull('the disk is full');
      if (dies('commit:inside', isWeighty(list))) throw new ProcessDeath('within a commit');
      return list;
    });
    for (const list of effects) {
      for (const effect of list) {
        if (effect.type === 'place' && notesIntents) disk.intents.add(effect.order.draft.clientOrderId);
        else if (effect.type === 'alert') disk.alerts.add(effect.alert.key);
        if (effect.type !== 'alert' && effect.type !== 'equity' && effect.type !== 'decision')
          trace.note(clock.wallNow(), noteOf(effect));
      }
    }
    if (dies('commit:after', effects.some(isWeighty))) throw new ProcessDeath('after a commit');
    return effects;
  };
  return {
    ...journal,
    commit,
    writeSnapshot: (snapshot) => {
      live();
      journal.writeSnapshot(snapshot);
    },
  };
};

const noteOf = (effect: Effect): string => {
  switch (effect.type) {
    case 'place': {
      const { clientOrderId, symbol, purpose, quantity } = effect.order.draft;
      return `place ${clientOrderId} ${symbol} ${purpose} ${formatDecimal(quantity)}`;
    }
    case 'cancel':
      return `cancel ${effect.clientOrderId} ${effect.reason}`;
    case 'order':
      return `order ${effect.clientOrderId} ${effect.status} ${formatDecimal(effect.executed)}`;
    case 'fill':
      return `fill ${effect.clientOrderId} ${effect.tradeId} ${formatDecimal(effect.quantity)} @ ${formatDecimal(effect.price)}`;
    case 'lock':
      return `lock ${effect.change} ${effect.lock.id}`;
    default:
      return effect.type;
  }
};
