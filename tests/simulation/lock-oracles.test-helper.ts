import { toNumber, ZERO } from '../../src/core/decimal.ts';
import type { Effect } from '../../src/core/engine/effect.ts';
import type { CommandInput, Input, QuotesInput } from '../../src/core/engine/input.ts';
import type { EngineState } from '../../src/core/engine/state.ts';
import { ExecutionOracle } from './execution-oracle.test-helper.ts';

/**
 * The locks of the Guardian as docs/guardian.md and PRODUCT section 4 state them, written down naively from the
 * inputs. Nothing of core/guardian is used; of the engine's state only what is held, in which positions, and the cash.
 */
const DAY = 86_400_000;
const HOUR = 3_600_000;
const SECOND = 1_000;
const COIN = 'BNB/USDT';

interface Price {
  last: number;
  believed: number;
  at: number;
  /** Whether it lies far from the one before it, so that another reading has to be beside it. */
  leapt: boolean;
}

/** What is owned. */
interface Books {
  readonly cash: number | null;
  readonly coins: number;
  readonly held: ReadonlyMap<string, number>;
  readonly positions: ReadonlySet<string>;
}

interface Worth {
  readonly equity: number | null;
  /** The part of it that is believed. */
  readonly marked: number;
  readonly leaping: boolean;
}

/** How a price and the book beside it are believed. */
const bearOut = (last: number, bid: number, ask: number): number => (last < bid ? bid : last > ask ? ask : last);

export class LockOracle {
  /** Locks in force by id, with the market time of their trip. */
  readonly locks = new Map<string, number>();
  dayBaseline: number | null = null;
  highWaterMark: number | null = null;
  /** Smallest distance of an equity from a limit, as a fraction: below what doubles tell apart nothing is compared. */
  closest = Number.POSITIVE_INFINITY;
  readonly #symbols: readonly string[];
  readonly #limits: {
    readonly daily: number;
    readonly total: number;
    readonly least: number;
    readonly age: number;
    readonly losses: number;
  };
  readonly #prices = new Map<string, Price>();
  readonly #candles = new Map<string, number>();
  readonly #polls = new Map<string, number>();
  readonly #execution = new ExecutionOracle();
  #at = 0;
  #wall = 0;
  #clock: number | null = null;
  #startedWall = 0;
  #starts: number[] = [];
  #day: number | null = null;
  #prior: number | null = null;
  #lastEquity: number | null = null;
  #unlockedDay: number | null = null;
  /** Undefined: this run has not tried to measure. */
  #skew: number | null | undefined;
  #skewWall: number | null = null;
  #losses = 0;
  /** As the step before has left it, and as this one does. */
  #before: Books = { cash: null, coins: 0, held: new Map(), positions: new Set() };

  constructor(
    symbols: readonly string[],
    limits: {
      readonly daily: number;
      readonly total: number;
      readonly least: number;
      readonly age: number;
      readonly losses: number;
    },
  ) {
    this.#symbols = symbols;
    this.#limits = limits;
  }

  /** Applies what the engine has applied; `state` is as it is after that. */
  step(input: Input, effects: readonly Effect[], state: EngineState): void {
    this.closest = Number.POSITIVE_INFINITY;
    this.#at = Math.max(this.#at, input.at);
    this.#wall += Math.max(0, input.wall - (this.#clock ?? input.wall));
    if (this.#clock === null) this.#wall = input.wall;
    this.#clock = input.wall;
    if (input.type === 'history') return this.#history(input);
    if (input.type === 'command') this.#evaluate(this.#before, input);
    const after = this.#booksOf(state);
    this.#take(input, effects, after);
    // A position that ends with this step was one when the limits were looked at.
    this.#evaluate({ ...after, positions: new Set([...this.#before.positions, ...after.positions]) }, input);
    this.#execution.note(effects, this.#wall);
    this.#before = after;
  }

  #booksOf({ ledger, symbols }: EngineState): Books {
    return {
      cash: ledger.cash === null ? null : toNumber(ledger.cash),
      coins: toNumber(ledger.feeCoin),
      held: new Map(this.#symbols.map((symbol) => [symbol, toNumber(ledger.positions[symbol]?.quantity ?? ZERO)])),
      positions: new Set(this.#symbols.filter((symbol) => symbols[symbol]?.managed !== null)),
    };
  }

  #set(id: string): void {
    if (!this.locks.has(id)) this.locks.set(id, this.#at);
  }

  #history({ symbol, candles }: Extract<Input, { type: 'history' }>): void {
    for (const [openTime, , high, low, close] of candles) this.#candle(symbol, openTime, high, low, close);
  }

  #candle(symbol: string, openTime: number, high: number, low: number, close: number): void {
    if (openTime % HOUR === 0 && openTime + HOUR <= this.#at && low > 0 && low <= close && close <= high)
      this.#candles.set(symbol, Math.max(openTime, this.#candles.get(symbol) ?? 0));
  }

  #take(input: Input, effects: readonly Effect[], after: Books): void {
    switch (input.type) {
      case 'started':
        this.#startedWall = this.#wall;
        this.#polls.clear();
        this.#skew = undefined;
        this.#starts = [...this.#starts.filter((wall) => this.#wall - wall < 600 * SECOND), this.#wall];
        if (this.#starts.length >= 5) this.#set('crash-loop');
        break;
      case 'quotes':
        this.#quotes(input);
        break;
      case 'candle':
        this.#candle(input.symbol, input.candle.openTime, input.candle.high, input.candle.low, input.candle.close);
        break;
      case 'clock-skew':
        this.#skew = input.skew;
        if (input.skew !== null) this.#skewWall = this.#wall;
        break;
      case 'command':
        this.#command(input, effects, after);
        break;
      default:
    }
    this.#execution.take(input, effects, this.#wall);
    if (input.type !== 'command') this.#money(effects);
    for (const effect of effects) {
      if (effect.type !== 'trade') continue;
      this.#losses = effect.pnl < ZERO ? this.#losses + 1 : 0;
      if (this.#losses >= this.#limits.losses) this.#set('kill-switch');
    }
  }

  #quotes({ quotes }: QuotesInput): void {
    for (const { symbol, last, bid, ask, at: stamped } of quotes) {
      if (![last, bid, ask].every((value) => value > 0 && Number.isFinite(value))) continue;
      const at = Math.min(stamped, this.#at);
      const before = this.#prices.get(symbol);
      if (before !== undefined && at < before.at) continue;
      const leapt = before !== undefined && Math.abs(last / before.last - 1) > 0.05;
      this.#prices.set(symbol, { last, at, leapt, believed: leapt ? before.believed : bearOut(last, bid, ask) });
      if (symbol !== COIN) this.#polls.set(symbol, this.#isStale(symbol) ? 0 : (this.#polls.get(symbol) ?? 0) + 1);
    }
  }

  #isFresh(symbol: string): boolean {
    const price = this.#prices.get(symbol);
    return price !== undefined && this.#at - price.at <= this.#limits.age;
  }

  #isStale(symbol: string): boolean {
    const candle = this.#candles.get(symbol);
    return !this.#isFresh(symbol) || candle === undefined || this.#at > candle + HOUR + HOUR + this.#limits.age;
  }

  /** Deposits and withdrawals move baselines and what was known by their amount; the opening balance is none. */
  #money(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== 'deposit') continue;
      const amount = toNumber(effect.amount);
      if (this.dayBaseline !== null) this.dayBaseline += amount;
      if (this.highWaterMark !== null) this.highWaterMark += amount;
      if (this.#prior !== null) this.#prior += amount;
      if (this.#lastEquity !== null) this.#lastEquity += amount;
    }
  }

  #command({ command }: CommandInput, effects: readonly Effect[], after: Books): void {
    let books = this.#before;
    for (const id of command.name === 'unlock' ? command.lockIds : []) {
      // What is accepted as gone is gone for the locks that are looked at after it.
      if (id === 'reconciliation' && books !== after) {
        books = after;
        this.#money(effects);
      }
      if (command.name === 'unlock' && this.#unlocks(id, command, this.#equity(books))) this.locks.delete(id);
    }
    if (books !== after) this.#money(effects);
  }

  /** Whether the lock may go; what it was measured from moves then. */
  #unlocks(
    id: string,
    command: Extract<CommandInput['command'], { name: 'unlock' }>,
    { equity, marked }: Worth,
  ): boolean {
    const since = this.locks.get(id);
    if (since === undefined || (command.shownAt !== undefined && since > command.shownAt)) return false;
    switch (id) {
      case 'kill-switch':
        this.#losses = 0;
        return true;
      case 'crash-loop':
        this.#starts = this.#starts.slice(-1);
        return true;
      case 'minimum-balance':
        return equity !== null && equity >= this.#limits.least;
      case 'total-drawdown':
        if (equity === null || !(equity > 0) || equity < (command.shownEquity ?? 0) * 0.98) return false;
        this.highWaterMark = marked;
        return true;
      case 'daily-drawdown': {
        const today = Math.floor(this.#at / DAY);
        const typed = command.newLossPermitted;
        if (
          equity === null ||
          this.#unlockedDay === today ||
          typed === null ||
          !(Math.abs(typed / (equity * this.#limits.daily) - 1) <= 0.02)
        )
          return false;
        this.#unlockedDay = today;
        this.dayBaseline = marked;
        return true;
      }
      default:
        return false;
    }
  }

  /** What everything is worth, and of it what marks are made from; null while a price of a position is not known. */
  #equity({ cash, coins, held: holdings, positions }: Books): Worth {
    const unknown = { equity: null, marked: Number.NaN, leaping: false };
    if (cash === null) return unknown;
    let equity = cash;
    let beyond = 0;
    let leaping = false;
    for (const [symbol, held] of holdings) {
      if (held === 0) continue;
      const isPosition = positions.has(symbol);
      const price = this.#prices.get(symbol);
      if (isPosition && !this.#isFresh(symbol)) return unknown;
      if (price === undefined) continue;
      equity += held * price.last;
      if (price.last <= price.believed) continue;
      beyond += held * (price.last - price.believed);
      leaping ||= isPosition && price.leapt;
    }
    if (coins !== 0 && !this.#isFresh(COIN)) return unknown;
    if (coins !== 0) equity += coins * (this.#prices.get(COIN)?.believed ?? 0);
    return { equity, marked: equity - beyond, leaping };
  }

  #evaluate(books: Books, input: Input): void {
    for (const symbol of this.#symbols) this.#watchData(symbol, input);
    this.#watchClock();
    this.#watchExecution();
    this.#watchEquity(books);
  }

  #watchData(symbol: string, input: Input): void {
    const id = `stale-data:${symbol}`;
    if (!this.#isStale(symbol)) {
      if (input.type === 'quotes' && (this.#polls.get(symbol) ?? 0) >= 2) this.locks.delete(id);
      return;
    }
    this.#polls.set(symbol, 0);
    // A run that has never had a price gets one limit's time for the first.
    if (this.#prices.has(symbol) || this.#wall - this.#startedWall > this.#limits.age) this.#set(id);
  }

  #watchClock(): void {
    if (this.#skew === undefined) return;
    if (this.#skew === null || Math.abs(this.#skew) > SECOND || this.#wall - (this.#skewWall ?? 0) > 1_800 * SECOND)
      this.#set('clock-skew');
    else if (Math.abs(this.#skew) < 500) this.locks.delete('clock-skew');
  }

  #watchExecution(): void {
    if (this.#execution.isHeld(this.locks.has('execution'), this.#wall)) this.#set('execution');
    else this.locks.delete('execution');
  }

  /** Whether equity has fallen to so much. */
  #fellTo(equity: number, limit: number): boolean {
    this.closest = Math.min(this.closest, Math.abs(equity / limit - 1));
    return equity <= limit;
  }

  #watchEquity(books: Books): void {
    const day = Math.floor(this.#at / DAY) * DAY;
    if (this.#day === null || day > this.#day) {
      this.#day = day;
      this.dayBaseline = null;
      this.#prior = this.#lastEquity;
    }
    const { equity, marked, leaping } = this.#equity(books);
    if (equity === null) return;
    if (this.dayBaseline === null && !leaping) {
      this.dayBaseline = Math.max(marked, this.#prior ?? marked);
      if ((this.locks.get('daily-drawdown') ?? day) < day) this.locks.delete('daily-drawdown');
    }
    this.highWaterMark = Math.max(marked, this.highWaterMark ?? marked);
    this.#lastEquity = marked;
    const { daily, total, least } = this.#limits;
    if (this.#fellTo(equity, (this.dayBaseline ?? marked) * (1 - daily))) this.#set('daily-drawdown');
    if (this.#fellTo(equity, this.highWaterMark * (1 - total))) this.#set('total-drawdown');
    if (equity < least) this.#set('minimum-balance');
    this.closest = Math.min(this.closest, Math.abs(equity / least - 1));
  }
}
