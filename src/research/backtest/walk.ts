import { equityOf } from '../../core/engine/marking.ts';
import { configOf, type EngineState, type SymbolState } from '../../core/engine/state.ts';
import { isHeld } from '../../core/guardian/state.ts';
import { DAY_MS, HOUR_MS, type EpochMs } from '../../core/units.ts';
import type { HourPath } from './hour-path.ts';
import type { Session } from './session.ts';

/** Thresholds that one leg may cross before the rest of it is taken in one go. */
const MOST_EVENTS = 16;
/** Locks that equity trips. */
const EQUITY_LOCKS = ['daily-drawdown', 'total-drawdown', 'minimum-balance'] as const;
/** A threshold this close to where the leg has got to has been crossed. */
const NEAR = 1e-9;

/** An hour with a position, leg by leg. */
export class Walker {
  readonly #session: Session;
  readonly #path: HourPath;
  readonly #state: EngineState;
  readonly #start: Float64Array;
  readonly #levels = new Float64Array(EQUITY_LOCKS.length);

  constructor(session: Session, path: HourPath, state: EngineState) {
    this.#session = session;
    this.#path = path;
    this.#state = state;
    this.#start = new Float64Array(session.prices.length);
  }

  /** Whether no leg of the hour would be looked at: nothing acts between its lows and its highs, and it ends no day. */
  crossesNothing(hour: EpochMs, lows: Float64Array, highs: Float64Array): boolean {
    const session = this.#session;
    if ((hour + HOUR_MS) % DAY_MS === 0) return false;
    for (let i = 0; i < lows.length; i += 1) {
      const symbol = session.symbolState(i);
      const low = lows[i] ?? Number.NaN;
      if (symbol === undefined || !(low > 0)) continue;
      const target = symbol.managed?.targetPrice ?? null;
      if (low <= session.broker.alarm(symbol.symbol) || (target !== null && !((highs[i] ?? Number.NaN) < target)))
        return false;
      if (horizonOf(symbol) < hour + HOUR_MS) return false;
    }
    return (
      this.#equityAt(highs) <= (this.#state.guardian.highWaterMark ?? Number.NaN) &&
      !this.#crossed(this.#equityAt(lows))
    );
  }

  /** From the opens to the closes of the hour that begins at `hour`. */
  walk(hour: EpochMs): void {
    let from = hour;
    for (let to = this.#path.advance(); to !== null; to = this.#path.advance()) {
      this.#leg(from, to);
      from = to;
    }
  }

  /**
   * Moves all prices from where they are to the next points. A stop, a target,
   * a horizon or an equity limit on the way is met where it lies: prices are
   * never looked at only after they have gone through it. Prices that cross
   * nothing wait for the next look, as the journal conflates them.
   */
  #leg(from: EpochMs, to: EpochMs): void {
    const session = this.#session;
    const { waypoints } = this.#path;
    this.#start.set(session.prices);
    let done = 0;
    for (let events = 0; events < MOST_EVENTS; events += 1) {
      const share = this.#nextEvent(done, from, to);
      if (share === null) break;
      done = share;
      session.now = Math.max(session.now, Math.floor(from + share * (to - from)));
      for (let i = 0; i < session.prices.length; i += 1) session.prices[i] = this.#between(i, share);
      this.#look();
    }
    session.move(waypoints.to);
    if (done === 0 && !this.#matters(to)) return session.wait(to);
    session.now = Math.max(session.now, to);
    this.#look();
  }

  /**
   * Whether the end of a leg has to be looked at by itself: an order acts there, equity makes a new mark, or a UTC day
   * ends.
   */
  #matters(to: EpochMs): boolean {
    const session = this.#session;
    if ((to + 1) % DAY_MS === 0) return true;
    const { jump } = this.#path.waypoints;
    for (let i = 0; i < session.prices.length; i += 1) {
      const symbol = session.symbolState(i);
      const price = session.prices[i] ?? Number.NaN;
      if (symbol === undefined || !(price > 0)) continue;
      if (price <= session.broker.alarm(symbol.symbol) || horizonOf(symbol) <= to) return true;
      // A jump over the target, or a price that stops exactly on it.
      const target = symbol.managed?.targetPrice ?? null;
      if (target !== null && (jump[i] === 1 || price >= target)) return true;
    }
    const { guardian } = this.#state;
    const equity = this.#equityAt(session.prices);
    return !(equity <= (guardian.highWaterMark ?? Number.NaN)) || this.#crossed(equity);
  }

  /** Whether equity is at or through a limit whose lock does not hold yet. */
  #crossed(equity: number): boolean {
    this.#readLimits();
    for (let k = 0; k < EQUITY_LOCKS.length; k += 1) if (!(equity > (this.#levels[k] ?? Number.NaN))) return true;
    return false;
  }

  #equityAt(prices: Float64Array): number {
    let equity = this.#state.cashNumber ?? Number.NaN;
    for (let i = 0; i < prices.length; i += 1) {
      const held = this.#session.symbolState(i)?.heldNumber ?? 0;
      if (held !== 0) equity += held * (prices[i] ?? Number.NaN);
    }
    return equity;
  }

  /** Equity at which each of the Guardian's equity locks trips; minus infinity for one that holds already. */
  #readLimits(): void {
    const { guardian } = this.#state;
    const { limits } = configOf(this.#state);
    const levels = this.#levels;
    levels[0] = (guardian.dayBaseline ?? Number.NaN) * (1 - limits.maxDailyDrawdown);
    levels[1] = (guardian.highWaterMark ?? Number.NaN) * (1 - limits.maxTotalDrawdown);
    levels[2] = limits.minBalance;
    for (let k = 0; k < EQUITY_LOCKS.length; k += 1)
      if (isHeld(guardian, EQUITY_LOCKS[k] ?? '')) levels[k] = Number.NEGATIVE_INFINITY;
  }

  /** The exchange acts on the prices; the bot sees them, then what became of its orders. */
  #look(): void {
    const session = this.#session;
    const { jump } = this.#path.waypoints;
    let touched = false;
    for (let i = 0; i < session.prices.length; i += 1) {
      const price = session.prices[i] ?? Number.NaN;
      const symbol = session.symbolState(i);
      if (price > 0 && symbol !== undefined)
        touched = session.broker.move(symbol.symbol, price, jump[i] === 1 ? 'jump' : 'path', session.now) || touched;
    }
    session.poll();
    if (touched) session.hear();
    session.settle();
  }

  /**
   * Price after a share of the leg, on the tick next in its direction, so that what lies there is certainly reached.
   */
  #between(i: number, share: number): number {
    const start = this.#start[i] ?? Number.NaN;
    const end = this.#path.waypoints.to[i] ?? Number.NaN;
    const grid = this.#session.grids[i];
    if (grid === undefined || this.#path.waypoints.jump[i] === 1 || start === end) return end;
    const price = start + share * (end - start);
    return end < start ? Math.max(end, grid.down(price)) : Math.min(end, grid.up(price));
  }

  /** Share of the leg from `begins` to `ends` at which the next threshold beyond `done` lies, or null. */
  #nextEvent(done: number, begins: EpochMs, ends: EpochMs): number | null {
    const session = this.#session;
    const { to, jump } = this.#path.waypoints;
    let next = Number.POSITIVE_INFINITY;
    const consider = (share: number): void => {
      if (share > done + NEAR && share < 1 && share < next) next = share;
    };
    for (let i = 0; i < session.prices.length; i += 1) {
      const symbol = session.symbolState(i);
      const start = this.#start[i] ?? Number.NaN;
      const end = to[i] ?? Number.NaN;
      if (symbol === undefined) continue;
      // Half a millisecond on: the time of an event is cut to whole ones.
      if (start > 0) consider((horizonOf(symbol) + 0.5 - begins) / (ends - begins));
      if (jump[i] === 1 || start === end) continue;
      const alarm = session.broker.alarm(symbol.symbol);
      if (end <= alarm && start > alarm) consider((start - alarm) / (start - end));
      const target = symbol.managed?.exitReason === null ? symbol.managed.targetPrice : null;
      if (target === null || end < start) continue;
      const needed = session.priceForBid(i, target);
      if (start < needed && needed <= end) consider((needed - start) / (end - start));
    }
    this.#considerLimits(consider);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  /** Equity moves in a straight line with the prices, so its limits lie where the line crosses them. */
  #considerLimits(consider: (share: number) => void): void {
    const before = this.#equityAt(this.#start);
    const after = this.#equityAt(this.#path.waypoints.to);
    if (!(after < before)) return;
    this.#readLimits();
    for (let k = 0; k < EQUITY_LOCKS.length; k += 1) {
      const level = this.#levels[k] ?? Number.NaN;
      if (after <= level && level < before) consider((before - level) / (before - after));
    }
  }
}

/**
 * When a position that nothing closes yet is given up; an entry that came after another order's second has its own
 * second.
 */
const horizonOf = ({ managed }: SymbolState): EpochMs =>
  managed?.exitReason === null ? managed.horizonAt : Number.POSITIVE_INFINITY;

/** Equity now, for reports; null while it is not known. */
export const equityNow = (state: EngineState): number | null => equityOf(state, state.at, state.wall, state.freshness);
