import { decimalFromNumber, toNumber, ZERO, type Decimal } from '../decimal.ts';
import { createGuardian, type GuardianState } from '../guardian/state.ts';
import { createVolatility, type Volatility } from '../guardian/volatility.ts';
import { createLedger, quantityOf, type Ledger } from '../ledger/ledger.ts';
import type { Instrument } from '../market/instrument.ts';
import type { OrderRecord } from '../orders/record.ts';
import type { EpochMs, SymbolName } from '../units.ts';
import type { EngineConfig } from './config.ts';

/**
 * A position from the entry's approval to its last exit.
 *
 *   entering ─► protecting ─► protected ─► unstopping ─► exiting ─► (gone)
 *                  ▲  ▲            │            │            │
 *                  │  └────────────┘            │            │
 *                  └──── stop put back ◄────────┴────────────┘
 */
export type Phase = 'entering' | 'protecting' | 'protected' | 'unstopping' | 'exiting';

export interface ManagedPosition {
  phase: Phase;
  entryOrderId: string;
  stopOrderId: string | null;
  exitOrderId: string | null;
  readonly signal: EpochMs;
  /** Average price of the entry's fills; null until it filled. */
  averageEntry: Decimal | null;
  stopPrice: Decimal | null;
  targetPrice: number | null;
  horizonAt: EpochMs;
  /** Wall time since which no stop is known to rest on the exchange; null while one does. */
  unprotectedSince: EpochMs | null;
  /** Wall time at which the price was first seen through the resting stop. */
  triggeredSince: EpochMs | null;
  /** Why the position has to go, or null while it may stay. */
  exitReason: string | null;
  stopFailures: number;
  exitFailures: number;
  /** Wall time before which a failed exit is not tried again. */
  retryAt: EpochMs | null;
  /** Set when the stop itself closed the position. */
  stoppedOut: boolean;
}

export interface SymbolState {
  readonly symbol: SymbolName;
  instrument: Instrument;
  last: number;
  bid: number;
  ask: number;
  priceAt: EpochMs | null;
  priceWall: EpochMs | null;
  freshPolls: number;
  newestCandleOpen: EpochMs | null;
  /** High and low of the hour under way, from prices. */
  forming: { hour: EpochMs; high: number; low: number };
  volatility: Volatility;
  managed: ManagedPosition | null;
  restUntil: EpochMs | null;
  lastTradedSignal: EpochMs | null;
  /** Base units at the exchange: the last account reading moved by the fills since; null before the first. */
  atExchange: Decimal | null;
  lastDecision: string | null;
  /** Base units held, as a double: derived from the ledger for marking to market. */
  heldNumber: number;
}

export interface EngineState {
  /** Null before the first start. */
  config: EngineConfig | null;
  engineVersion: string;
  startedAt: EpochMs;
  startedWall: EpochMs;
  /** Newest times seen. */
  at: EpochMs;
  wall: EpochMs;
  orderSequence: number;
  symbols: Record<SymbolName, SymbolState>;
  ledger: Ledger;
  guardian: GuardianState;
  orders: Record<string, OrderRecord>;
  tradesClosed: number;
  /** Base coins beyond the ledger and other assets, for display. */
  external: Record<string, string>;
  accountAt: EpochMs | null;
  /** Quote currency at the exchange at the last account reading. */
  cashAtExchange: Decimal | null;
  /** Difference found at the last account reading and not yet acted upon. */
  suspicion: { readonly key: string; readonly times: number } | null;
  feeCoinPrice: number | null;
  /** Cash and fee coin as doubles: derived. */
  cashNumber: number | null;
  feeCoinNumber: number;
  /** Hour of the last equity point. */
  equityHour: EpochMs | null;
}

export const createEngineState = (): EngineState => ({
  config: null,
  engineVersion: '',
  startedAt: 0,
  startedWall: 0,
  at: 0,
  wall: 0,
  orderSequence: 0,
  symbols: {},
  ledger: createLedger(),
  guardian: createGuardian(),
  orders: {},
  tradesClosed: 0,
  external: {},
  accountAt: null,
  cashAtExchange: null,
  suspicion: null,
  feeCoinPrice: null,
  cashNumber: null,
  feeCoinNumber: 0,
  equityHour: null,
});

export const createSymbolState = (instrument: Instrument): SymbolState => ({
  symbol: instrument.symbol,
  instrument,
  last: 0,
  bid: 0,
  ask: 0,
  priceAt: null,
  priceWall: null,
  freshPolls: 0,
  newestCandleOpen: null,
  forming: { hour: 0, high: 0, low: 0 },
  volatility: createVolatility(),
  managed: null,
  restUntil: null,
  lastTradedSignal: null,
  atExchange: null,
  lastDecision: null,
  heldNumber: 0,
});

/** Brings the doubles up to date after a booking. */
export const syncNumbers = (state: EngineState): void => {
  const { cash, feeCoin } = state.ledger;
  state.cashNumber = cash === null ? null : toNumber(cash);
  state.feeCoinNumber = feeCoin === 0n ? 0 : toNumber(feeCoin);
  for (const name in state.symbols) {
    const symbol = state.symbols[name];
    if (symbol !== undefined) symbol.heldNumber = toNumber(quantityOf(state.ledger, name));
  }
};

/** The configuration. @throws when the engine has not been started: an input before `started` is a fault of the caller. */
export const configOf = (state: EngineState): EngineConfig => {
  if (state.config === null) throw new Error('the engine has not been started: the first input must be "started"');
  return state.config;
};

/** A symbol's state. @throws for a symbol that is not configured. */
export const symbolOf = (state: EngineState, name: SymbolName): SymbolState => {
  const symbol = state.symbols[name];
  if (symbol === undefined) throw new Error(`symbol ${name} is not configured`);
  return symbol;
};

/** Whether what is held is worth less than the exchange lets us sell: valued, but not a position. */
export const isDust = (state: EngineState, symbol: SymbolState): boolean => {
  const held = quantityOf(state.ledger, symbol.symbol);
  if (held <= ZERO) return true;
  if (held < symbol.instrument.stepSize || held < symbol.instrument.minQuantity) return true;
  if (!(symbol.last > 0)) return false;
  return toNumber(held) * symbol.last < toNumber(symbol.instrument.minNotional);
};

/** Last price as an exact decimal; null when there is none. */
export const lastDecimal = (symbol: SymbolState): Decimal | null => (symbol.last > 0 ? decimalFromNumber(symbol.last) : null);
