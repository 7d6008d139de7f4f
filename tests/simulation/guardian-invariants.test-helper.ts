import { toNumber, ZERO } from '../../src/core/decimal.ts';
import type { Effect } from '../../src/core/engine/effect.ts';
import type { Input } from '../../src/core/engine/input.ts';
import type { EngineState } from '../../src/core/engine/state.ts';
import type { World } from '../../src/core/engine/world.test-helper.ts';
import type { Lock } from '../../src/core/guardian/lock.ts';
import { imbalance } from '../../src/core/ledger/ledger.ts';
import { isFinal, outstanding, type OrderRecord } from '../../src/core/orders/record.ts';

const fail = (what: string): never => {
  throw new Error(`invariant broken: ${what}`);
};
const SLACK = 1e-6;
/** A symbol rests this long after a stop-out. */
const REST = 4 * 3_600_000;

/** What an oracle remembers between steps. */
interface Memory {
  locks: Record<string, Lock>;
  dayBaseline: number | null;
  day: number | null;
  highWaterMark: number | null;
  streak: number;
  /** Orders whose outcome was open. */
  unsettled: readonly string[];
  /** Wall time of the last sign of trouble with an order. */
  trouble: number;
}

/**
 * The invariants of the Guardian, each worked out here from the state and the
 * inputs, not by the code that is tested. Returns a check to call after every step.
 */
export const invariants = (world: World): ((input: Input, effects: readonly Effect[]) => void) => {
  let memory = remember(world.state, null);
  /** Market time of the newest fill of a stop, by symbol. */
  const stoppedAt = new Map<string, number>();
  return (input, effects) => {
    const { state } = world;
    checkBooks(state);
    checkSells(state);
    checkAlerts(effects);
    for (const effect of effects)
      if (effect.type === 'fill' && effect.purpose === 'stop') stoppedAt.set(effect.symbol, state.at);
    for (const effect of effects)
      if (
        effect.type === 'place' &&
        effect.order.draft.purpose === 'entry' &&
        state.at < (stoppedAt.get(effect.order.draft.symbol) ?? Number.NEGATIVE_INFINITY) + REST
      )
        fail('an entry in the rest after a stop');
    for (const effect of effects)
      if (effect.type === 'place' && effect.order.draft.purpose === 'entry')
        checkEntry(state, effect.order.draft.symbol, input);
    checkLoosening(state, memory, input, effects);
    memory = remember(state, memory, effects);
  };
};

const isUnsettled = (record: OrderRecord | undefined): boolean =>
  record?.status === 'unknown' || record?.status === 'intent';

const remember = (state: EngineState, before: Memory | null, effects: readonly Effect[] = []): Memory => {
  const { guardian } = state;
  const troubled = effects.some(
    (effect) =>
      (effect.type === 'order' && effect.status === 'unknown') ||
      (effect.type === 'alert' &&
        effect.alert.kind === 'order-failure' &&
        !effect.alert.title.includes('not possible')),
  );
  return {
    locks: { ...guardian.locks },
    dayBaseline: guardian.dayBaseline,
    day: guardian.day,
    highWaterMark: guardian.highWaterMark,
    streak: guardian.lossStreak.length,
    unsettled: Object.values(state.orders).flatMap((record) =>
      isUnsettled(record) ? [record.draft.clientOrderId] : [],
    ),
    trouble: troubled ? state.wall : (before?.trouble ?? Number.NEGATIVE_INFINITY),
  };
};

/** Cash, cost and results balance to the last decimal; nothing is held below zero. */
const checkBooks = (state: EngineState): void => {
  if (state.ledger.cash !== null && imbalance(state.ledger) !== ZERO) fail('the ledger does not balance');
  for (const [symbol, position] of Object.entries(state.ledger.positions)) {
    if (position.quantity < ZERO) fail(`${symbol}: negative holding`);
    if (position.quantity === ZERO && position.cost !== ZERO) fail(`${symbol}: cost without a holding`);
  }
};

/**
 * One alert, no more and no less, for each lock that is set or cleared, each round trip that ends, and each order of
 * which fills of an entry or a stop have come.
 */
const checkAlerts = (effects: readonly Effect[]): void => {
  const told = (kind: string, key: RegExp): number =>
    effects.filter((effect) => effect.type === 'alert' && effect.alert.kind === kind && key.test(effect.alert.key))
      .length;
  const locks = (change: 'set' | 'cleared'): number =>
    effects.filter((effect) => effect.type === 'lock' && effect.change === change).length;
  const orders = (purpose: 'entry' | 'stop'): number =>
    new Set(
      effects.flatMap((effect) => (effect.type === 'fill' && effect.purpose === purpose ? [effect.clientOrderId] : [])),
    ).size;
  if (told('lock', /./) !== locks('set')) fail('a lock that was not told of');
  if (told('unlock', /./) + told('data', /stale-data/) !== locks('cleared')) fail('an unlock that was not told of');
  if (told('fill', /^fill:trade:/) !== effects.filter(({ type }) => type === 'trade').length)
    fail('a round trip that was not told of');
  if (told('fill', /^fill:entry:/) !== orders('entry') || told('stop', /:filled:/) !== orders('stop'))
    fail('a fill that was not told of');
};

/** At most one live stop for a position, never a stop and an exit at once, never more on sale than is held. */
const checkSells = (state: EngineState): void => {
  for (const symbol of Object.keys(state.symbols)) {
    const open = Object.values(state.orders).filter(
      (record) => record.draft.symbol === symbol && record.draft.side === 'sell' && !isFinal(record),
    );
    const stops = open.filter((record) => record.draft.purpose === 'stop').length;
    if (stops > 1) fail(`${symbol}: ${stops} live stops`);
    if (open.length > 1) fail(`${symbol}: a stop and an exit at once`);
    const onSale = open.reduce((sum, record) => sum + outstanding(record), 0n);
    if (onSale > (state.ledger.positions[symbol]?.quantity ?? 0n)) {
      // Only a late sale of an earlier order can have made it so; it is being put right.
      if (!open.every((record) => record.cancelling || record.status !== 'working' || record.cancelRetryAt !== null))
        fail(`${symbol}: more on sale than held`);
    }
  }
};

/** Equity in doubles, from cash, holdings and prices. */
const equity = (state: EngineState): number => {
  let total = toNumber(state.ledger.cash ?? ZERO);
  for (const [symbol, position] of Object.entries(state.ledger.positions))
    total += toNumber(position.quantity) * (state.symbols[symbol]?.last ?? 0);
  if (state.ledger.feeCoin !== ZERO) total += toNumber(state.ledger.feeCoin) * (state.feeCoinPrice ?? Number.NaN);
  return total;
};

const checkEntry = (state: EngineState, symbol: string, input: Input): void => {
  const { guardian, config } = state;
  if (config === null) return fail('an entry before the start');
  for (const lock of Object.values(guardian.locks))
    if (lock.symbol === null || lock.symbol === symbol) fail(`an entry while ${lock.id} is in force`);
  const own = state.symbols[symbol];
  if (own === undefined) return fail('an entry in an unknown symbol');
  const maxAge = config.limits.maxDataAgeSeconds * 1_000;
  for (const each of Object.values(state.symbols)) {
    const held = state.ledger.positions[each.symbol]?.quantity ?? ZERO;
    if (
      (each === own || (held > ZERO && each.managed !== null)) &&
      !(each.priceAt !== null && input.at - each.priceAt <= maxAge && each.last > 0)
    )
      fail(`an entry while the price of ${each.symbol} is not known`);
  }
  if (state.ledger.cash === null) fail('an entry while the balance is not known');
  if (guardian.dayBaseline === null || guardian.day !== Math.floor(state.at / 86_400_000) * 86_400_000)
    fail('an entry without a baseline of the day');
  if (!(guardian.skewTried && guardian.skew !== null && Math.abs(guardian.skew) <= 1_000))
    fail('an entry while the clock is not known');
  if (own.newestCandleOpen === null || input.at > own.newestCandleOpen + 7_200_000 + maxAge)
    fail('an entry on old candles');
  if (input.type !== 'prediction' || input.openTime !== own.newestCandleOpen) fail('an entry on an old signal');
  checkCaps(state, symbol);
};

const checkCaps = (state: EngineState, symbol: string): void => {
  const { config, guardian } = state;
  if (config === null) return;
  const { limits, takerFee } = config;
  const total = equity(state);
  let gross = 0;
  let single = 0;
  let worst =
    toNumber(state.ledger.cash ?? ZERO) +
    (state.ledger.feeCoin === ZERO ? 0 : toNumber(state.ledger.feeCoin) * (state.feeCoinPrice ?? 0));
  const count = (of: string, value: number): void => {
    gross += value;
    if (of === symbol) single += value;
  };
  for (const each of Object.values(state.symbols)) {
    const held = toNumber(state.ledger.positions[each.symbol]?.quantity ?? ZERO);
    count(each.symbol, held * each.last);
    const { managed } = each;
    const stop =
      managed === null
        ? null
        : managed.stopPrice === null
          ? each.last * (1 - limits.stopLoss)
          : toNumber(managed.stopPrice);
    worst += held * (stop === null ? each.last : Math.min(stop, each.last) * 0.995 * (1 - takerFee));
  }
  for (const record of Object.values(state.orders)) {
    if (record.draft.purpose !== 'entry' || isFinal(record)) continue;
    const price = toNumber(record.draft.limitPrice ?? ZERO);
    const open = toNumber(outstanding(record));
    count(record.draft.symbol, open * price);
    worst -= open * (price * (1 + takerFee) - price * (1 - limits.stopLoss) * 0.995 * (1 - takerFee));
  }
  if (gross > total * limits.maxGrossExposure + SLACK)
    fail(`gross exposure ${gross} over ${limits.maxGrossExposure} of ${total}`);
  if (gross > total * limits.maxLeverage + SLACK) fail(`leverage ${gross / total}`);
  if (single > total * limits.maxSymbolExposure + SLACK)
    fail(`exposure of ${symbol} ${single} over ${limits.maxSymbolExposure} of ${total}`);
  const floor = (guardian.dayBaseline ?? Number.POSITIVE_INFINITY) * (1 - limits.maxDailyDrawdown);
  if (worst < floor - SLACK) fail(`loss budget: ${worst} at all stops is below ${floor}`);
};

/** Every lock that has gone, and every baseline that has come down, did so by its own rule. */
const checkLoosening = (state: EngineState, before: Memory, input: Input, effects: readonly Effect[]): void => {
  const { guardian } = state;
  const unlocked = (id: string): boolean =>
    input.type === 'command' && input.command.name === 'unlock' && input.command.lockIds.includes(id);
  for (const lock of Object.values(before.locks)) {
    if (guardian.locks[lock.id] !== undefined && guardian.locks[lock.id]?.since === lock.since) continue;
    if (!maySink(lock, state, before, input, unlocked(lock.id))) fail(`${lock.id} was cleared by ${input.type}`);
  }
  const movedOut = effects.some(
    (effect) =>
      (effect.type === 'deposit' && effect.amount < ZERO) ||
      (effect.type === 'baseline' && effect.cause === 'withdrawal'),
  );
  const newDay = before.day !== guardian.day;
  if (
    before.dayBaseline !== null &&
    guardian.dayBaseline !== null &&
    guardian.dayBaseline < before.dayBaseline - SLACK &&
    !newDay &&
    !movedOut &&
    !unlocked('daily-drawdown')
  )
    fail('the day baseline came down');
  if (
    before.highWaterMark !== null &&
    guardian.highWaterMark !== null &&
    guardian.highWaterMark < before.highWaterMark - SLACK &&
    !movedOut &&
    !unlocked('total-drawdown')
  )
    fail('the high-water mark came down');
  if (guardian.lossStreak.length < before.streak && before.streak < 10) {
    const won = effects.some((effect) => effect.type === 'trade' && effect.pnl >= ZERO);
    if (!won && !unlocked('kill-switch')) fail('the loss streak became shorter');
  }
  if (
    guardian.lossStreak.length >= (state.config?.limits.maxConsecutiveLosses ?? 3) &&
    guardian.locks['kill-switch'] === undefined
  )
    fail('a streak without the kill-switch');
};

const maySink = (lock: Lock, state: EngineState, before: Memory, input: Input, unlocked: boolean): boolean => {
  switch (lock.kind) {
    case 'kill-switch':
    case 'total-drawdown':
    case 'minimum-balance':
    case 'reconciliation':
    case 'crash-loop':
    case 'start-gate':
    case 'operator-halt':
    case 'model-drift':
      return unlocked;
    case 'daily-drawdown':
      return unlocked || (state.guardian.day ?? 0) > lock.since;
    case 'operator-pause':
      return input.type === 'command' && input.command.name === 'resume';
    case 'volatility':
      return input.type === 'candle';
    case 'stale-data':
      return input.type === 'quotes' && state.symbols[lock.symbol ?? '']?.priceAt === state.at;
    case 'clock-skew':
      return input.type === 'clock-skew' && input.skew !== null && Math.abs(input.skew) < 500;
    case 'execution':
      return state.wall - before.trouble >= 300_000 && before.unsettled.every((id) => !isUnsettled(state.orders[id]));
    case 'operators-unreachable':
      return unlocked || (input.type === 'reach' && input.unreachable === null);
    case 'unlisted':
      return Object.values(state.symbols).every(({ unlisted, managed }) => !unlisted || managed === null);
    case 'model':
      return (input.type === 'model-status' && input.valid) || input.type === 'started';
  }
};
