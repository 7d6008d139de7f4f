import type { Limits } from '../risk/limits.ts';
import { DAY_MS, utcDayStart, type EpochMs, type Fraction } from '../units.ts';
import { money } from '../words.ts';
import type { Change } from './change.ts';
import type { LockKind } from './lock.ts';
import { isHeld, removeLock, setLock, type GuardianState } from './state.ts';

/** Parts of a drawdown limit that are announced. */
export const DRAWDOWN_STEPS: readonly Fraction[] = [0.5, 0.75, 0.9];

export const percent = (fraction: Fraction, digits = 2): string => `${(fraction * 100).toFixed(digits)} %`;

/**
 * Baselines and the three locks that watch equity. `equity` is null while it
 * is not known: then nothing moves, and nothing clears. `disbelieved`: the part
 * of it that rests on prices which are not believed yet; it counts for the
 * locks, and not for what they are measured from. `leaping`: whether the next
 * reading has to say what of it is believed; a new day's baseline waits for that.
 */
export const evaluateEquity = (
  state: GuardianState,
  at: EpochMs,
  equity: number | null,
  limits: Limits,
  changes: Change[],
  disbelieved = 0,
  leaping = false,
): void => {
  beginDay(state, at);
  if (equity === null) return;
  const mark = equity - disbelieved;
  const highest = moveMarks(state, at, mark, leaping, changes);
  watchDaily(state, at, equity, state.dayBaseline ?? mark, limits, changes);
  watchTotal(state, at, equity, highest, limits, changes);
  if (equity < limits.minBalance && !isHeld(state, 'minimum-balance')) {
    const reason = `equity ${money(equity)} is below the minimum ${money(limits.minBalance)}`;
    push(changes, setLock(state, 'minimum-balance', null, at, reason, limits.minBalance, equity));
  }
};

const beginDay = (state: GuardianState, at: EpochMs): void => {
  if (state.day !== null && at < state.day + DAY_MS) return;
  state.day = utcDayStart(at);
  state.dayBaseline = null;
  state.priorEquity = state.lastEquity?.value ?? null;
};

/** Baselines and the newest equity; returns the high-water mark. */
const moveMarks = (state: GuardianState, at: EpochMs, mark: number, leaping: boolean, changes: Change[]): number => {
  // A baseline that leaves out a leap which the next reading bears out would stay too low for the whole day.
  if (state.dayBaseline === null && !leaping) startDay(state, mark, changes);
  const highest = state.highWaterMark === null || mark > state.highWaterMark ? mark : state.highWaterMark;
  state.highWaterMark = highest;
  if (state.lastEquity === null) state.lastEquity = { value: mark, at };
  else {
    state.lastEquity.value = mark;
    state.lastEquity.at = at;
  }
  return highest;
};

const watchDaily = (state: GuardianState, at: EpochMs, equity: number, baseline: number, limits: Limits, changes: Change[]): void => {
  const limit = limits.maxDailyDrawdown;
  // "Not above" instead of "below": a comparison with something that is no number locks.
  if (!(equity > baseline * (1 - limit))) {
    if (isHeld(state, 'daily-drawdown')) return;
    const daily = 1 - equity / baseline;
    const reason = `equity ${money(equity)} is ${percent(daily)} below the day's baseline ${money(baseline)} (limit ${percent(limit)})`;
    push(changes, setLock(state, 'daily-drawdown', null, at, reason, limit, daily));
  } else if (equity < baseline) announce(state, 'daily', 1 - equity / baseline, limit, changes);
  else state.announced.daily = 0;
};

const watchTotal = (state: GuardianState, at: EpochMs, equity: number, mark: number, limits: Limits, changes: Change[]): void => {
  const limit = limits.maxTotalDrawdown;
  if (!(equity > mark * (1 - limit))) {
    if (isHeld(state, 'total-drawdown')) return;
    const total = 1 - equity / mark;
    const reason = `equity ${money(equity)} is ${percent(total)} below its high-water mark ${money(mark)} (limit ${percent(limit)})`;
    push(changes, setLock(state, 'total-drawdown', null, at, reason, limit, total));
  } else if (equity < mark) announce(state, 'total', 1 - equity / mark, limit, changes);
  else state.announced.total = 0;
};

const push = (changes: Change[], lock: ReturnType<typeof setLock>): void => {
  if (lock !== null) changes.push({ type: 'lock-set', lock });
};

/** Both sides of midnight are known now: the day has a baseline, and yesterday's lock may go. */
const startDay = (state: GuardianState, equity: number, changes: Change[]): void => {
  const after = state.priorEquity === null ? equity : Math.max(state.priorEquity, equity);
  changes.push({ type: 'baseline', name: 'day', before: null, after, cause: 'new UTC day' });
  state.dayBaseline = after;
  state.announced.daily = 0;
  const held = state.locks['daily-drawdown'];
  if (held !== undefined && utcDayStart(held.since) < (state.day ?? 0)) {
    const lock = removeLock(state, held.id);
    if (lock !== null) changes.push({ type: 'lock-cleared', lock, by: 'rule: new UTC day' });
  }
};

const announce = (state: GuardianState, name: 'daily' | 'total', drawdown: Fraction, limit: Fraction, changes: Change[]): void => {
  const { announced } = state;
  if (!reachesStep(announced[name], drawdown, limit)) return;
  while (reachesStep(announced[name], drawdown, limit)) announced[name] += 1;
  changes.push({ type: 'drawdown-step', name, step: DRAWDOWN_STEPS[announced[name] - 1] ?? 0, drawdown, limit });
};

/** Whether a drawdown has come to the next step after `announced` of them. */
const reachesStep = (announced: number, drawdown: Fraction, limit: Fraction): boolean =>
  announced < DRAWDOWN_STEPS.length && drawdown >= (DRAWDOWN_STEPS[announced] as Fraction) * limit;

/** Whether `evaluateEquity` would change no more than marks: no lock set or cleared, no step announced. */
export const equityIsQuiet = (state: GuardianState, at: EpochMs, equity: number, limits: Limits): boolean => {
  const { day, dayBaseline, highWaterMark, lastEquity, announced } = state;
  if (day === null || dayBaseline === null || highWaterMark === null || lastEquity === null) return false;
  if (!(equity >= limits.minBalance) && !isHeld(state, 'minimum-balance')) return false;
  const begins = at >= day + DAY_MS;
  if (begins && isHeld(state, 'daily-drawdown')) return false;
  const daily = begins ? Math.max(lastEquity.value, equity) : dayBaseline;
  return (
    staysAsItIs(state, 'daily-drawdown', equity, daily, limits.maxDailyDrawdown, begins ? 0 : announced.daily) &&
    staysAsItIs(state, 'total-drawdown', equity, highWaterMark, limits.maxTotalDrawdown, announced.total)
  );
};

/** Whether the loss since `mark` sets no lock that does not hold yet, and reaches no step that is to be announced. */
const staysAsItIs = (state: GuardianState, lock: LockKind, equity: number, mark: number, limit: Fraction, announced: number): boolean =>
  equity > mark * (1 - limit) ? !reachesStep(announced, 1 - equity / mark, limit) : isHeld(state, lock);

/** What `evaluateEquity` does where `equityIsQuiet` has said that it is no more than this. */
export const takeQuietEquity = (state: GuardianState, at: EpochMs, equity: number, changes: Change[]): void => {
  beginDay(state, at);
  const highest = moveMarks(state, at, equity, false, changes);
  // Nothing is lost any more: the next loss is announced anew.
  if (equity >= (state.dayBaseline ?? equity)) state.announced.daily = 0;
  if (equity >= highest) state.announced.total = 0;
};

/** Money from outside moves both baselines by its amount: it is no profit and no loss. */
export const shiftBaselines = (state: GuardianState, amount: number, changes: Change[]): void => {
  const cause = amount >= 0 ? 'deposit' : 'withdrawal';
  if (state.dayBaseline !== null) {
    const before = state.dayBaseline;
    state.dayBaseline = before + amount;
    changes.push({ type: 'baseline', name: 'day', before, after: state.dayBaseline, cause });
  }
  if (state.highWaterMark !== null) {
    const before = state.highWaterMark;
    state.highWaterMark = before + amount;
    changes.push({ type: 'baseline', name: 'high-water-mark', before, after: state.highWaterMark, cause });
  }
  if (state.priorEquity !== null) state.priorEquity += amount;
  if (state.lastEquity !== null) state.lastEquity = { value: state.lastEquity.value + amount, at: state.lastEquity.at };
};
