import { sub, sum, toNumber, ZERO } from '../../src/core/decimal.ts';
import { ModelExchange, type ModelOrder } from '../../src/core/engine/exchange.test-helper.ts';
import { instrumentFromText } from '../../src/core/engine/on-start.ts';
import { BTC, ETH, instrumentText } from '../../src/core/engine/world.test-helper.ts';
import type { Candle } from '../../src/core/market/candle.ts';
import type { OrderDraft, OrderSnapshot } from '../../src/core/orders/order.ts';
import { HOUR_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../src/core/units.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { MarketData } from '../../src/ports/market-data.ts';
import type { OwnTrade, SendOutcome, Venue } from '../../src/ports/venue.ts';
import type { RandomStream } from '../../src/sim/generator/random.ts';

const SOL = 'SOL/USDT';
const OPENING: Readonly<Record<string, number>> = { [BTC]: 50_000, [ETH]: 2_500, [SOL]: 150 };
const REFUSED: SendOutcome = {
  kind: 'rejected',
  error: { kind: 'refused', code: '-2010', message: 'refused by the test', retryAfter: null },
};
/** How often in a second a price jumps. */
const JUMPS = 1 / 1_500;

const isOpen = (order: ModelOrder | undefined): boolean =>
  order?.status === 'new' || order?.status === 'partially-filled';

const LOST: SendOutcome = {
  kind: 'unknown',
  error: { kind: 'unknown', code: 'TIMEOUT', message: 'no answer', retryAfter: null },
};
/** Until the caller gives up. */
const TIMEOUT: Milliseconds = 10 * SECOND_MS;
const RECEIVE_WINDOW: Milliseconds = 5 * SECOND_MS;

/** `refusing`: some stops and sales are refused. `losing`: some stops never arrive, and nobody hears of it. */
export type Manners = 'fair' | 'refusing' | 'losing';

/**
 * An exchange whose answers take their time, that fills orders in part and at times refuses them, in a market that
 * wanders and jumps.
 */
export class LateExchange {
  readonly symbols: readonly string[];
  readonly books = new ModelExchange({ USDT: '10000' });
  /** Longest way of a question, and of its answer. */
  readonly latency: Milliseconds;
  readonly #clock: Clock;
  readonly #random: RandomStream;
  readonly #manners: Manners;
  readonly #start: EpochMs;
  readonly #wander: number;
  readonly #drift: number;

  constructor(clock: Clock, random: RandomStream, manners: Manners) {
    this.#clock = clock;
    this.#random = random;
    this.#manners = manners;
    this.#start = clock.wallNow();
    this.symbols = this.#pick([[BTC], [BTC, ETH], [BTC, ETH, SOL]]);
    this.latency = this.#pick([20, 200, 1_000]);
    this.#wander = this.#pick([0.0001, 0.0002, 0.0004]);
    this.#drift = this.#pick([0, -0.00001, 0.00001]);
    this.books.feeCoin = this.#pick(['quote', 'base'] as const);
    for (const symbol of this.symbols) this.books.prices[symbol] = OPENING[symbol] ?? 1;
  }

  /**
   * Longest time for which a position may be without a stop: until the bot knows of the fill, its 15 s, a look at
   * deadlines, the ways of the sale; and where a stop may have been lost, the second look that says so comes before.
   */
  get patience(): Milliseconds {
    const lost = this.#manners === 'losing' ? RECEIVE_WINDOW + 2 * SECOND_MS + 6 * this.latency : 0;
    return 17 * SECOND_MS + 4 * (this.latency + 5) + lost;
  }

  priceOf(symbol: string): number {
    return this.books.prices[symbol] ?? 0;
  }

  heldOf(symbol: string): number {
    return toNumber(this.books.of(symbol.split('/')[0] ?? ''));
  }

  /** Base units that no resting stop covers. */
  bareOf(symbol: string): number {
    return (
      this.heldOf(symbol) -
      toNumber(
        sum(
          this.books
            .openOrders()
            .map(({ draft, executed }) =>
              draft.symbol === symbol && draft.purpose === 'stop' ? sub(draft.quantity, executed) : ZERO,
            ),
        ),
      )
    );
  }

  /** A second of the market. On its way the price meets a stop at its trigger; a jump passes it by. */
  move(symbol: string): void {
    const before = this.priceOf(symbol);
    const jump = this.#chance(JUMPS) ? this.#pick([-0.004, -0.008, -0.02, -0.035, 0.01, 0.02]) : 0;
    const after = Math.round(before * (1 + this.#drift + this.#random.normal() * this.#wander + jump) * 100) / 100;
    for (const { draft } of this.books.openOrders()) {
      const trigger = draft.symbol === symbol && draft.stopPrice !== null ? toNumber(draft.stopPrice) : 0;
      if (jump === 0 && trigger < before && trigger > after)
        this.books.setPrice(symbol, trigger, this.#clock.wallNow());
    }
    this.books.setPrice(symbol, after, this.#clock.wallNow());
  }

  readonly venue: Venue = {
    receiveWindow: RECEIVE_WINDOW,
    send: ({ draft }) =>
      this.#manners === 'losing' && draft.purpose === 'stop' && this.#chance(0.3)
        ? this.#clock.sleep(TIMEOUT).then(() => LOST)
        : this.#call(() => this.#take(draft)),
    cancel: ({ clientOrderId }) =>
      this.#call(() => {
        if (!isOpen(this.books.orders.get(clientOrderId)))
          return { kind: 'not-open', error: { kind: 'refused', code: '-2011', message: 'not open', retryAfter: null } };
        this.books.end(clientOrderId, 'cancelled');
        return { kind: 'cancelled', order: this.#stated(clientOrderId) };
      }),
    lookUp: ({ clientOrderId }) =>
      this.#call(() =>
        this.books.orders.has(clientOrderId)
          ? { kind: 'found', order: this.#stated(clientOrderId) }
          : { kind: 'not-found' },
      ),
    openOrders: (symbol) =>
      this.#call(() => ({
        ok: true,
        value: this.books
          .openOrders()
          .flatMap(({ draft }) => (draft.symbol === symbol ? [this.#stated(draft.clientOrderId)] : [])),
      })),
    balances: () => this.#call(() => ({ ok: true, value: this.books.balances() })),
    tradesAfter: (symbol, after) =>
      this.#call(() => ({
        ok: true,
        value: this.#trades(symbol).filter(({ tradeId }) => Number(tradeId) > Number(after ?? '0')),
      })),
    serverTime: () => this.#call(() => ({ ok: true, value: this.#clock.wallNow() })),
  };

  readonly marketData: MarketData = {
    instruments: (symbols) =>
      Promise.resolve({ ok: true, value: symbols.map((symbol) => instrumentFromText(instrumentText(symbol))) }),
    closedCandles: (symbol, from, now) =>
      this.#call(() => ({
        ok: true,
        value: Array.from({ length: Math.min(1_000, Math.floor((now - from) / HOUR_MS)) }, (_, i) =>
          this.#candle(symbol, from + i * HOUR_MS),
        ),
      })),
    quotes: (symbols) =>
      this.#call(() => ({
        ok: true,
        value: symbols.map((symbol) => ({
          symbol,
          last: this.priceOf(symbol),
          bid: this.priceOf(symbol) * 0.9999,
          ask: this.priceOf(symbol) * 1.0001,
          at: this.#clock.wallNow(),
        })),
      })),
  };

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.uniform() * list.length)] as T;
  }

  #chance(p: number): boolean {
    return this.#random.uniform() < p;
  }

  async #call<T>(answer: () => T): Promise<T> {
    const way = (): Promise<void> => this.#clock.sleep(5 + this.#random.uniform() * this.latency);
    await way();
    const value = answer();
    await way();
    return value;
  }

  #stated(id: string): OrderSnapshot {
    return this.books.snapshot(id) as OrderSnapshot;
  }

  #take(draft: OrderDraft): SendOutcome {
    if (this.#manners === 'refusing' && this.#chance(draft.purpose === 'stop' ? 0.3 : 0.1)) return REFUSED;
    // No exchange takes a stop that the price has passed.
    if (draft.stopPrice !== null && this.priceOf(draft.symbol) <= toNumber(draft.stopPrice)) return REFUSED;
    // A sale in parts is tried again with the stop back in place first, which may be lost once more.
    const inParts = draft.purpose === 'entry' || (draft.purpose === 'exit' && this.#manners !== 'losing');
    const part = inParts && this.#chance(0.3) ? this.#pick([0.3, 0.6, 0.999]) : 1;
    return this.books.accept(draft, this.#clock.wallNow(), part) === null
      ? REFUSED
      : { kind: 'accepted', order: this.#stated(draft.clientOrderId) };
  }

  #trades(symbol: string): OwnTrade[] {
    const trades = [...this.books.orders.values()].flatMap(({ draft, fills }) =>
      draft.symbol === symbol
        ? fills.map((fill) => ({ ...fill, symbol, exchangeOrderId: `x-${draft.clientOrderId}`, side: draft.side }))
        : [],
    );
    return trades.sort((a, b) => Number(a.tradeId) - Number(b.tradeId));
  }

  /** At the present price; wild now and then before the start, so that the jumps to come are nothing extraordinary. */
  #candle(symbol: string, openTime: EpochMs): Candle {
    const close = this.priceOf(symbol);
    const hour = openTime / HOUR_MS;
    const half =
      close * (openTime < this.#start && hour % 50 === 0 ? 0.3 : 0.002 + ((hour * 7919) % 1_000) / 1_000_000);
    return {
      openTime,
      open: close,
      high: close + half,
      low: close - half,
      close,
      volume: 1,
      quoteVolume: close,
      trades: 1,
      takerBuyBase: 0.5,
      takerBuyQuote: close / 2,
    };
  }
}
