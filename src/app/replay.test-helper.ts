import { add, decimal, formatDecimal, mulDown, sub, toNumber, ZERO, type Decimal } from '../core/decimal.ts';
import { encodeEffects, encodeState } from '../core/engine/codec.ts';
import type { Effect } from '../core/engine/effect.ts';
import type { Input, OperatorCommand } from '../core/engine/input.ts';
import { step } from '../core/engine/step.ts';
import { createEngineState, type EngineState } from '../core/engine/state.ts';
import { instrumentText } from '../core/engine/world.test-helper.ts';
import type { OrderDraft, OrderSnapshot } from '../core/orders/order.ts';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import { HOUR_MS, type EpochMs } from '../core/units.ts';
import type { JournalStore } from '../ports/store.ts';

/**
 * A small market and exchange that answer the engine, so that a journal has
 * everything in it: fills, stops, cancellations, failures, locks, commands.
 * Deterministic by seed.
 */
export const FIXTURE_START: EpochMs = Date.UTC(2024, 7, 1);
const SYMBOL = 'BTC/USDT';
const HISTORY_HOURS = 100 * 24;
const FEE = '0.001';
const POLLS_PER_HOUR = 15;

const FIXTURE_CONFIG = {
  mode: 'paper' as const,
  symbols: [SYMBOL],
  quoteAsset: 'USDT',
  feeAsset: null,
  limits: DEFAULT_LIMITS,
  takerFee: 0.001,
  orderPrefix: 'gb',
  instanceId: 'fixture1',
  staleWallGrace: 0,
  model: {
    name: 'fixture',
    hash: 'f00d',
    schemaHash: 'another',
    stop: 0.015,
    target: 0.03,
    horizonHours: 24,
    margin: 0.001,
  },
};

const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

interface Account {
  readonly balances: Map<string, Decimal>;
  readonly resting: Map<string, OrderDraft>;
  orders: number;
  trades: number;
}

export interface FixtureRun {
  /** The engine's state at the end. */
  readonly state: EngineState;
  readonly effects: readonly Effect[];
}

/** Runs `hours` market hours into the store, continuing with `state`. Each call starts the engine (again). */
export const runFixture = (
  store: JournalStore,
  state: EngineState,
  seed: number,
  hours: number,
  from: EpochMs = FIXTURE_START,
): FixtureRun => {
  const random = createRandom(seed);
  const effects: Effect[] = [];
  const account: Account = { balances: new Map([['USDT', decimal('1000')]]), resting: new Map(), orders: 0, trades: 0 };
  let now = from;
  let price = 60_000;
  let commands = 0;

  const feed = (...inputs: readonly Input[]): void => {
    for (const list of store.commit(inputs, (input) => step(state, input))) {
      for (const effect of list) {
        effects.push(effect);
        answer(effect);
      }
    }
  };
  const times = (): { at: EpochMs; wall: EpochMs } => ({ at: now, wall: now });
  const report = (draft: OrderDraft, order: OrderSnapshot): void =>
    feed({
      type: 'order-report',
      ...times(),
      symbol: draft.symbol,
      clientOrderId: draft.clientOrderId,
      outcome: { kind: 'known', order },
    });
  const answer = (effect: Effect): void => {
    if (effect.type === 'place') place(effect.order.draft);
    if (effect.type !== 'cancel') return;
    const draft = account.resting.get(effect.clientOrderId);
    account.resting.delete(effect.clientOrderId);
    if (draft !== undefined) report(draft, snapshot(account, draft, 'cancelled', null, now));
  };
  const place = (draft: OrderDraft): void => {
    const reference = { ...times(), symbol: draft.symbol, clientOrderId: draft.clientOrderId };
    if (draft.purpose === 'entry' && random() < 0.1) {
      feed({
        type: 'order-report',
        ...reference,
        outcome: { kind: 'rejected', code: 'insufficient-funds', message: 'not enough' },
      });
      return;
    }
    if (random() < 0.1)
      feed({ type: 'order-report', ...reference, outcome: { kind: 'unknown', code: 'timeout', message: 'no answer' } });
    if (draft.purpose !== 'stop') return report(draft, snapshot(account, draft, 'filled', price, now));
    account.resting.set(draft.clientOrderId, draft);
    report(draft, snapshot(account, draft, 'new', null, now));
  };
  const quotes = (): void => {
    price = Math.round(price * (1 + (random() - 0.5) * 0.012) * 100) / 100;
    feed({
      type: 'quotes',
      ...times(),
      quotes: [{ symbol: SYMBOL, last: price, bid: price - 0.01, ask: price + 0.01, at: now }],
    });
    for (const draft of [...account.resting.values()]) {
      if (draft.stopPrice === null || price > toNumber(draft.stopPrice)) continue;
      account.resting.delete(draft.clientOrderId);
      report(draft, snapshot(account, draft, 'filled', price, now));
    }
  };
  const command = (order: OperatorCommand): void => {
    commands += 1;
    feed({ type: 'command', ...times(), commandId: `c${seed}-${commands}`, by: 'telegram 1 (Ada)', command: order });
  };
  const readAccount = (): void => {
    const balances = [...account.balances].map(([asset, total]) => ({
      asset,
      free: formatDecimal(total),
      locked: '0',
    }));
    feed({ type: 'account', ...times(), balances, failure: null, foreignOrders: [] });
  };

  feed({
    type: 'started',
    ...times(),
    engineVersion: 'fixture-engine',
    config: FIXTURE_CONFIG,
    instruments: [instrumentText(SYMBOL)],
    halts: [],
  });
  feed({ type: 'clock-skew', ...times(), skew: 12.5 });
  feed({ type: 'history', ...times(), symbol: SYMBOL, candles: historyCandles(random, now) });
  readAccount();
  for (let hour = 0; hour < hours; hour += 1) {
    const open = price;
    const path: number[] = [open];
    for (let poll = 1; poll <= POLLS_PER_HOUR; poll += 1) {
      now += HOUR_MS / POLLS_PER_HOUR;
      if (poll % 5 === 0) feed({ type: 'clock-skew', ...times(), skew: (random() - 0.5) * 100 });
      quotes();
      path.push(price);
    }
    feed({ type: 'candle', ...times(), symbol: SYMBOL, candle: candleOf(now - HOUR_MS, path) });
    const probability = 0.35 + random() * 0.6;
    feed({
      type: 'prediction',
      ...times(),
      symbol: SYMBOL,
      openTime: now - HOUR_MS,
      probability,
      failure: null,
      features: [random(), -0, null, 1e-300 * random()],
    });
    readAccount();
    if (hour % 24 === 7)
      command({
        name: 'unlock',
        reason: 'looked at it',
        lockIds: Object.keys(state.guardian.locks),
        newLossPermitted: null,
      });
    if (hour % 50 === 40) command({ name: 'pause', reason: 'lunch' });
    if (hour % 50 === 43) command({ name: 'resume' });
  }
  return { state, effects };
};

const candleOf = (openTime: EpochMs, path: readonly number[]) => ({
  openTime,
  open: path[0] ?? 0,
  high: Math.max(...path),
  low: Math.min(...path),
  close: path.at(-1) ?? 0,
  volume: 10,
  quoteVolume: 600_000,
  trades: 100,
  takerBuyBase: 5,
  takerBuyQuote: 300_000,
});

const historyCandles = (random: () => number, end: EpochMs): [number, number, number, number, number][] => {
  let close = 60_000;
  return Array.from({ length: HISTORY_HOURS }, (_, index) => {
    const open = close;
    close = open * (1 + (random() - 0.5) * 0.02 * (1 + (index % 7)));
    return [
      end - (HISTORY_HOURS - index) * HOUR_MS,
      open,
      Math.max(open, close) * 1.001,
      Math.min(open, close) * 0.999,
      close,
    ];
  });
};

/** Books the fill, if any, in the exchange's own account. */
const snapshot = (
  account: Account,
  draft: OrderDraft,
  status: OrderSnapshot['status'],
  price: number | null,
  at: EpochMs,
): OrderSnapshot => {
  account.orders += 1;
  const base = {
    clientOrderId: draft.clientOrderId,
    exchangeOrderId: String(account.orders),
    symbol: draft.symbol,
    side: draft.side,
    status,
    quantity: formatDecimal(draft.quantity),
  };
  if (price === null) return { ...base, executedQuantity: '0', fills: [] };
  account.trades += 1;
  const quote = mulDown(draft.quantity, decimal(String(price)));
  const buy = draft.side === 'buy';
  const fee = mulDown(buy ? draft.quantity : quote, decimal(FEE));
  const move = (asset: string, amount: Decimal): void =>
    void account.balances.set(asset, add(account.balances.get(asset) ?? ZERO, amount));
  move('BTC', buy ? sub(draft.quantity, fee) : sub(ZERO, draft.quantity));
  move('USDT', buy ? sub(ZERO, quote) : sub(quote, fee));
  const fill = {
    tradeId: String(account.trades),
    price: String(price),
    quantity: base.quantity,
    quoteQuantity: formatDecimal(quote),
    fee: formatDecimal(fee),
    feeAsset: buy ? 'BTC' : 'USDT',
    at,
  };
  return { ...base, executedQuantity: base.quantity, fills: [fill] };
};

/** Entries and snapshots in memory, as a store would give them back. */
export const createMemoryJournal = (): JournalStore & {
  readonly entries: { sequence: number; input: Input; effects: string }[];
  snapshot: { sequence: number; at: EpochMs; state: string } | null;
} => {
  const entries: { sequence: number; input: Input; effects: string }[] = [];
  const journal = {
    entries,
    snapshot: null as { sequence: number; at: EpochMs; state: string } | null,
    commit: (inputs: readonly Input[], apply: (input: Input) => readonly Effect[]) =>
      inputs.map((given) => {
        const input = JSON.parse(JSON.stringify(given)) as Input;
        const effects = apply(input);
        entries.push({ sequence: entries.length + 1, input, effects: encodeEffects(effects) });
        return effects;
      }),
    latestSnapshot: () => journal.snapshot,
    writeSnapshot: (snapshotToKeep: { sequence: number; at: EpochMs; state: string }) => {
      journal.snapshot = snapshotToKeep;
    },
    entriesAfter: (sequence: number) => entries.slice(sequence).values(),
    lastSequence: () => entries.length,
  };
  return journal;
};

const HOURS = 30;

export interface Upgrade {
  /** How often this version takes over; the other comes back in between. */
  readonly rounds?: number;
  /** What the other version says. Left out: alerts in other words. */
  readonly words?: (effect: Effect) => Effect;
  /** What the other version leaves in the state, as its last snapshot has it. */
  readonly leaves?: (state: EngineState) => void;
  /** Whether this version, too, has written a snapshot. */
  readonly snapshotAtEnd?: boolean;
}

const otherwise = (effect: Effect): Effect =>
  effect.type === 'alert' ? { type: 'alert', alert: { ...effect.alert, title: `${effect.alert.title}!` } } : effect;

/**
 * A journal that another version of the engine has begun, and that this one has gone on with from the snapshot of the
 * first day and the entries after it. @returns the entry with which this version began the last time
 */
export const recordUpgrade = (
  store: JournalStore,
  engineVersion: string,
  { rounds = 1, words = otherwise, leaves, snapshotAtEnd = false }: Upgrade = {},
): number => {
  const as = (version: string, said: (effect: Effect) => Effect): JournalStore => ({
    ...store,
    commit: (inputs, apply) =>
      store.commit(
        inputs.map((input) => (input.type === 'started' ? { ...input, engineVersion: version } : input)),
        (input) => apply(input).map(said),
      ),
  });
  const older = as('older', words);
  const { state } = runFixture(older, createEngineState(), 3, HOURS / 2);
  const keep = (): void =>
    store.writeSnapshot({ sequence: store.lastSequence(), at: state.at, state: encodeState(state) });
  keep();
  let since = 0;
  for (let round = 0; round < rounds; round += 1) {
    const start = FIXTURE_START + (round * 1.5 + 0.5) * HOURS * HOUR_MS;
    runFixture(older, state, 4 + round, HOURS / 2, start);
    if (leaves !== undefined) {
      leaves(state);
      keep();
    }
    since = store.lastSequence() + 1;
    runFixture(
      as(engineVersion, (effect) => effect),
      state,
      5 + round,
      HOURS,
      start + (HOURS / 2) * HOUR_MS,
    );
  }
  if (snapshotAtEnd) keep();
  return since;
};
