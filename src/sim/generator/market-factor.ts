import type { RandomStream } from './random.ts';

/**
 * What moves all generated symbols together. A market that trends, turns and
 * rests in regimes, with volatility that clusters, jumps, and a crash now and
 * then. It is a toy with the shape of a market, not a model of one: its
 * regimes are easier to learn than anything real, so that the demo trades.
 */
export type Regime = 'up' | 'down' | 'range' | 'crash';

export interface MarketHour {
  regime: Regime;
  /** Expected log return of the hour. */
  drift: number;
  /** Standard deviation of the hour's log return. */
  volatility: number;
  /** The common log return drawn for the hour, jump included. */
  move: number;
  /** Log of the volatility relative to its long-run level: drives volumes. */
  heat: number;
}

interface RegimeTraits {
  readonly meanHours: number;
  readonly drift: number;
  readonly volatilityFactor: number;
}

/** Falls are shorter and steeper than rises, so that the market has no strong drift over months. */
const TRAITS: Readonly<Record<Regime, RegimeTraits>> = {
  up: { meanHours: 32, drift: 0.0021, volatilityFactor: 1 },
  down: { meanHours: 18, drift: -0.0037, volatilityFactor: 1.15 },
  range: { meanHours: 10, drift: 0, volatilityFactor: 0.8 },
  crash: { meanHours: 7, drift: -0.016, volatilityFactor: 3 },
};

const BASE_VOLATILITY = 0.0048;
/** AR(1) of the log volatility: half-life of about two days. */
const HEAT_PERSISTENCE = 0.986;
const HEAT_SHOCK = 0.08;
const JUMP_CHANCE = 1 / 160;
const JUMP_SIZE = 0.013;
const CRASH_CHANCE = 1 / (24 * 90);

const nextRegime = (current: Regime, random: RandomStream): Regime => {
  const draw = random.uniform();
  switch (current) {
    case 'up':
      return draw < 0.45 ? 'range' : 'down';
    case 'down':
      return draw < 0.35 ? 'range' : 'up';
    case 'range':
      return draw < 0.6 ? 'up' : 'down';
    case 'crash':
      return draw < 0.5 ? 'range' : 'up';
  }
};

export interface MarketFactor {
  /** Draws the next hour; the returned object is reused by the next call. */
  readonly next: () => MarketHour;
}

export const createMarketFactor = (random: RandomStream): MarketFactor => {
  const hour: MarketHour = { regime: 'range', drift: 0, volatility: BASE_VOLATILITY, move: 0, heat: 0 };
  const next = (): MarketHour => {
    // Every draw is made every hour, used or not, so that regimes stay aligned when a figure is tuned.
    const crash = random.uniform() < CRASH_CHANCE;
    const change = random.uniform() < 1 / TRAITS[hour.regime].meanHours;
    if (crash && hour.regime !== 'crash') {
      hour.regime = 'crash';
      hour.heat += 0.5;
    } else if (change) hour.regime = nextRegime(hour.regime, random);
    const traits = TRAITS[hour.regime];
    hour.heat = HEAT_PERSISTENCE * hour.heat + HEAT_SHOCK * random.normal();
    hour.volatility = BASE_VOLATILITY * Math.exp(hour.heat) * traits.volatilityFactor;
    hour.drift = traits.drift;
    const jump = random.uniform() < JUMP_CHANCE ? JUMP_SIZE * random.normal() : 0;
    if (jump !== 0) hour.heat += 0.35;
    hour.move = hour.drift + hour.volatility * random.normal() + jump;
    return hour;
  };
  return { next };
};
