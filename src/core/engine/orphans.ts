import { CAUSES, gatesReason, imposeAnew } from '../guardian/lock-changes.ts';
import { isHeld } from '../guardian/state.ts';
import type { EngineState } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * Orders of another instance of this bot on the account: what they lock, and how an operator lets them go.
 *
 * Invariant: only what was told before is let go.
 */

/**
 * Orders of another instance. Under a start gate, and of new books, they are expected: an earlier database held
 * positions here. Elsewhere a second bot trades on this account, or one did: two take each other's money for their own,
 * so this one stops. Whatever is about to be let go by /unlock is told before.
 */
export const noteOrphans = ({ state, at, changes }: Turn): void => {
  const { guardian, orphans, ledger } = state;
  const [reason] = orphansReason(state);
  if (reason === undefined) return;
  if (ledger.cash !== null && !isHeld(guardian, 'start-gate'))
    return imposeAnew(guardian, changes, {
      kind: 'reconciliation',
      since: at,
      reason,
      limit: 0,
      value: orphans.length,
    });
  const text = `the account has ${counted(orphans)} of an earlier database of this bot (${shown(orphans)})`;
  // Ahead of the others: a message may be cut short.
  guardian.gates = [
    { code: 'orphans', text, clears: 'reconcile' },
    ...guardian.gates.filter(({ code }) => code !== 'orphans'),
  ];
  imposeAnew(guardian, changes, {
    kind: 'start-gate',
    since: at,
    reason: gatesReason(guardian),
    limit: null,
    value: null,
  });
};

/** The lock says everything that /unlock would accept now. */
export const lockOnShortage = ({ state, at, changes }: Turn, reason: string): void => {
  const orphans = isHeld(state.guardian, 'start-gate') ? [] : orphansReason(state);
  imposeAnew(state.guardian, changes, {
    kind: 'reconciliation',
    since: at,
    reason: [reason, ...orphans].join(CAUSES),
    limit: null,
    value: null,
  });
};

/** Why orders of another instance lock; none while there are none. */
const orphansReason = ({ orphans }: EngineState): readonly string[] =>
  orphans.length === 0
    ? []
    : [
        `another instance of this bot has ${counted(orphans)} on the account (${shown(orphans)}): stop that bot, or cancel what it left`,
      ];

const counted = ({ length }: readonly string[]): string => (length === 1 ? 'an order' : `${length} orders`);

const shown = (orphans: readonly string[]): string =>
  [orphans.slice(0, ORPHANS_SHOWN).join(', '), ...andMore(orphans.length, ORPHANS_SHOWN)].join(' ');

/** What a list that is named in part leaves out. */
export const andMore = (count: number, named: number): readonly string[] =>
  count > named ? [`and ${count - named} more`] : [];

/** Orders of another instance that are named, and so may be let go, at a time. */
const ORPHANS_SHOWN = 10;

/** Newest orders of other instances that an operator has let go; older ones are long gone from the exchange. */
const MOST_ACCEPTED = 200;

/**
 * An operator gives up the other instance's orders that the alert named: from now on they are cancelled. Those beyond
 * the alert's list were not seen, so they wait for the next alert: one may be the stop of a bot that runs.
 */
export const acceptOrphans = (state: EngineState): void => {
  const ids = state.orphans.slice(0, ORPHANS_SHOWN).map((orphan) => orphan.slice(orphan.lastIndexOf(' ') + 1));
  state.acceptedOrphans = [...new Set([...state.acceptedOrphans, ...ids])].slice(-MOST_ACCEPTED);
  state.orphans = [];
};
