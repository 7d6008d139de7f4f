import fc from 'fast-check';
import { decimal, formatDecimal, toNumber, ZERO } from '../../src/core/decimal.ts';
import { BTC, ETH, type Fate, type World } from '../../src/core/engine/world.test-helper.ts';
import type { OperatorCommand } from '../../src/core/engine/input.ts';

/** One thing that can happen to the bot. Plain data, so that a failing history can be printed and shrunk. */
export type Happening =
  | { readonly kind: 'price'; readonly symbol: string; readonly factor: number }
  | { readonly kind: 'broken-quote'; readonly symbol: string; readonly value: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'wall-back'; readonly seconds: number }
  | { readonly kind: 'hour'; readonly range: number }
  | { readonly kind: 'day' }
  | { readonly kind: 'predict'; readonly symbol: string; readonly probability: number | null }
  | { readonly kind: 'fate'; readonly purpose: 'entry' | 'stop' | 'exit'; readonly fate: Fate }
  | { readonly kind: 'cancel-works'; readonly works: boolean }
  | { readonly kind: 'stops-fill'; readonly fill: boolean }
  | { readonly kind: 'resolve' }
  | { readonly kind: 'repeat-report'; readonly index: number }
  | { readonly kind: 'late-fill'; readonly index: number; readonly quantity: string }
  | { readonly kind: 'exchange-cancels'; readonly index: number }
  | { readonly kind: 'fee-coin'; readonly coin: 'quote' | 'base' | 'third' }
  | { readonly kind: 'account' }
  | { readonly kind: 'account-failed' }
  /** The exchange takes a market off its list, or lists all again. */
  | { readonly kind: 'listing'; readonly gone: string | null }
  | {
      readonly kind: 'settle';
      readonly index: number;
      readonly claim: 'filled' | 'gone';
      readonly price: string | null;
    }
  | { readonly kind: 'move-cash'; readonly amount: string }
  | { readonly kind: 'skew'; readonly skew: number | null }
  | { readonly kind: 'model'; readonly valid: boolean; readonly drift: number | null }
  | { readonly kind: 'command'; readonly command: 'pause' | 'resume' | 'halt' | 'flatten' | 'reconcile' | 'unlock' }
  | { readonly kind: 'reach'; readonly reachable: boolean }
  | { readonly kind: 'restart' }
  /** The exchange behaves, everything is known and the operator clears what can be cleared. */
  | { readonly kind: 'recover' }
  /** A new hour with a strong signal. */
  | { readonly kind: 'signal'; readonly symbol: string };

const symbol = fc.constantFrom(BTC, ETH);
const factor = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.99, max: 1.012, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0.984, 0.98, 1.031) },
  { weight: 1, arbitrary: fc.double({ min: 0.85, max: 1.1, noNaN: true }) },
);
const part = fc.constantFrom(0, 0.0005, 0.3, 0.999, 1);
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('accept' as const), part: fc.constant(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('accept' as const), part }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'reject' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'not-sent' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unknown' as const), arrives: fc.boolean(), part }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'silence' as const }) },
);
const of = <K extends Happening['kind']>(kind: K): fc.Arbitrary<K> => fc.constant(kind);
const index = fc.nat({ max: 40 });

/** `cash`: whether money comes and goes from outside, which makes ledger and exchange differ until it is noticed. */
export const happening = (cash: boolean): fc.Arbitrary<Happening> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: of('price'), symbol, factor }) },
    { weight: 8, arbitrary: fc.record({ kind: of('hour'), range: fc.constantFrom(0.002, 0.005, 0.005, 0.03, 0.2) }) },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: of('predict'),
        symbol,
        probability: fc.constantFrom(0.9, 0.9, 0.9, 0.7, 0.5, 0.1, null, Number.NaN, 1.5),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: of('pass'), seconds: fc.constantFrom(1, 3, 6, 16, 61, 301, 700) }) },
    { weight: 1, arbitrary: fc.record({ kind: of('wall-back'), seconds: fc.constantFrom(1, 60, 5_000) }) },
    { weight: 2, arbitrary: fc.record({ kind: of('day') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: of('broken-quote'),
        symbol,
        value: fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: of('fate'),
        purpose: fc.constantFrom('entry' as const, 'stop' as const, 'exit' as const),
        fate,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: of('cancel-works'), works: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: of('stops-fill'), fill: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ kind: of('resolve') }) },
    { weight: 2, arbitrary: fc.record({ kind: of('repeat-report'), index }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: of('late-fill'), index, quantity: fc.constantFrom('0.00001', '0.004', '0.2') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: of('exchange-cancels'), index }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: of('fee-coin'),
        coin: fc.constantFrom('quote' as const, 'base' as const, 'third' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: of('account') }) },
    { weight: 1, arbitrary: fc.record({ kind: of('account-failed') }) },
    { weight: 1, arbitrary: fc.record({ kind: of('listing'), gone: fc.constantFrom(BTC, ETH, null) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: of('settle'),
        index,
        claim: fc.constantFrom('filled' as const, 'gone' as const),
        price: fc.constantFrom(null, null, cash ? '49000' : null),
      }),
    },
    {
      weight: cash ? 2 : 0,
      arbitrary: fc.record({ kind: of('move-cash'), amount: fc.constantFrom('500', '-300', '0.01', '-9000') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: of('skew'), skew: fc.constantFrom(0, 0, 499, 700, 1_500, -2_000, null) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: of('model'),
        valid: fc.constantFrom(true, true, false),
        drift: fc.constantFrom(null, 0.1, 0.3, 0.6),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: of('command'),
        command: fc.constantFrom(
          'pause' as const,
          'resume' as const,
          'halt' as const,
          'flatten' as const,
          'reconcile' as const,
          'unlock' as const,
          'unlock' as const,
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: of('reach'), reachable: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: of('restart') }) },
    { weight: 6, arbitrary: fc.record({ kind: of('recover') }) },
    { weight: 10, arbitrary: fc.record({ kind: of('signal'), symbol }) },
  );

/** Fates set so far, by purpose. */
type Fates = Record<'entry' | 'stop' | 'exit', Fate>;

/** Lets one thing happen. */
export const happen = (world: World, what: Happening, fates: Fates): void => {
  world.fate = (draft) => fates[draft.purpose];
  switch (what.kind) {
    case 'price':
      return void world.quotes({
        [what.symbol]: Math.round((world.exchange.prices[what.symbol] ?? 1) * what.factor * 100) / 100,
      });
    case 'broken-quote':
      return void world.apply({
        type: 'quotes',
        quotes: [{ symbol: what.symbol, last: what.value, bid: what.value, ask: what.value, at: world.at + 1e9 }],
      });
    case 'pass':
      return void world.timer(what.seconds * 1_000);
    case 'wall-back':
      world.wall -= what.seconds * 1_000;
      return void world.timer();
    case 'hour':
      return world.hour({ [BTC]: what.range, [ETH]: what.range });
    case 'day': {
      const hours = 24 - new Date(world.at).getUTCHours();
      return world.hours(hours);
    }
    case 'predict':
      return void world.predict(what.symbol, what.probability);
    case 'fate':
      fates[what.purpose] = what.fate;
      return;
    case 'cancel-works':
      world.cancelWorks = what.works;
      return;
    case 'stops-fill':
      world.exchange.stopsFill = what.fill;
      return;
    case 'resolve':
      return world.resolve();
    case 'repeat-report': {
      const record = pick(
        Object.values(world.state.orders).filter(({ status }) => status !== 'intent' && status !== 'unknown'),
        what.index,
      );
      if (record !== undefined && world.exchange.orders.has(record.draft.clientOrderId))
        world.report(record.draft.clientOrderId);
      return;
    }
    case 'late-fill': {
      const ended = [...world.exchange.orders.values()].filter(
        (order) => order.draft.purpose === 'entry' && order.status === 'expired',
      );
      const order = pick(ended, what.index);
      if (order === undefined || !(order.draft.clientOrderId in world.state.orders)) return;
      const left = toNumber(order.draft.quantity) - toNumber(order.executed);
      if (left < Number(what.quantity)) return;
      world.exchange.fill(
        order,
        decimal(what.quantity),
        decimal((world.exchange.prices[order.draft.symbol] ?? 1).toFixed(2)),
        world.at,
      );
      return world.report(order.draft.clientOrderId);
    }
    case 'exchange-cancels': {
      const order = pick(world.exchange.openOrders(), what.index);
      if (order === undefined) return;
      world.exchange.end(order.draft.clientOrderId, 'expired');
      return world.report(order.draft.clientOrderId);
    }
    case 'fee-coin':
      world.exchange.feeCoin = what.coin;
      return;
    case 'account':
      return void world.account();
    case 'account-failed':
      return void world.apply({ type: 'account', balances: null, failure: 'time-out', foreignOrders: [] });
    case 'listing':
      return void world.apply({
        type: 'account',
        balances: world.exchange.balances(),
        failure: null,
        foreignOrders: [],
        ...(what.gone === null ? {} : { unlisted: [what.gone] }),
      });
    case 'settle': {
      const record = pick(
        Object.values(world.state.orders).filter(({ status }) => status === 'unknown'),
        what.index,
      );
      if (record === undefined) return;
      const { clientOrderId } = record.draft;
      const listed = world.exchange.openOrders().some(({ draft }) => draft.clientOrderId === clientOrderId);
      const totals = world.exchange
        .balances()
        .map(({ asset }) => ({ asset, total: formatDecimal(world.exchange.of(asset)) }));
      return void world.command({
        name: 'settle',
        clientOrderId,
        claim: what.claim,
        price: what.price,
        evidence: { listed, totals },
      });
    }
    case 'move-cash': {
      const amount = decimal(what.amount);
      if (world.exchange.of('USDT') + amount < ZERO) return;
      world.exchange.move('USDT', amount);
      return;
    }
    case 'skew':
      return void world.apply({ type: 'clock-skew', skew: what.skew });
    case 'model':
      return void world.apply({
        type: 'model-status',
        valid: what.valid,
        detail: 'from the test',
        drift: what.drift === null ? null : { value: what.drift, limit: 0.25 },
      });
    case 'command':
      return void world.command(commandOf(world, what.command));
    case 'reach':
      return void world.apply({ type: 'reach', unreachable: what.reachable ? null : 'from the test' });
    case 'restart':
      return world.restart();
    case 'recover':
      return recover(world, fates);
    case 'signal':
      world.hour();
      return void world.predict(what.symbol, 0.95);
  }
};

const recover = (world: World, fates: Fates): void => {
  for (const purpose of ['entry', 'stop', 'exit'] as const) fates[purpose] = { kind: 'accept' };
  world.cancelWorks = true;
  world.exchange.stopsFill = true;
  world.resolve();
  world.timer(301_000);
  world.resolve();
  world.timer(301_000);
  world.quotes();
  world.quotes();
  world.apply({ type: 'clock-skew', skew: 0 });
  world.apply({ type: 'model-status', valid: true, detail: '' });
  world.apply({ type: 'reach', unreachable: null });
  for (const name of ['reconcile', 'resume'] as const) world.command({ name });
  world.account();
  world.account();
  world.command(commandOf(world, 'unlock'));
};

const commandOf = (world: World, name: Extract<Happening, { kind: 'command' }>['command']): OperatorCommand => {
  const lockIds = Object.keys(world.state.guardian.locks);
  switch (name) {
    case 'pause':
    case 'halt':
      return { name, reason: 'test' };
    case 'flatten':
      return { name, symbol: null };
    case 'unlock':
      return {
        name,
        reason: 'test',
        lockIds,
        newLossPermitted: (world.state.guardian.lastEquity?.value ?? 0) * world.config.limits.maxDailyDrawdown,
      };
    default:
      return { name };
  }
};

const pick = <T>(items: readonly T[], at: number): T | undefined =>
  items.length === 0 ? undefined : items[at % items.length];
