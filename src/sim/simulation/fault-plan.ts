import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { FaultRequest } from '../exchange/faults/registry.ts';
import type { RandomStream } from '../generator/random.ts';

/** One fault with its life: from when, and until when at the latest. */
export interface PlannedFault {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly fault: ExchangeFault | OtherFault;
}

export interface ExchangeFault {
  readonly where: 'exchange';
  readonly request: FaultRequest;
}

/** What happens outside of the exchange. */
export type OtherFault =
  /** No message gets through. */
  | { readonly where: 'telegram'; readonly name: 'outage' | 'answer-lost' | 'slow-down' }
  /** Writes fail. */
  | { readonly where: 'disk'; readonly name: 'full' }
  /** Answers are late. */
  | { readonly where: 'network'; readonly name: 'slow' }
  /** A person: pauses, halts, flattens. */
  | { readonly where: 'operator'; readonly name: 'pause' | 'halt' | 'flatten' }
  /** The service is stopped in good order and started again. */
  | { readonly where: 'process'; readonly name: 'restart' };

type Draw = (random: RandomStream, symbols: readonly SymbolName[]) => ExchangeFault | OtherFault;

const exchange =
  (make: (random: RandomStream, symbols: readonly SymbolName[]) => FaultRequest): Draw =>
  (random, symbols) => ({ where: 'exchange', request: make(random, symbols) });
const whole = (random: RandomStream, from: number, to: number): number =>
  from + Math.floor(random.uniform() * (to - from + 1));
const pick = <T>(random: RandomStream, list: readonly T[]): T => {
  const item = list[Math.floor(random.uniform() * list.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
};
const ORDER = { endpoint: 'order' } as const;

interface Kind {
  /** How often it is drawn, against the others. */
  readonly weight: number;
  /** Longest life. */
  readonly life: Milliseconds;
  readonly draw: Draw;
}

const kind = (weight: number, life: Milliseconds, draw: Draw): Kind => ({ weight, life, draw });
const DAY = 24 * 60 * MINUTE_MS;

/**
 * Every fault of the exchange by its name (sim/exchange/FAULTS.md) but `late-balances`, under which a true ledger is
 * halted, and those of everything around it.
 */
const KINDS: readonly Kind[] = [
  kind(
    6,
    DAY,
    exchange((random) => ({ name: 'accepted-but-time-out', milliseconds: 30_000, count: whole(random, 1, 2) })),
  ),
  kind(
    5,
    DAY,
    exchange((random) => ({ name: 'reset-before-acceptance', count: whole(random, 1, 2) })),
  ),
  kind(
    6,
    DAY,
    exchange((random) => ({ name: 'reset-after-acceptance', count: whole(random, 1, 2) })),
  ),
  kind(
    3,
    DAY,
    exchange(() => ({ name: 'reset-after-acceptance', ...ORDER, method: 'DELETE' })),
  ),
  kind(
    3,
    DAY,
    exchange(() => ({ name: 'reset-before-acceptance', ...ORDER, method: 'GET', count: 2 })),
  ),
  kind(
    5,
    DAY,
    exchange((random) => ({ name: '5xx', accepted: random.uniform() < 0.5, count: whole(random, 1, 3) })),
  ),
  kind(
    2,
    DAY,
    exchange((random) => ({ name: '5xx', ...ORDER, method: 'DELETE', accepted: random.uniform() < 0.5 })),
  ),
  kind(
    2,
    20 * MINUTE_MS,
    exchange(() => ({ name: '5xx', endpoint: 'account', method: 'GET', count: 5 })),
  ),
  kind(
    2,
    20 * MINUTE_MS,
    exchange(() => ({ name: '5xx', endpoint: 'openOrders', method: 'GET', count: 5 })),
  ),
  kind(
    2,
    20 * MINUTE_MS,
    exchange(() => ({ name: '5xx', endpoint: 'myTrades', method: 'GET', count: 5 })),
  ),
  kind(
    2,
    DAY,
    exchange((random) => ({ name: '429', ...ORDER, method: 'POST', retryAfter: whole(random, 1, 20) })),
  ),
  kind(
    1,
    30 * MINUTE_MS,
    exchange((random) => ({ name: '429', retryAfter: whole(random, 1, 10), count: whole(random, 1, 5) })),
  ),
  kind(
    1,
    DAY,
    exchange((random) => ({ name: '418', retryAfter: whole(random, 10, 120) })),
  ),
  kind(
    3,
    DAY,
    exchange((random) => ({
      name: 'slow-answer',
      ...ORDER,
      milliseconds: whole(random, 500, 9_000),
      accepted: random.uniform() < 0.5,
    })),
  ),
  kind(
    1,
    15 * MINUTE_MS,
    exchange(() => ({ name: 'maintenance' })),
  ),
  kind(
    1,
    30 * MINUTE_MS,
    exchange((random) => ({ name: 'skew', milliseconds: pick(random, [-8_000, -2_000, 1_500, 6_000]) })),
  ),
  kind(
    3,
    DAY,
    exchange(() => ({ name: 'timestamp-rejected' })),
  ),
  kind(
    2,
    DAY,
    exchange(() => ({ name: 'insufficient-balance' })),
  ),
  kind(
    2,
    DAY,
    exchange((random) => ({ name: 'unknown-order', count: whole(random, 1, 2) })),
  ),
  kind(
    3,
    DAY,
    exchange(() => ({ name: 'no-such-order' })),
  ),
  kind(
    1,
    DAY,
    exchange(() => ({ name: 'bad-key' })),
  ),
  kind(
    4,
    DAY,
    exchange((random) => ({ name: 'stop-rejected', count: whole(random, 1, 4) })),
  ),
  kind(
    2,
    DAY,
    exchange((random) => ({
      name: 'filter',
      filter: pick(random, ['LOT_SIZE', 'NOTIONAL', 'MAX_NUM_ALGO_ORDERS', 'PERCENT_PRICE_BY_SIDE']),
    })),
  ),
  kind(
    2,
    3 * 60 * MINUTE_MS,
    exchange((random, symbols) => ({
      name: 'market-halted',
      of: pick(random, symbols),
      status: pick(random, ['HALT', 'BREAK']),
    })),
  ),
  kind(
    2,
    6 * 60 * MINUTE_MS,
    exchange(() => ({ name: 'duplicate-fills' })),
  ),
  kind(
    2,
    6 * 60 * MINUTE_MS,
    exchange(() => ({ name: 'reordered-fills' })),
  ),
  kind(
    3,
    6 * 60 * MINUTE_MS,
    exchange((random) => ({ name: 'late-fills', reads: whole(random, 1, 6) })),
  ),
  // Long enough that entries are settled by what they state themselves.
  kind(
    2,
    6 * 60 * MINUTE_MS,
    exchange(() => ({ name: 'late-fills', reads: 1_000 })),
  ),
  kind(
    3,
    DAY,
    exchange((random) => ({
      name: 'fill-after-cancel',
      fraction: pick(random, [1, 0.5]),
      answer: pick(random, ['truth', 'cancelled']),
    })),
  ),
  kind(
    4,
    DAY,
    exchange((random) => ({
      name: 'partial-then-cancel',
      fraction: pick(random, [0.2, 0.5, 0.9]),
      status: pick(random, ['CANCELED', 'EXPIRED']),
    })),
  ),
  kind(
    2,
    2 * 60 * MINUTE_MS,
    exchange(() => ({ name: 'stop-triggered-unfilled' })),
  ),
  kind(
    1,
    10 * MINUTE_MS,
    exchange(() => ({ name: 'unfilled' })),
  ),
  kind(
    2,
    30 * MINUTE_MS,
    exchange(() => ({ name: 'stale-prices' })),
  ),
  kind(
    2,
    90 * MINUTE_MS,
    exchange(() => ({ name: 'missing-candles' })),
  ),
  kind(
    1,
    90 * MINUTE_MS,
    exchange(() => ({ name: 'stale-candles' })),
  ),
  kind(
    1,
    90 * MINUTE_MS,
    exchange((random, symbols) => ({
      name: 'wrong-balance',
      asset: pick(random, ['USDT', symbols[0]?.split('/')[0] ?? 'BTC']),
      difference: pick(random, ['-10', '-0.001', '5']),
    })),
  ),
  kind(
    2,
    DAY,
    exchange((random) => ({ name: 'price-gap-through-stop', beyond: pick(random, [0.002, 0.01, 0.03]) })),
  ),
  kind(4, 60 * MINUTE_MS, () => ({ where: 'telegram', name: 'outage' })),
  kind(3, 4 * 60 * MINUTE_MS, () => ({ where: 'telegram', name: 'answer-lost' })),
  kind(2, 60 * MINUTE_MS, () => ({ where: 'telegram', name: 'slow-down' })),
  kind(2, MINUTE_MS, () => ({ where: 'disk', name: 'full' })),
  kind(8, 6 * 60 * MINUTE_MS, () => ({ where: 'network', name: 'slow' })),
  kind(1, MINUTE_MS, () => ({ where: 'operator', name: 'pause' })),
  kind(1, MINUTE_MS, () => ({ where: 'operator', name: 'halt' })),
  kind(1, MINUTE_MS, () => ({ where: 'operator', name: 'flatten' })),
  kind(2, MINUTE_MS, () => ({ where: 'process', name: 'restart' })),
];

/** Faults drawn a day. */
const FAULTS_A_DAY = 8;

/** Nothing but a bad network, all the time: where the second look has to prove itself. */
export const slowNetwork = (from: EpochMs, to: EpochMs): readonly PlannedFault[] => [
  { from, to, fault: { where: 'network', name: 'slow' } },
];

/** The faults of one run, by their beginning. All of them are over at `to`. */
export const planFaults = (
  random: RandomStream,
  from: EpochMs,
  to: EpochMs,
  symbols: readonly SymbolName[],
): readonly PlannedFault[] => {
  const total = KINDS.reduce((sum, { weight }) => sum + weight, 0);
  const drawKind = (): Kind => {
    let left = random.uniform() * total;
    for (const candidate of KINDS) {
      left -= candidate.weight;
      if (left < 0) return candidate;
    }
    return KINDS[0] as Kind;
  };
  const count = Math.round(((to - from) / DAY) * FAULTS_A_DAY);
  const planned = Array.from({ length: count }, (): PlannedFault => {
    const { life, draw } = drawKind();
    const start = from + Math.floor(random.uniform() * (to - from));
    const span = Math.max(10 * SECOND_MS, Math.floor(life * random.uniform()));
    return { from: start, to: Math.min(to, start + span), fault: draw(random, symbols) };
  });
  return planned.sort((a, b) => a.from - b.from);
};
