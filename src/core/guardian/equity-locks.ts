import type { Limits } from '../risk/limits.ts';
import {
  DAY_MS,
  HOUR_MS,
  utcDayStart,
  type Disbelieved,
  type Equity,
  type Fraction,
  type Mark,
  type MarketMs,
} from '../units.ts';
import { money } from '../words.ts';
import type { Change, Look } from './change.ts';
import { isHeld, removeLock, setLock, type GuardianState } from './state.ts';

/** People are told when a drawdown reaches these fractions of its limit. */
export const DRAWDOWN_STEPS: readonly Fraction[] = [0.5, 0.75, 0.9];

export const percent = (fraction: Fraction, digits = 2): string => `${(fraction * 100).toFixed(digits)} %`;

/**
 * Moves the baselines and evaluates the three locks that watch equity.
 * @param equity in quote currency; null while it is not known: then no baseline moves and no lock is set or cleared
 * @param disbelieved the part of equity that rests on price rises not yet confirmed: the locks count it, the baselines
 * leave it out
 * @param leaping whether the next reading has to confirm such a rise: a new day's baseline waits for that
 */
export const evaluateEquity = (
  state: GuardianState,
  { at, changes }: Pick<Look, 'at' | 'changes'>,
  equity: Equity | null,
  limits: Limits,
  disbelieved: Disbelieved = 0,
  leaping = false,
): void => {
  beginDay(state, at);
  if (equity === null) return;
  const mark: Mark = equity - disbelieved;
  const highest = moveMarks(state, at, mark, leaping, changes);
  watchDaily(state, at, equity, state.dayBaseline ?? mark, limits, changes);
  watchTotal(state, at, equity, highest, limits, changes);
  if (equity < limits.minBalance && !isHeld(state, 'minimum-balance')) {
    const reason = `equity ${money(equity)} is below the minimum ${money(limits.minBalance)}`;
    push(
      changes,
      setLock(state, {
        kind: 'minimum-balance',
        symbol: null,
        since: at,
        reason,
        limit: limits.minBalance,
        value: equity,
      }),
    );
  }
};

const beginDay = (state: GuardianState, at: MarketMs): void => {
  if (state.day !== null && at < state.day + DAY_MS) return;
  state.day = utcDayStart(at);
  state.dayBaseline = null;
  state.priorEquity = state.lastEquity?.value ?? null;
};

/** Baselines and the newest equity; returns the high-water mark. */
const moveMarks = (state: GuardianState, at: MarketMs, mark: Mark, leaping: boolean, changes: Change[]): Mark => {
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

/**
 * A mark below this, in quote currency, is none: an account without money, or what doubles leave over of one that was
 * emptied. No part of it can be lost.
 */
const NO_MONEY = 1e-6;
export const nothingToLose = (mark: Mark, equity: Equity): boolean => mark < NO_MONEY && equity > -NO_MONEY;

const watchDaily = (
  state: GuardianState,
  at: MarketMs,
  equity: Equity,
  baseline: Mark,
  limits: Limits,
  changes: Change[],
): void => {
  const limit = limits.maxDailyDrawdown;
  // "Not above" instead of "below": a comparison with something that is no number locks.
  if (nothingToLose(baseline, equity)) state.announced.daily = 0;
  else if (!(equity > baseline * (1 - limit))) {
    if (isHeld(state, 'daily-drawdown')) return;
    const daily = 1 - equity / baseline;
    const reason = `equity ${money(equity)} is ${percent(daily)} below the day's baseline ${money(baseline)} (limit ${percent(limit)})`;
    push(changes, setLock(state, { kind: 'daily-drawdown', symbol: null, since: at, reason, limit, value: daily }));
  } else if (equity < baseline) announce(state, 'daily', 1 - equity / baseline, limit, changes);
  else state.announced.daily = 0;
};

const watchTotal = (
  state: GuardianState,
  at: MarketMs,
  equity: Equity,
  mark: Mark,
  limits: Limits,
  changes: Change[],
): void => {
  const limit = limits.maxTotalDrawdown;
  if (nothingToLose(mark, equity)) state.announced.total = 0;
  else if (!(equity > mark * (1 - limit))) {
    if (isHeld(state, 'total-drawdown')) return;
    const total = 1 - equity / mark;
    const reason = `equity ${money(equity)} is ${percent(total)} below its high-water mark ${money(mark)} (limit ${percent(limit)})`;
    push(changes, setLock(state, { kind: 'total-drawdown', symbol: null, since: at, reason, limit, value: total }));
  } else if (equity < mark) announce(state, 'total', 1 - equity / mark, limit, changes);
  else state.announced.total = 0;
};

const push = (changes: Change[], lock: ReturnType<typeof setLock>): void => {
  if (lock !== null) changes.push({ type: 'lock-set', lock });
};

/** Both sides of midnight are known now: the day has a baseline, and yesterday's lock may go. */
const startDay = (state: GuardianState, equity: Mark, changes: Change[]): void => {
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

const announce = (
  state: GuardianState,
  name: 'daily' | 'total',
  drawdown: Fraction,
  limit: Fraction,
  changes: Change[],
): void => {
  const { announced } = state;
  if (!reachesStep(announced[name], drawdown, limit)) return;
  while (reachesStep(announced[name], drawdown, limit)) announced[name] += 1;
  changes.push({ type: 'drawdown-step', name, step: DRAWDOWN_STEPS[announced[name] - 1] ?? 0, drawdown, limit });
};

/** Whether a drawdown has come to the next step after `announced` of them. */
const reachesStep = (announced: number, drawdown: Fraction, limit: Fraction): boolean =>
  announced < DRAWDOWN_STEPS.length && drawdown >= (DRAWDOWN_STEPS[announced] as Fraction) * limit;

/**
 * How many hours can be passed at once, given their equities, one an hour from `from` on: `evaluateEquity` would set
 * and clear no lock and announce no drawdown step in any of them.
 * @param take whether to move the baselines over those hours, too, exactly as `evaluateEquity` would one by one
 */
export const passEquities = (
  state: GuardianState,
  from: MarketMs,
  equities: Float64Array,
  hours: number,
  limits: Limits,
  take: boolean,
): number => {
  const { announced, lastEquity } = state;
  if (state.day === null || state.dayBaseline === null || state.highWaterMark === null || lastEquity === null) return 0;
  let day: MarketMs = state.day;
  let baseline: Mark = state.dayBaseline;
  let highest: Mark = state.highWaterMark;
  let prior = Number.NaN;
  let { daily, total } = announced;
  let last = lastEquity.value;
  const floor = isHeld(state, 'minimum-balance') ? Number.NEGATIVE_INFINITY : limits.minBalance;
  const heldDaily = isHeld(state, 'daily-drawdown');
  const heldTotal = isHeld(state, 'total-drawdown');
  const { maxDailyDrawdown, maxTotalDrawdown } = limits;
  let passed = 0;
  for (; passed < hours; passed += 1) {
    const at = from + passed * HOUR_MS;
    const equity = equities[passed] as number;
    // The same equity on the same day changes nothing: the usual case while nothing is held.
    if (equity === last && passed > 0 && at < day + DAY_MS) continue;
    if (!(equity >= floor)) break;
    if (at >= day + DAY_MS) {
      if (heldDaily) break;
      day = utcDayStart(at);
      prior = last;
      baseline = Math.max(last, equity);
      daily = 0;
    }
    if (
      !staysAsItIs(equity, baseline, maxDailyDrawdown, daily, heldDaily) ||
      !staysAsItIs(equity, highest, maxTotalDrawdown, total, heldTotal)
    )
      break;
    if (equity > highest) highest = equity;
    // Nothing is lost any more: the next loss is announced anew.
    if (equity >= baseline) daily = 0;
    if (equity >= highest) total = 0;
    last = equity;
  }
  if (!take || passed === 0) return passed;
  if (day !== state.day) state.priorEquity = prior;
  state.day = day;
  state.dayBaseline = baseline;
  state.highWaterMark = highest;
  announced.daily = daily;
  announced.total = total;
  lastEquity.value = last;
  lastEquity.at = from + (passed - 1) * HOUR_MS;
  return passed;
};

/**
 * Whether the loss since `mark` sets no lock that does not hold yet, and reaches no step that is to be announced. Where
 * nothing can be lost the announced steps begin anew.
 */
const staysAsItIs = (equity: Equity, mark: Mark, limit: Fraction, announced: number, held: boolean): boolean =>
  !nothingToLose(mark, equity) &&
  (equity > mark * (1 - limit) ? !reachesStep(announced, 1 - equity / mark, limit) : held);

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
