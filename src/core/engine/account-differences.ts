import { formatDecimal, sub, sum, ZERO, type Decimal } from '../decimal.ts';
import { CAUSES } from '../guardian/lock-changes.ts';
import { quantityOf } from '../ledger/ledger.ts';
import type { EngineState } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * What a reading of the account shows that the ledger does not, and when that is believed.
 *
 * Invariant: comparing changes nothing, and less than the books hold goes before every other difference.
 */

/**
 * Readings in a row that have to show the same difference before anything follows: one may have met a fill under way.
 */
const READINGS_BEFORE_ACTION = 2;

/**
 * Where each reading shows another shortage, because somebody else goes on spending, no two of them ever agree: this
 * many changes in a row count as well.
 */
const CHANGES_BEFORE_ACTION = 5;

export const suspicionOf = (
  { key, kind }: Difference,
  before: EngineState['suspicion'],
): NonNullable<EngineState['suspicion']> => {
  const changes = (before?.changes ?? 0) + (kind === 'shortage' && before !== null && before.key !== key ? 1 : 0);
  return {
    key,
    times: before?.key === key ? before.times + 1 : 1,
    ...(kind === 'shortage' && changes > 0 ? { changes } : {}),
  };
};

/** Whether readings enough have shown the difference for something to follow from it. */
export const isConfirmed = (suspicion: EngineState['suspicion']): boolean =>
  suspicion !== null &&
  (suspicion.times >= READINGS_BEFORE_ACTION || (suspicion.changes ?? 0) >= CHANGES_BEFORE_ACTION);

export type Totals = ReadonlyMap<string, Decimal>;

/** Booked trades that the exchange does not have any more: not a shortage but another account. */
const lostHistory = (turn: Turn, lost: readonly string[]): readonly Missing[] => {
  if (lost.length === 0) return [];
  const what = turn.config.mode === 'testnet' ? 'the sandbox was reset' : 'the exchange has lost booked trades';
  const reason = `${what}: its history no longer holds ${lost.slice(0, 3).join(', ')}`;
  return [{ key: reason, reason }];
};

type Difference =
  | { readonly kind: 'deposit'; readonly key: string; readonly amount: Decimal }
  | { readonly kind: 'fee-coin'; readonly key: string; readonly there: Decimal }
  | { readonly kind: 'shortage'; readonly key: string; readonly reason: string };

/** `key` tells two readings apart; `reason` says what /unlock would accept. */
type Missing = Pick<Extract<Difference, { kind: 'shortage' }>, 'key' | 'reason'>;

const between = (asset: string, there: Decimal, ours: Decimal): string =>
  `${asset}: exchange ${formatDecimal(there)}, ledger ${formatDecimal(ours)}`;

/**
 * Assets of which the exchange has less than the ledger; /unlock accepts all of them. The reason states only the
 * difference: a fill of ours moves both amounts, and the shortage stays the same one.
 */
const shortages = ({ state, config }: Turn, totals: Totals): readonly Missing[] => {
  const { ledger, symbols } = state;
  const ours = Object.values(symbols).map(
    ({ symbol, instrument }) => [instrument.base, quantityOf(ledger, symbol)] as const,
  );
  return [...ours, [config.quoteAsset, ledger.cash ?? ZERO] as const].flatMap(([asset, held]) => {
    const there = totals.get(asset) ?? ZERO;
    return there < held
      ? [
          {
            key: between(asset, there, held),
            reason: `${asset}: the exchange has ${formatDecimal(sub(held, there))} less than the ledger`,
          },
        ]
      : [];
  });
};

export const findDifference = (turn: Turn, totals: Totals, lost: readonly string[]): Difference | null => {
  const { ledger } = turn.state;
  const { quoteAsset, feeAsset } = turn.config;
  const missing = [...lostHistory(turn, lost), ...shortages(turn, totals)];
  if (missing.length > 0)
    return {
      kind: 'shortage',
      key: missing.map(({ key }) => key).join(CAUSES),
      reason: missing.map(({ reason }) => reason).join(CAUSES),
    };
  const cash = ledger.cash ?? ZERO;
  const there = totals.get(quoteAsset) ?? ZERO;
  if (there > cash) return { kind: 'deposit', key: between(quoteAsset, there, cash), amount: sub(there, cash) };
  const coin = feeAsset === null ? ledger.feeCoin : feeCoinsIn(turn, totals, feeAsset);
  return coin === ledger.feeCoin
    ? null
    : { kind: 'fee-coin', key: between(feeAsset ?? '', coin, ledger.feeCoin), there: coin };
};

/**
 * Units at the exchange that pay fees. What the books hold of the same coin as a position (an earlier run traded it) is
 * not among them.
 */
const feeCoinsIn = ({ state }: Turn, totals: Totals, feeAsset: string): Decimal => {
  const total = totals.get(feeAsset) ?? ZERO;
  const held = sum(
    state.symbolList.map(({ symbol, instrument }) =>
      instrument.base === feeAsset ? quantityOf(state.ledger, symbol) : ZERO,
    ),
  );
  return total > held ? sub(total, held) : ZERO;
};
