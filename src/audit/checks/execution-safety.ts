import { counted, utcMinute } from '../../core/words.ts';
import { SECOND_MS } from '../../core/units.ts';
import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { passedDrill, readPhases, uncountedDrill } from './phases.ts';

/** PRODUCT section 3: a position is unprotected for at most this long. */
const UNPROTECTED_LIMIT = 15 * SECOND_MS;

/** Execution safety: does every order end in a known state, approved and protected? */
export const executionSafety = (evidence: Evidence): readonly Finding[] => [
  outcomesKnown(evidence),
  entriesApproved(evidence),
  stopsInTime(evidence),
  positionsProtected(evidence),
  booksAgree(evidence),
  roundTrip(evidence),
];

const outcomesKnown = (evidence: Evidence): Finding => {
  const open = readPhases(evidence).flatMap(({ name, phase }) =>
    phase.record.openOutcomes.map((id) => `${id} (${name})`),
  );
  return open.length === 0
    ? pass('outcomes-known', 'no order with an unknown outcome')
    : fail(
        'outcomes-known',
        `orders with an unknown outcome: ${open.join(', ')}; start that bot and let it resolve them`,
      );
};

const entriesApproved = (evidence: Evidence): Finding => {
  const wrong = readPhases(evidence).filter(({ phase }) => phase.record.unapproved > 0);
  const total = readPhases(evidence).reduce((sum, { phase }) => sum + phase.record.entryOrders, 0);
  if (wrong.length > 0)
    return fail(
      'entries-approved',
      `entries without an approval on record: ${wrong.map(({ name, phase }) => `${name} ${phase.record.unapproved}`).join(', ')}`,
    );
  return total === 0
    ? warn('entries-approved', 'no entry is on the record that was read')
    : pass('entries-approved', `${counted(total, 'entry', 'entries')}, each with its approval recorded before it`);
};

const stopsInTime = (evidence: Evidence): Finding => {
  const seen = readPhases(evidence)
    .map(({ name, phase }) => ({ name, ms: phase.record.longestUnprotected }))
    .filter(({ ms }) => ms !== null);
  if (seen.length === 0) return warn('stops-in-time', 'no filled entry is on the record that was read');
  const text = `longest time from a fill to its stop: ${seen.map(({ name, ms }) => `${name} ${((ms ?? 0) / SECOND_MS).toFixed(1)} s`).join(', ')}`;
  return seen.some(({ ms }) => (ms ?? 0) > UNPROTECTED_LIMIT)
    ? fail('stops-in-time', `${text}; at most ${UNPROTECTED_LIMIT / SECOND_MS} s`)
    : pass('stops-in-time', text);
};

const positionsProtected = (evidence: Evidence): Finding => {
  const bare = readPhases(evidence).flatMap(({ name, phase }) =>
    phase.record.unprotected.map((symbol) => `${symbol} (${name})`),
  );
  return bare.length === 0
    ? pass('positions-protected', 'no position without a stop')
    : fail('positions-protected', `positions without a working stop: ${bare.join(', ')}`);
};

const booksAgree = (evidence: Evidence): Finding => {
  const held = readPhases(evidence).flatMap(({ name, phase }) =>
    phase.record.locks.filter((lock) => lock.startsWith('reconciliation')).map((lock) => `${name}: ${lock}`),
  );
  if (held.length > 0) return fail('books-agree', `ledger and exchange disagree: ${held.join('; ')}`);
  const once = readPhases(evidence).filter(({ phase }) => phase.record.reconciliationLocks > 0);
  return once.length > 0
    ? warn(
        'books-agree',
        `they disagreed once and were reconciled: ${once.map(({ name, phase }) => `${name} ${phase.record.reconciliationLocks} times`).join(', ')}`,
      )
    : pass('books-agree', 'no disagreement of ledger and exchange is on the record that was read');
};

const roundTrip = ({ testnet }: Evidence): Finding => {
  const drill = passedDrill([testnet], 'round-trip');
  return drill === null
    ? fail(
        'round-trip-drill',
        `no round trip was drilled on testnet: run \`guardian drill round-trip\` there${uncountedDrill([testnet], 'round-trip')}`,
      )
    : pass('round-trip-drill', `${utcMinute(drill.at)}: ${drill.text}`);
};
