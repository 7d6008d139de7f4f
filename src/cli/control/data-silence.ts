import type { MarketData } from '../../ports/market-data.ts';
import type { Read } from '../../ports/venue.ts';

/** Market data that can be silenced on purpose, for the stale-data drill. */
export interface SilenceableData {
  readonly marketData: MarketData;
  /** While true, every read fails as if the exchange did not answer. */
  silence(on: boolean): void;
}

const NO_ANSWER: Read<never> = {
  ok: false,
  error: { kind: 'unreachable', code: 'drill', message: 'silenced by a drill', retryAfter: null },
};

export const createSilenceableData = (source: MarketData): SilenceableData => {
  let silent = false;
  const unless = <T>(read: () => Promise<Read<T>>): Promise<Read<T>> => (silent ? Promise.resolve(NO_ANSWER) : read());
  return {
    silence: (on) => {
      silent = on;
    },
    marketData: {
      instruments: (symbols) => source.instruments(symbols),
      closedCandles: (symbol, from, now) => unless(() => source.closedCandles(symbol, from, now)),
      quotes: (symbols, now) => unless(() => source.quotes(symbols, now)),
    },
  };
};
