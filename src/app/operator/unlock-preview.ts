import { formatDecimal, min, sub, toNumber, ZERO } from '../../core/decimal.ts';
import { believedPrice, disbelieved, markEquity } from '../../core/engine/marking.ts';
import { newLossPermitted, unlockRefusal } from '../../core/engine/on-command.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { nothingToLose, percent } from '../../core/guardian/equity-locks.ts';
import { LOCKS, type Lock, type LockKind } from '../../core/guardian/lock.ts';
import { isHeld } from '../../core/guardian/state.ts';
import { quantityOf } from '../../core/ledger/ledger.ts';
import type { EpochMs } from '../../core/units.ts';
import { amountText, money } from '../../core/words.ts';
import type { LockView, UnlockPreview, UnlockShown } from '../../ports/operator.ts';
import { lockView, type Now } from './views.ts';

/** Kinds of the locks that /unlock would clear. */
type Clearing = ReadonlySet<LockKind>;

const orUnknown = (value: number | null): string => (value === null ? 'unknown' : money(value));

/** Once what is missing has been booked. */
interface Left {
  /** At the last prices. */
  readonly equity: number | null;
  /** Value to which baselines move. */
  readonly baseline: number | null;
}

/** What can have moved by the time of the button: the command carries it. */
const shownOf = (
  { guardian: { lossStreak, drift } }: EngineState,
  locks: readonly LockView[],
  { equity, baseline }: Left,
  shownAt: EpochMs,
): UnlockShown => ({
  shownAt,
  serials: Object.fromEntries(locks.map(({ id, serial }) => [id, serial])),
  ...(equity === null ? {} : { shownEquity: equity }),
  ...(baseline === null ? {} : { shownBaseline: baseline }),
  shownLossAt: lossStreak.at(-1)?.closedAt ?? null,
  shownLosses: lossStreak.length,
  shownDrift: drift?.value ?? null,
});

/** `booked`: what the baselines move by, at believed prices; `worth`: what equity falls by, at the last ones. */
interface Missing {
  readonly what: string;
  readonly booked: number;
  readonly worth: number;
}

const total = (missing: readonly Missing[], of: 'booked' | 'worth'): number =>
  missing.reduce((sum, one) => sum + one[of], 0);

/** What the exchange has less of: accepted, it is booked as withdrawn. */
const missingOf = ({ ledger, cashAtExchange, symbolList, config }: EngineState): readonly Missing[] => {
  const cash = ledger.cash === null || cashAtExchange === null ? ZERO : sub(ledger.cash, cashAtExchange);
  const coins = symbolList.map((symbol) => {
    const held = quantityOf(ledger, symbol.symbol);
    // No more than the books hold can leave them, as where a sale is booked that the newest reading knows nothing of.
    const units = symbol.atExchange === null ? ZERO : min(held, sub(held, symbol.atExchange));
    const booked = toNumber(units) * toNumber(believedPrice(symbol) ?? ZERO);
    return {
      what: `${formatDecimal(units)} ${symbol.instrument.base} (about ${money(booked)} ${symbol.instrument.quote})`,
      units,
      booked,
      worth: toNumber(units) * symbol.last,
    };
  });
  return [
    ...(cash > ZERO
      ? [{ what: `${amountText(cash)} ${config?.quoteAsset ?? ''}`, booked: toNumber(cash), worth: toNumber(cash) }]
      : []),
    ...coins.filter(({ units }) => units > ZERO),
  ];
};

/**
 * What was lost of a larger sum is a larger part of what is left: accepting a withdrawal can trip what watches equity,
 * and close positions.
 */
const tripsOf = (
  { config, guardian }: EngineState,
  equity: number,
  booked: number,
  clearing: Clearing,
): readonly string[] => {
  if (config === null) return [];
  const { limits, lockPolicies } = config;
  const falls = [
    ['daily-drawdown', guardian.dayBaseline, limits.maxDailyDrawdown],
    ['total-drawdown', guardian.highWaterMark, limits.maxTotalDrawdown],
  ] as const;
  const trips = falls.flatMap(([kind, mark, limit]) => {
    if (
      mark === null ||
      clearing.has(kind) ||
      isHeld(guardian, kind) ||
      equity > (mark - booked) * (1 - limit) ||
      nothingToLose(mark - booked, equity)
    )
      return [];
    return [
      `then ${money(equity)} is ${percent(1 - equity / (mark - booked))} below ${money(mark - booked)} (limit ${percent(limit)}): ${LOCKS[kind].title} locks, and positions are closed at market`,
    ];
  });
  const least =
    equity < limits.minBalance && !isHeld(guardian, 'minimum-balance')
      ? [
          `then ${money(equity)} is below ${money(limits.minBalance)}: ${LOCKS['minimum-balance'].title} locks${lockPolicies?.['minimum-balance'] === 'flatten' ? ', and positions are closed at market' : ''}`,
        ]
      : [];
  return [...trips, ...least];
};

/** What is left of equity by then. */
const leftWithout = (state: EngineState, missing: readonly Missing[], { market, wall }: Now): Left => {
  const { value } = markEquity(state, market, wall);
  if (value === null) return { equity: null, baseline: null };
  // What leaves takes with it the part of its worth that nobody believes.
  return { equity: value - total(missing, 'worth'), baseline: value - total(missing, 'booked') - disbelieved(state) };
};

/** With the values before and after. */
const movesOf = (
  state: EngineState,
  missing: readonly Missing[],
  { equity: left, baseline: equity }: Left,
  clearing: Clearing,
): readonly string[] => {
  const { dayBaseline, highWaterMark, lossStreak, drift, acceptedDrift } = state.guardian;
  const booked = total(missing, 'booked');
  return [
    ...missing.map(({ what }) => `${what} out of the books as withdrawn: no loss, the baselines move with it`),
    ...(left === null || missing.length === 0 ? [] : tripsOf(state, left, booked, clearing)),
    ...(equity !== null && clearing.has('daily-drawdown')
      ? [`day baseline ${orUnknown(dayBaseline)} -> ${money(equity)}`]
      : []),
    ...(equity !== null && clearing.has('total-drawdown')
      ? [`high-water mark ${orUnknown(highWaterMark)} -> ${money(equity)}`]
      : []),
    ...(clearing.has('kill-switch') ? [`loss streak ${lossStreak.length} -> 0`] : []),
    // What it is by now, which may be more than it locked at.
    ...(drift !== null && clearing.has('model-drift')
      ? [`accepted drift ${acceptedDrift === null ? 'none' : acceptedDrift.toFixed(2)} -> ${drift.value.toFixed(2)}`]
      : []),
  ];
};

/**
 * What /unlock would do, before it is confirmed. Nothing is shown as cleared or moved that the engine would refuse now,
 * and what the engine does beside the lock itself is shown with it.
 */
export const unlockPreview = (state: EngineState, now: Now): UnlockPreview => {
  const { config, guardian } = state;
  const judge = (lock: Lock, permitted: number | null, withdrawn: number): string | null =>
    config === null || !lockView(lock, config.lockPolicies).clearedByUnlock
      ? null
      : unlockRefusal(
          { state, config, at: now.market, wall: now.wall },
          lock,
          { newLossPermitted: permitted },
          withdrawn,
        );
  const { reconciliation, ...others } = guardian.locks;
  // The engine clears in the order in which they are shown: first what moves equity, so that the others are judged by
  // what is left.
  const accepted = reconciliation !== undefined && judge(reconciliation, null, 0) === null;
  const missing = accepted ? missingOf(state) : [];
  const withdrawn = total(missing, 'worth');
  const left = leftWithout(state, missing, now);
  const permitted =
    guardian.locks['daily-drawdown'] !== undefined && left.equity !== null && config !== null
      ? newLossPermitted(left.equity, config.limits.maxDailyDrawdown)
      : null;
  const judged = [...(reconciliation === undefined ? [] : [reconciliation]), ...Object.values(others)].map((lock) => {
    const view = lockView(lock, config?.lockPolicies);
    const refusal = judge(lock, permitted, lock === reconciliation ? 0 : withdrawn);
    return { kind: lock.kind, view, refusal, clears: view.clearedByUnlock && refusal === null };
  });
  const cleared = judged.filter(({ clears }) => clears);
  const locks = cleared.map(({ view }) => view);
  const refusals = judged.flatMap(({ view, refusal }) =>
    refusal === null ? [] : [`${view.id}: ${refusal}. ${view.reason}`],
  );
  return {
    shown: shownOf(state, locks, left, now.market),
    locks,
    // Of one that waits for /unlock, and that it cannot clear now, what it waits for besides.
    staying: judged
      .filter(({ clears }) => !clears)
      .map(({ view, refusal }) => (refusal === null ? view : { ...view, clearing: refusal })),
    baselines: movesOf(state, missing, left, new Set(cleared.map(({ kind }) => kind))),
    newLossPermitted: cleared.some(({ kind }) => kind === 'daily-drawdown') ? permitted : null,
    refusals: cleared.length === 0 ? refusals : [],
  };
};
