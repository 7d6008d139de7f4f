import { decimalFromNumber, mulDown, toNumber, ZERO, type Decimal } from '../decimal.ts';
import type { Change } from '../guardian/change.ts';
import type { FreshnessRule } from '../guardian/data-locks.ts';
import { lockId } from '../guardian/lock.ts';
import { createGuardian, type GuardianState } from '../guardian/state.ts';
import { createVolatility, type Volatility } from '../guardian/volatility.ts';
import { createLedger, quantityOf, type Ledger } from '../ledger/ledger.ts';
import { floorToLot, smallestQuantity, type Instrument } from '../market/instrument.ts';
import type { OrderRecord } from '../orders/record.ts';
import type { Fraction, MarketMs, Milliseconds, SymbolName, WallMs } from '../units.ts';
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

/** Stops and exits of one position that have failed, and what people have been told of it. Absent until the first. */
export interface Refusals {
  readonly count: number;
  /** How many when they were told last, and the wall time of it. */
  readonly toldCount: number;
  readonly toldWall: WallMs;
  /** Whether the last word was that the stop is in place. */
  readonly stopTold: boolean;
}

export interface ManagedPosition {
  phase: Phase;
  entryOrderId: string;
  stopOrderId: string | null;
  exitOrderId: string | null;
  readonly signal: MarketMs;
  /** Average price of the entry's fills; null until it filled. */
  averageEntry: Decimal | null;
  stopPrice: Decimal | null;
  targetPrice: number | null;
  horizonAt: MarketMs;
  /** Wall time since which no stop is known to rest on the exchange; null while one does. */
  unprotectedSince: WallMs | null;
  /** Wall time at which the price was first seen through the resting stop. */
  triggeredSince: WallMs | null;
  /** Why the position has to go, or null while it may stay. */
  exitReason: string | null;
  stopFailures: number;
  /** Wall time before which a failed stop is not placed again. */
  stopRetryAt: WallMs | null;
  exitFailures: number;
  /** Wall time before which a failed exit is not tried again. */
  retryAt: WallMs | null;
  /** Set when the stop itself closed the position. */
  stoppedOut: boolean;
  /** Absent while none of its stops and exits has failed. */
  refusals?: Refusals;
  /** Whether people were told that it cannot be sold although it should be. Absent until then. */
  unsellableTold?: true;
}

export interface SymbolState {
  /** Fee rate that its newest order was charged, where that is more than the configuration states; absent otherwise. */
  chargedFee?: Fraction;
  /** When that was. */
  chargedAt?: MarketMs;
  readonly symbol: SymbolName;
  readonly staleLockId: string;
  readonly volatilityLockId: string;
  /** Whether this run trades the symbol; what it holds of others is guarded and sold, but sets no data locks. */
  configured: boolean;
  /**
   * Whether the exchange has taken the market off its list: what is held can neither be sold nor protected there, and
   * no order goes out.
   */
  unlisted: boolean;
  instrument: Instrument;
  last: number;
  bid: number;
  ask: number;
  /** The newest price that the baselines take: see onQuotes. Zero before the first. */
  believed: number;
  priceAt: MarketMs | null;
  priceWall: WallMs | null;
  freshPolls: number;
  newestCandleOpen: MarketMs | null;
  /** High and low of the hour under way, from prices. */
  forming: { hour: MarketMs; high: number; low: number };
  volatility: Volatility;
  managed: ManagedPosition | null;
  restUntil: MarketMs | null;
  lastTradedSignal: MarketMs | null;
  /** Base units at the exchange: the last account reading moved by the fills since; null before the first. */
  atExchange: Decimal | null;
  /** `openTime` of its candle: absent where an earlier version has written a drill's. */
  lastDecision: { readonly openTime?: MarketMs; readonly text: string } | null;
  /** Base units held, as a double: derived from the ledger for marking to market. */
  heldNumber: number;
}

/**
 * What follows from the rest of the state and is kept because steps look at it all the time. A part of the state
 * itself: a member apart would be one more load at each look.
 *
 * Invariant: nothing is known here alone. `indexSymbols`, `indexOrders` and `syncNumbers` make all of it anew, but for
 * the notes of the step under way.
 */
export interface DerivedState extends DerivedCounts {
  /** The symbols, for walking over them at every step. */
  symbolList: readonly SymbolState[];
  /** The records that are not final, in the order of their approval. */
  openOrders: OrderRecord[];
  /** All records, oldest first: to list a large record's entries takes longer than to look at them. */
  orderList: OrderRecord[];
  /** Times of the newest look at all limits, when nothing has changed since; NaN = something has. */
  evaluated: { at: MarketMs; wall: WallMs };
  /** Changes of the Guardian in the step under way; empty between steps. */
  readonly changes: Change[];
}

/**
 * Derived as well, but written into snapshots; so is each symbol's `heldNumber`. What a snapshot says of it is not
 * believed.
 */
export interface DerivedCounts {
  /** How many records there are. */
  ordersKept: number;
  /** Orders whose outcome is open (intent, unknown), and entries that are not final. */
  unsettled: number;
  openEntries: number;
  /** Whether the cancellation of an open order is wanted. */
  cancelsWanted: boolean;
  /** Cash and fee coin as doubles. */
  cashNumber: number | null;
  feeCoinNumber: number;
}

/** Everything that the engine remembers from step to step, and what it derives from that. */
export interface EngineState extends DerivedState {
  /** Null before the first start. */
  config: EngineConfig | null;
  engineVersion: string;
  startedAt: MarketMs;
  startedWall: WallMs;
  /** From a start until the stop in good order: a start that finds it set follows a crash. */
  running: boolean;
  /** How old data may be, by the configuration. Nothing is fresh before the first start. */
  freshness: FreshnessRule;
  /** Newest times seen; the wall time is the engine's own, which never runs backwards. */
  at: MarketMs;
  wall: WallMs;
  /** What the engine's wall time is ahead of the clock, because the clock was once set back. */
  wallShift: Milliseconds;
  orderSequence: number;
  symbols: Record<SymbolName, SymbolState>;
  ledger: Ledger;
  guardian: GuardianState;
  orders: Record<string, OrderRecord>;
  tradesClosed: number;
  /** Base coins beyond the ledger and other assets, for display. */
  external: Record<string, string>;
  accountAt: MarketMs | null;
  /** Whether the newest try to read the account failed: no entries until one works. */
  accountFailed: boolean;
  /** Wall time of the first of the tries in a row that failed; null while they work. */
  accountFailedSince: WallMs | null;
  /** Whether that has been told. */
  accountFailureTold: boolean;
  /**
   * Wall time since which equity has been unknown for a reason that no lock tells of, and whether people were told;
   * undefined, and so not in a snapshot, otherwise.
   */
  blind: { readonly since: WallMs; readonly told: boolean } | undefined;
  /** Client ids of the orders that kept the newest account reading from being compared; nothing else did. */
  hindrances: readonly string[];
  /** Quote currency at the exchange at the last account reading. */
  cashAtExchange: Decimal | null;
  /** Taker fee of the configuration, once orders have been charged more than that; absent otherwise. */
  configuredFee?: Fraction;
  /**
   * A difference that the last account reading found and that is not yet acted upon; `times`: in how many readings in a
   * row; `changes`: how many readings in a row have shown another shortage than the one before.
   */
  suspicion: { readonly key: string; readonly times: number; readonly changes?: number } | null;
  /**
   * Orders of other instances of this bot that the last reading found, each "symbol id", and the ids of those that an
   * operator has let go.
   */
  orphans: readonly string[];
  acceptedOrphans: readonly string[];
  /** Symbols of booked trades that the last reading did not find at the exchange any more. */
  lostHistory: readonly SymbolName[];
  /** Orders of others that wait for a trigger, by symbol, at the last reading. */
  algoOrders: Readonly<Record<SymbolName, number>>;
  /** Whether an operator waits for a comparison with the exchange. */
  reconcileRequested: boolean;
  /** Market that prices the third coin, or null. */
  feeSymbol: SymbolName | null;
  feeCoinPrice: number | null;
  /** The newest price read of it, believed or not; zero before the first. */
  feeCoinSeen: number;
  feeCoinAt: MarketMs;
  feeCoinWall: WallMs;
  /** Hour of the last equity point. */
  equityHour: MarketMs | null;
}

/** The state of an engine that has never been started. */
export const createEngineState = (): EngineState => ({
  config: null,
  engineVersion: '',
  startedAt: 0,
  startedWall: 0,
  running: false,
  evaluated: { at: Number.NaN, wall: Number.NaN },
  changes: [],
  freshness: { maxAge: 0, wallGrace: 0 },
  at: 0,
  wall: 0,
  wallShift: 0,
  orderSequence: 0,
  symbols: {},
  symbolList: [],
  ledger: createLedger(),
  guardian: createGuardian(),
  orders: {},
  openOrders: [],
  orderList: [],
  ordersKept: 0,
  unsettled: 0,
  openEntries: 0,
  cancelsWanted: false,
  tradesClosed: 0,
  external: {},
  accountAt: null,
  accountFailed: false,
  accountFailedSince: null,
  accountFailureTold: false,
  blind: undefined,
  hindrances: [],
  cashAtExchange: null,
  suspicion: null,
  orphans: [],
  acceptedOrphans: [],
  lostHistory: [],
  algoOrders: {},
  reconcileRequested: false,
  feeSymbol: null,
  feeCoinPrice: null,
  feeCoinSeen: 0,
  feeCoinAt: 0,
  feeCoinWall: 0,
  cashNumber: null,
  feeCoinNumber: 0,
  equityHour: null,
});

/** The state of a symbol that nothing is known of but its instrument. */
export const createSymbolState = (instrument: Instrument): SymbolState => ({
  symbol: instrument.symbol,
  staleLockId: lockId('stale-data', instrument.symbol),
  volatilityLockId: lockId('volatility', instrument.symbol),
  configured: true,
  unlisted: false,
  instrument,
  last: 0,
  bid: 0,
  ask: 0,
  believed: 0,
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

/** Derives the doubles (cash, fee coin, holdings) from the ledger again, after a booking. */
export const syncNumbers = (state: EngineState): void => {
  const { cash, feeCoin } = state.ledger;
  state.cashNumber = cash === null ? null : toNumber(cash);
  state.feeCoinNumber = feeCoin === 0n ? 0 : toNumber(feeCoin);
  for (const symbol of state.symbolList) symbol.heldNumber = toNumber(quantityOf(state.ledger, symbol.symbol));
};

/** Brings the list of symbols up to date after one was added or a snapshot was read. */
export const indexSymbols = (state: EngineState): void => {
  state.symbolList = Object.values(state.symbols);
};

/**
 * The configuration.
 * @throws when the engine has not been started: an input before `started` is a fault of the caller.
 */
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

/**
 * A holding that cost at least this many times the least notional is a position, whatever the present price: one wild
 * price must not leave it without a stop.
 */
const POSITION_COST = 2n;

/**
 * Whether what is held is less than the exchange lets us sell: valued, but not a position. Without a price only the lot
 * decides.
 */
export const isDust = (state: EngineState, symbol: SymbolState): boolean => {
  const { instrument } = symbol;
  const sellable = floorToLot(instrument, quantityOf(state.ledger, symbol.symbol), 'market');
  if (sellable <= ZERO || sellable < smallestQuantity(instrument, 'market')) return true;
  if ((state.ledger.positions[symbol.symbol]?.cost ?? ZERO) >= POSITION_COST * instrument.minNotional) return false;
  const last = lastDecimal(symbol);
  return last !== null && mulDown(last, sellable) < instrument.minNotional;
};

/** Whether an order is the stop of what is held: it goes only to be followed by a sale, or by another stop. */
export const protectsPosition = (state: EngineState, clientOrderId: string): boolean =>
  state.symbolList.some((symbol) => symbol.managed?.stopOrderId === clientOrderId && !isDust(state, symbol));

/** Last price as an exact decimal; null when there is none. */
export const lastDecimal = (symbol: SymbolState): Decimal | null =>
  symbol.last > 0 ? decimalFromNumber(symbol.last) : null;

/** An order by an id that a person has typed. A word that every object has, such as "constructor", finds none. */
export const orderNamed = ({ orders }: EngineState, id: string): OrderRecord | undefined =>
  Object.hasOwn(orders, id) ? orders[id] : undefined;

/** Symbols held in a market that the exchange has halted: their sales wait for the end of the halt. */
export const heldInHalt = ({ symbolList }: EngineState): readonly string[] =>
  symbolList.flatMap(({ symbol, managed, instrument, unlisted }) =>
    managed !== null && !instrument.trading && !unlisted ? [symbol] : [],
  );
