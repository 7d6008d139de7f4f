import type { Balance } from '../matching/accounts.ts';
import type { SymbolBook } from '../matching/engine.ts';
import type { SimOrder, SimTrade } from '../matching/order.ts';
import type { CandlePrices } from '../matching/path.ts';
import type { SymbolMarketState } from './market.ts';
import type { ReceivedOrder } from './received.ts';
import type { SimStore } from './store.ts';

/**
 * The form of the simulator's account at rest: one entry a thing, keyed so that
 * a sorted listing is in order, big integers as {"n": "..."}.
 */
export const STORE_FORMAT = 1;

export interface StoredMeta {
  readonly format: number;
  readonly seed: number;
  readonly stepsPerHour: number;
  readonly startTime: number;
  readonly symbols: readonly string[];
  /** The exchange's number of the account; absent in stores of older versions. */
  readonly accountId?: number;
}

export type StoredSymbol = Omit<SymbolBook, 'rules' | 'open'> & SymbolMarketState;

export interface StoredState {
  meta: StoredMeta | null;
  marketTime: number;
  accountUpdateTime: number;
  readonly symbols: Map<string, StoredSymbol>;
  readonly balances: Map<string, Balance>;
  readonly orders: SimOrder[];
  readonly trades: SimTrade[];
  readonly candles: Map<string, CandlePrices>;
  readonly received: ReceivedOrder[];
}

const ID_DIGITS = 15;
const padded = (value: number): string => String(value).padStart(ID_DIGITS, '0');

export const keys = {
  meta: 'meta',
  market: 'market',
  symbol: (id: string): string => `symbol/${id}`,
  balance: (asset: string): string => `balance/${asset}`,
  order: (order: SimOrder): string => `order/${order.symbol}/${padded(order.orderId)}`,
  trade: (trade: SimTrade): string => `trade/${trade.symbol}/${padded(trade.id)}`,
  candle: (idAndTime: string): string => `candle/${idAndTime}`,
  received: (sequence: number): string => `received/${padded(sequence)}`,
};

export const encode = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? { n: item.toString() } : item));

const decode = (text: string): unknown =>
  JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || !('n' in item)) return item;
    return typeof item.n === 'string' ? BigInt(item.n) : item;
  });

/**
 * Reads everything a store holds. The entries are our own, written by encode,
 * so their shapes are trusted; unknown keys are not.
 * @throws Error for an entry this version does not know.
 */
export const loadState = (store: SimStore): StoredState => {
  const state: StoredState = {
    meta: null,
    marketTime: 0,
    accountUpdateTime: 0,
    symbols: new Map(),
    balances: new Map(),
    orders: [],
    trades: [],
    candles: new Map(),
    received: [],
  };
  for (const [key, text] of store.load()) loadEntry(state, key, decode(text));
  state.orders.sort((a, b) => (a.symbol === b.symbol ? a.orderId - b.orderId : a.symbol < b.symbol ? -1 : 1));
  state.trades.sort((a, b) => a.sequence - b.sequence);
  state.received.sort((a, b) => a.sequence - b.sequence);
  return state;
};

const loadEntry = (state: StoredState, key: string, value: unknown): void => {
  const slash = key.indexOf('/');
  const kind = slash < 0 ? key : key.slice(0, slash);
  const rest = key.slice(slash + 1);
  switch (kind) {
    case 'meta':
      state.meta = value as StoredMeta;
      return;
    case 'market': {
      const { time, accountUpdateTime } = value as { time: number; accountUpdateTime: number };
      state.marketTime = time;
      state.accountUpdateTime = accountUpdateTime;
      return;
    }
    case 'symbol':
      state.symbols.set(rest, value as StoredSymbol);
      return;
    case 'balance':
      state.balances.set(rest, value as Balance);
      return;
    case 'order':
      state.orders.push(value as SimOrder);
      return;
    case 'trade':
      state.trades.push(value as SimTrade);
      return;
    case 'candle':
      state.candles.set(rest, value as CandlePrices);
      return;
    case 'received':
      state.received.push(value as ReceivedOrder);
      return;
    default:
      throw new Error(`the simulator's store holds an entry "${key}" that this version does not know`);
  }
};
