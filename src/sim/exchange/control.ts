import type { EpochMs, Fraction, Milliseconds, SymbolName } from '../../core/units.ts';
import { formatFixed, tryFixed, UNIT, type Fixed } from '../matching/fixed.ts';
import { ControlError, type Exchange } from './exchange.ts';
import { symbolId } from './faults/fault.ts';
import type { FaultRequest, Faults, FaultState } from './faults/registry.ts';
import type { ReceivedOrder } from './received.ts';
import { orderView, tradeView, type Json } from './views.ts';

export interface IdleAnswer {
  readonly marketTime: EpochMs;
  readonly advanced: boolean;
  readonly ended: boolean;
}

export interface ControlState {
  readonly marketTime: EpochMs;
  readonly wallTime: EpochMs;
  readonly ended: boolean;
  readonly paused: boolean;
  readonly stepMilliseconds: Milliseconds;
  /** Exact decimal text. `deposited` is everything from outside, the initial balance included. */
  readonly balances: Readonly<
    Record<string, { readonly free: string; readonly locked: string; readonly deposited: string }>
  >;
  readonly openOrders: readonly Json[];
  /** Last prices by the common name of the symbol. */
  readonly prices: Readonly<Record<SymbolName, string>>;
  readonly orderCount: number;
  readonly tradeCount: number;
  readonly receivedCount: number;
  readonly faults: readonly FaultState[];
}

/** What tests and the demo can do to the market, apart from the exchange's API. */
export interface SimulatorControl {
  /** The client has nothing left to do: waits out the pace, then steps. At most about a second while paused. */
  idle(cancelled?: () => boolean): Promise<IdleAnswer>;
  /** Wall milliseconds per sub-step; 0 steps at once. */
  pace(stepMilliseconds: Milliseconds): void;
  pause(paused: boolean): void;
  state(): ControlState;
  /** Moves the price at once, as a gap. The way goes on from there to the source's next price, unless lasting. */
  price(symbol: SymbolName, price: string | number, lasting?: boolean): void;
  /** Moves the price by a fraction of itself; all later prices with it, unless lasting is false. */
  jump(symbol: SymbolName, fraction: Fraction, lasting?: boolean): void;
  /** Money from outside; negative withdraws. */
  deposit(asset: string, amount: string | number): void;
  /** Other fees from now on, as fractions; what is not named stays. `coin`: the third coin that pays them, or null. */
  fees(changes: FeeChanges): void;
  /** Another least notional of a symbol from now on, in quote currency. */
  leastNotional(symbol: SymbolName, amount: string): void;
  fault(request: FaultRequest): number;
  clearFaults(id?: number): number;
  /** Every order, and every request for one, refused and lost ones included. */
  orders(after?: number): { readonly received: readonly ReceivedOrder[]; readonly orders: readonly Json[] };
  /** Every trade of the account in the order in which it happened, from sequence `after` on. */
  trades(after?: number): readonly Json[];
}

export interface FeeChanges {
  readonly maker?: string | number;
  readonly taker?: string | number;
  readonly coin?: string | null;
}

export interface ControlOptions {
  readonly exchange: Exchange;
  readonly faults: Faults;
  readonly stepMilliseconds: Milliseconds;
  readonly wait: (milliseconds: Milliseconds) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly monotonic: () => Milliseconds;
  readonly closed: () => boolean;
}

/** How often a wait looks whether the pace, the pause or the client has changed. */
const SLICE_MS = 50;
const PAUSED_ANSWER_MS = 1000;

export const createControl = ({
  exchange,
  faults,
  wait,
  monotonic,
  closed,
  ...options
}: ControlOptions): SimulatorControl => {
  let stepMilliseconds = options.stepMilliseconds;
  let paused = false;
  let lastStep = monotonic() - stepMilliseconds;
  let queue: Promise<unknown> = Promise.resolve();

  const answer = (advanced: boolean): IdleAnswer => ({
    marketTime: exchange.marketTime,
    advanced,
    ended: exchange.market.ended && !advanced,
  });

  /** False when the market is to stand still: paused, or the client has gone. */
  const waitForTurn = async (cancelled: () => boolean): Promise<boolean> => {
    const since = monotonic();
    for (;;) {
      if (cancelled() || closed()) return false;
      if (paused) {
        if (monotonic() - since >= PAUSED_ANSWER_MS) return false;
        await wait(SLICE_MS);
        continue;
      }
      const left = lastStep + stepMilliseconds - monotonic();
      if (left <= 0) return true;
      await wait(Math.min(left, SLICE_MS));
    }
  };

  const step = async (cancelled: () => boolean): Promise<IdleAnswer> => {
    assertSound(exchange);
    if (exchange.market.ended || !(await waitForTurn(cancelled))) return answer(false);
    lastStep = monotonic();
    exchange.step();
    faults.stepped();
    exchange.commit();
    return answer(true);
  };

  const change = (mutate: () => void): void => {
    assertSound(exchange);
    mutate();
    exchange.commit();
  };

  return {
    idle: (cancelled = () => false) => {
      const turn = queue.then(() => step(cancelled));
      queue = turn.catch(() => undefined);
      return turn;
    },
    pace: (milliseconds) => {
      if (!Number.isFinite(milliseconds) || milliseconds < 0)
        throw new ControlError(`stepMilliseconds must be at least 0, not ${milliseconds}`);
      stepMilliseconds = milliseconds;
    },
    pause: (value) => {
      paused = value;
    },
    state: () => ({ ...stateOf(exchange), paused, stepMilliseconds, faults: faults.list() }),
    price: (symbol, price, lasting = false) =>
      change(() => exchange.forcePrice(idOf(exchange, symbol), amountOf(price, 'price'), lasting)),
    jump: (symbol, fraction, lasting = true) => {
      if (!Number.isFinite(fraction) || fraction <= -1)
        throw new ControlError(`fraction must be above -1, not ${fraction}`);
      change(() => exchange.jump(idOf(exchange, symbol), amountOf(fraction, 'fraction'), lasting));
    },
    deposit: (asset, amount) => change(() => exchange.deposit(asset, amountOf(amount, 'amount'))),
    fees: (changes) => {
      exchange.engine.fees = changedFees(exchange.fees, changes);
    },
    leastNotional: (symbol, amount) => {
      exchange.setLeastNotional(idOf(exchange, symbol), amountOf(amount, 'amount'));
    },
    fault: (request) => faults.add(request),
    clearFaults: (id) => faults.remove(id),
    orders: (after = 0) => ({
      received: exchange.received.slice(after),
      orders: [...exchange.instruments.keys()].flatMap((id) => exchange.engine.files.orders(id)).map(orderView),
    }),
    trades: (after = 0) =>
      exchange.engine.files
        .allTrades()
        .slice(after)
        .map((trade) => ({ sequence: trade.sequence, ...tradeView(trade) })),
  };
};

const assertSound = (exchange: Exchange): void => {
  if (exchange.failure !== null) throw exchange.failure;
};

const idOf = (exchange: Exchange, symbol: SymbolName): string => {
  const id = symbolId(symbol);
  if (!exchange.engine.has(id))
    throw new ControlError(
      `no symbol "${symbol}"; there are ${[...exchange.instruments.values()].map(({ name }) => name).join(', ')}`,
    );
  return id;
};

const amountOf = (value: string | number, name: string): Fixed => {
  const amount = tryFixed(typeof value === 'number' ? value.toFixed(8) : value);
  if (amount === null)
    throw new ControlError(`${name} must be a decimal of at most 8 places, not ${JSON.stringify(value)}`);
  return amount;
};

const changedFees = (fees: Exchange['fees'], { maker, taker, coin }: FeeChanges): Exchange['fees'] => {
  const rate = (value: string | number, name: string): Fixed => {
    const found = amountOf(value, name);
    if (found < 0n || found >= UNIT)
      throw new ControlError(`${name} must be a fraction from 0 to below 1, not ${JSON.stringify(value)}`);
    return found;
  };
  return {
    ...fees,
    ...(maker === undefined ? {} : { maker: rate(maker, 'maker') }),
    ...(taker === undefined ? {} : { taker: rate(taker, 'taker') }),
    ...(coin === undefined ? {} : { coin }),
  };
};

const stateOf = (exchange: Exchange): Omit<ControlState, 'paused' | 'stepMilliseconds' | 'faults'> => {
  const { engine, instruments } = exchange;
  return {
    marketTime: exchange.marketTime,
    wallTime: exchange.wallNow(),
    ended: exchange.market.ended,
    balances: Object.fromEntries(
      engine.accounts
        .entries()
        .map(([asset, { free, locked, deposited }]) => [
          asset,
          { free: formatFixed(free), locked: formatFixed(locked), deposited: formatFixed(deposited) },
        ]),
    ),
    openOrders: [...instruments.keys()].flatMap((id) => engine.files.open(id)).map(orderView),
    prices: Object.fromEntries([...instruments].map(([id, { name }]) => [name, formatFixed(engine.symbol(id).last)])),
    orderCount: engine.files.orderCount,
    tradeCount: engine.files.tradeCount,
    receivedCount: exchange.received.length,
  };
};
