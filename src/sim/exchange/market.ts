import type { Candle } from '../../core/market/candle.ts';
import { DAY_MS, HOUR_MS, hourStart, type EpochMs, type SymbolName } from '../../core/units.ts';
import { fixedFromNumber, larger, nearestTo, smaller, times, UNIT, type Fixed } from '../matching/fixed.ts';
import { walkCandle, walkOf, type CandlePrices } from '../matching/path.ts';
import type { Move } from '../matching/triggers.ts';
import type { Instrument } from './instruments.ts';
import type { MarketHistory } from './market-history.ts';

/** The candle being traded, from what really traded in it. */
export interface FormingCandle extends CandlePrices {
  readonly openTime: EpochMs;
}

/** What a restart has to bring back of one symbol's market. */
export interface SymbolMarketState {
  /** Factor on all source prices, scaled: a lasting jump multiplies it. */
  scale: Fixed;
  /** Null in an hour without a candle: an outage, in which nothing trades. */
  forming: FormingCandle | null;
}

export interface PriceMove {
  readonly id: string;
  readonly price: Fixed;
  readonly move: Move;
}

/** A candle as it is served: prices as traded, other columns from the source. */
export interface ServedCandle {
  readonly source: Candle;
  readonly prices: CandlePrices;
  /** Part of the source's volumes that has been traded: 1 when closed. */
  readonly elapsed: number;
}

interface SymbolMarket {
  readonly instrument: Instrument;
  state: SymbolMarketState;
  /** This hour's source candle and its way, unscaled; null in an outage. */
  hour: { readonly source: Candle; readonly path: readonly Fixed[] } | null;
}

export interface MarketOptions {
  readonly history: MarketHistory;
  readonly instruments: readonly Instrument[];
  readonly seed: number;
  readonly stepsPerHour: number;
}

/** How far back a symbol without a candle in the first hour may have its last price. */
const LOOK_BACK = 30 * DAY_MS;

/** Walks the history in sub-steps on market time, and serves it as candles. */
export class Market {
  time: EpochMs;
  /** Candles that traded otherwise than their source, by `id/openTime`, since forced prices are part of history. */
  readonly overrides = new Map<string, CandlePrices>();
  readonly newOverrides = new Set<string>();
  readonly #options: MarketOptions;
  readonly #symbols = new Map<string, SymbolMarket>();

  constructor(options: MarketOptions, time: EpochMs) {
    this.#options = options;
    this.time = time;
    for (const instrument of options.instruments) {
      const state: SymbolMarketState = { scale: UNIT, forming: null };
      this.#symbols.set(instrument.rules.id, { instrument, state, hour: null });
    }
    this.#loadHour();
  }

  get stepMilliseconds(): number {
    return HOUR_MS / this.#options.stepsPerHour;
  }

  get ended(): boolean {
    return this.time >= this.#options.history.end;
  }

  name(id: string): SymbolName {
    return this.#symbol(id).instrument.name;
  }

  /** False in an hour for which the source has no candle. */
  isTrading(id: string): boolean {
    return this.#symbol(id).hour !== null;
  }

  state(id: string): SymbolMarketState {
    return this.#symbol(id).state;
  }

  restore(id: string, state: SymbolMarketState): void {
    this.#symbol(id).state = state;
  }

  /**
   * The prices with which a new market begins.
   * @throws RangeError naming the symbol that has no price near the start.
   */
  firstPrices(): PriceMove[] {
    return [...this.#symbols.entries()].map(([id, symbol]) => {
      const start = symbol.hour?.path[0];
      if (start !== undefined) return { id, price: start, move: 'jump' as const };
      const before = this.#options.history.candles(symbol.instrument.name, this.time - LOOK_BACK, this.time).at(-1);
      if (before === undefined) {
        throw new RangeError(
          `${symbol.instrument.name}: no candle at or shortly before the start ${new Date(this.time).toISOString()}`,
        );
      }
      return { id, price: this.#tickCandle(before, symbol).close, move: 'jump' as const };
    });
  }

  /** One sub-step forward. Returns where each trading symbol's price goes; empty at the end of the history. */
  advance(): PriceMove[] {
    if (this.ended) return [];
    const before = hourStart(this.time);
    this.time += this.stepMilliseconds;
    const turned = hourStart(this.time) !== before;
    if (turned) {
      this.#closeHour();
      this.#loadHour();
    }
    const index = Math.round((this.time - hourStart(this.time)) / this.stepMilliseconds);
    const moves: PriceMove[] = [];
    for (const [id, symbol] of this.#symbols) {
      const raw = symbol.hour?.path[index];
      if (raw === undefined) continue;
      moves.push({ id, price: this.#onTick(times(raw, symbol.state.scale), symbol), move: turned ? 'jump' : 'path' });
    }
    return moves;
  }

  /** Makes a price part of the forming candle. */
  record(id: string, price: Fixed): void {
    const symbol = this.#symbol(id);
    const { forming } = symbol.state;
    if (symbol.hour === null) return;
    symbol.state.forming =
      forming === null
        ? { openTime: hourStart(this.time), open: price, high: price, low: price, close: price }
        : {
            openTime: forming.openTime,
            open: forming.open,
            high: larger(forming.high, price),
            low: smaller(forming.low, price),
            close: price,
          };
  }

  /** Multiplies all later source prices. */
  rescale(id: string, factor: Fixed): void {
    const { state } = this.#symbol(id);
    state.scale = larger(times(state.scale, factor), 1n);
  }

  /** The nearest tradable price. */
  onTick(id: string, price: Fixed): Fixed {
    return this.#onTick(price, this.#symbol(id));
  }

  /** Candles with from <= openTime < to, the forming one last when it is in range. */
  candles(id: string, from: EpochMs, to: EpochMs): ServedCandle[] {
    const symbol = this.#symbol(id);
    const hour = hourStart(this.time);
    const closed = this.#options.history.candles(symbol.instrument.name, from, Math.min(to, hour));
    const served = closed.map((source): ServedCandle => {
      const traded = this.overrides.get(`${id}/${source.openTime}`);
      return { source, prices: traded ?? this.#tickCandle(source, symbol), elapsed: 1 };
    });
    const { forming } = symbol.state;
    if (forming !== null && symbol.hour !== null && from <= hour && hour < to) {
      const elapsed = (this.time - hour) / HOUR_MS + 1 / this.#options.stepsPerHour;
      served.push({ source: symbol.hour.source, prices: forming, elapsed });
    }
    return served;
  }

  #closeHour(): void {
    for (const [id, symbol] of this.#symbols) {
      const { forming } = symbol.state;
      if (forming !== null && symbol.hour !== null) {
        const expected = this.#tickCandle(symbol.hour.source, symbol);
        if (!samePrices(forming, expected)) {
          const { open, high, low, close } = forming;
          this.overrides.set(`${id}/${forming.openTime}`, { open, high, low, close });
          this.newOverrides.add(`${id}/${forming.openTime}`);
        }
      }
      symbol.state.forming = null;
    }
  }

  #loadHour(): void {
    const { history, seed, stepsPerHour } = this.#options;
    const hour = hourStart(this.time);
    for (const [id, symbol] of this.#symbols) {
      const [source] = history.candles(symbol.instrument.name, hour, hour + HOUR_MS);
      symbol.hour =
        source === undefined
          ? null
          : {
              source,
              path: walkCandle(
                this.#tickCandle(source, symbol),
                walkOf(seed, id, hour),
                stepsPerHour,
                symbol.instrument.rules.tick,
              ),
            };
    }
  }

  #tickCandle(source: Candle, symbol: SymbolMarket): CandlePrices {
    const price = (value: number): Fixed => this.#onTick(fixedFromNumber(value), symbol);
    return { open: price(source.open), high: price(source.high), low: price(source.low), close: price(source.close) };
  }

  #onTick(price: Fixed, symbol: SymbolMarket): Fixed {
    const { tick } = symbol.instrument.rules;
    return larger(nearestTo(price, tick), tick);
  }

  #symbol(id: string): SymbolMarket {
    const symbol = this.#symbols.get(id);
    if (symbol === undefined) throw new RangeError(`unknown symbol ${id}`);
    return symbol;
  }
}

const samePrices = (a: CandlePrices, b: CandlePrices): boolean =>
  a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close;
