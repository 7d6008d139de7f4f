import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, type EpochMs } from '../units.ts';
import { BTC, World } from './world.test-helper.ts';

type Candle = readonly [openTime: number, open: number, high: number, low: number, close: number];

/** The volatility lock of one symbol written down naively: no window with a sorted end, no status, no shortcut. */
class Oracle {
  readonly #ratios: number[] = [];
  /** The newest year of them, smallest first. */
  readonly #year: number[] = [];
  #count = 0;
  #atr = 0;
  #close: number | null = null;
  #newest = Number.NEGATIVE_INFINITY;
  #calm = 0;
  #threshold: number | null = null;
  #forming = { hour: -1, high: 0, low: 0 };
  locked = true;

  readonly percentile: number;

  constructor(percentile: number) {
    this.percentile = percentile;
  }

  /** Nearest rank. */
  #rank(p: number): number {
    return this.#year[Math.ceil(p * this.#year.length) - 1] ?? Number.NaN;
  }

  #remember(ratio: number): void {
    this.#ratios.push(ratio);
    const place = (value: number): number => {
      let at = 0;
      for (let step = 16_384; step >= 1; step /= 2)
        if (at + step <= this.#year.length && (this.#year[at + step - 1] ?? 0) < value) at += step;
      return at;
    };
    this.#year.splice(place(ratio), 0, ratio);
    if (this.#ratios.length > 8_760) this.#year.splice(place(this.#ratios.at(-8_761) ?? 0), 1);
  }

  #next(high: number, low: number): number {
    const range = this.#close === null ? high - low : Math.max(high, this.#close) - Math.min(low, this.#close);
    return this.#count < 14 ? (this.#atr * this.#count + range) / (this.#count + 1) : (this.#atr * 13 + range) / 14;
  }

  candle([openTime, , high, low, close]: Candle, now: number): void {
    if (openTime <= this.#newest || openTime % HOUR_MS !== 0 || openTime + HOUR_MS > now) return;
    if (!(low > 0 && low <= close && close <= high && Number.isFinite(high))) return;
    this.#newest = openTime;
    this.#atr = this.#next(high, low);
    this.#count += 1;
    this.#close = close;
    if (this.#count < 14) return;
    const ratio = this.#atr / close;
    if (this.#ratios.length < 2_160) this.#threshold = null;
    else {
      this.#threshold = this.#rank(this.percentile);
      if (ratio > this.#threshold) {
        this.locked = true;
        this.#calm = 0;
      } else if (this.locked) {
        this.#calm = ratio < this.#rank(0.95) ? this.#calm + 1 : 0;
        if (this.#calm === 6) this.locked = false;
      }
    }
    this.#remember(ratio);
  }

  price(last: number, at: number): void {
    const hour = Math.floor(at / HOUR_MS);
    const { high, low } = this.#forming;
    this.#forming =
      this.#forming.hour === hour
        ? { hour, high: Math.max(high, last), low: Math.min(low, last) }
        : { hour, high: last, low: last };
    if (this.#threshold === null || this.#next(this.#forming.high, this.#forming.low) / last <= this.#threshold) return;
    this.locked = true;
    this.#calm = 0;
  }
}

type Odd = 'again' | 'early' | 'upside-down' | 'off-hour' | 'future';
type Happening =
  | { readonly kind: 'hour'; readonly range: number; readonly close: number | null; readonly count: number }
  | { readonly kind: 'price'; readonly factor: number }
  | { readonly kind: 'gap'; readonly hours: number }
  | { readonly kind: 'odd'; readonly which: Odd }
  | { readonly kind: 'restart' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('hour' as const),
      range: fc.constantFrom(0.001, 0.004, 0.004, 0.0042, 0.006, 0.02, 0.08),
      close: fc.constantFrom(null, 0, 0.3, 1),
      count: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('price' as const), factor: fc.constantFrom(1, 0.999, 1.003, 0.98, 1.05) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gap' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('odd' as const),
      which: fc.constantFrom<Odd>('again', 'early', 'upside-down', 'off-hour', 'future'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

/** One symbol lives a history in the engine and in the oracle, which have to agree after everything that happens. */
class Trial {
  readonly #world: World;
  readonly #oracle: Oracle;
  #close = 50_000;
  #newest: Candle = [0, 0, 0, 0, 0];

  /** @param hours of history before the first look; `ties`: how few different ranges there are in it, none at 0 */
  constructor(percentile: number, hours: number, ties: number) {
    this.#world = new World({ config: { symbols: [BTC] }, limits: { maxAtrPercentile: percentile } });
    this.#oracle = new Oracle(percentile);
    this.#world.start();
    const candles = Array.from({ length: hours }, (_, i): Candle => {
      const half =
        50_000 * (0.002 + (ties === 0 ? 0 : (0.001 * ((i * 7919) % (ties * 5))) / (ties * 5))) * (i % 97 === 0 ? 8 : 1);
      return [this.#hour() - (hours - i) * HOUR_MS, 50_000, 50_000 + half, 50_000 - half, 50_000];
    });
    this.#world.apply({ type: 'history', symbol: BTC, candles });
    for (const candle of candles) this.#oracle.candle(candle, this.#world.at);
    this.#price(1);
  }

  happen(what: Happening): void {
    switch (what.kind) {
      case 'hour':
        for (let count = 0; count < what.count; count += 1) this.#passHour(what.range, what.close);
        break;
      case 'price':
        this.#world.pass(MINUTE_MS);
        this.#price(what.factor);
        break;
      case 'gap':
        this.#world.timer(what.hours * HOUR_MS);
        break;
      case 'odd':
        this.#give(this.#odd(what.which));
        break;
      case 'restart':
        this.#world.restart();
    }
    this.#agree();
  }

  #hour(): EpochMs {
    return Math.floor(this.#world.at / HOUR_MS) * HOUR_MS;
  }

  #agree(): void {
    expect(this.#world.locks().includes(`volatility:${BTC}`)).toBe(this.#oracle.locked);
  }

  #price(factor: number): void {
    const last = Math.round(this.#close * factor * 100) / 100;
    this.#world.quotes({ [BTC]: last });
    this.#oracle.price(last, this.#world.at);
  }

  #give(candle: Candle): void {
    const [openTime, open, high, low, close] = candle;
    this.#world.apply({
      type: 'candle',
      symbol: BTC,
      candle: {
        openTime,
        open,
        high,
        low,
        close,
        volume: 1,
        quoteVolume: 1,
        trades: 1,
        takerBuyBase: 0,
        takerBuyQuote: 0,
      },
    });
    this.#oracle.candle(candle, this.#world.at);
  }

  /** @param where of the range the hour closes, 0 to 1; null = where it opened */
  #passHour(range: number, where: number | null): void {
    const openTime = this.#hour();
    this.#world.pass(openTime + HOUR_MS - this.#world.at);
    const [high, low] = [this.#close * (1 + range / 2), this.#close * (1 - range / 2)];
    this.#newest = [
      openTime,
      this.#close,
      high,
      low,
      where === null ? this.#close : Math.min(high, low + (high - low) * where),
    ];
    this.#close = this.#newest[4];
    this.#give(this.#newest);
    this.#agree();
  }

  /** A candle that has to change nothing. */
  #odd(which: Odd): Candle {
    const [openTime, open, high, low, close] = this.#newest;
    switch (which) {
      case 'again':
        return [openTime, open, high * 2, low, close];
      case 'early':
        return [openTime - HOUR_MS, open, high * 2, low, close];
      case 'upside-down':
        return [this.#hour() - HOUR_MS, open, low, high, close];
      case 'off-hour':
        return [openTime + 1_000, open, high * 2, low, close];
      case 'future':
        return [this.#hour() + HOUR_MS, open, high * 2, low, close];
    }
  }
}

test('the volatility lock is what its rule, written down naively, makes of the candles and prices, whatever comes', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(
      fc.array(happening, { minLength: 40, maxLength: 120, size: 'max' }),
      fc.integer({ min: 2_100, max: 9_200 }),
      fc.constantFrom(0.99, 0.95, 0.9),
      fc.nat(4),
      (history, hours, percentile, ties) => {
        const trial = new Trial(percentile, hours, ties);
        for (const what of history) trial.happen(what);
      },
    ),
    { numRuns: 40 },
  );
});
