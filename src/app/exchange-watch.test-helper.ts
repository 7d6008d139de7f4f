import { protectsPosition } from '../core/engine/state.ts';
import type { Input } from '../core/engine/input.ts';
import { BTC, World } from '../core/engine/world.test-helper.ts';
import type { OrderSnapshot } from '../core/orders/order.ts';
import { SECOND_MS, type EpochMs } from '../core/units.ts';
import type { OwnTrade, Read, Venue } from '../ports/venue.ts';
import { createVirtualClock, type VirtualClock } from '../sim/simulation/virtual-clock.ts';
import type { EngineHost } from './engine-host.ts';
import { createExchangeWatch } from './exchange-watch.ts';
import { createExecutor } from './executor.ts';
import { errorOf, silent } from './executor.test-helper.ts';

/**
 * The test world of the engine as the host of watch and executor; what reaches it is stamped by the clock and listed.
 */
export const hostOf = (
  world: World,
  clock: VirtualClock,
): { readonly host: EngineHost; readonly inputs: Input['type'][] } => {
  const inputs: Input['type'][] = [];
  let progress = 0;
  const host: EngineHost = {
    get state() {
      return world.state;
    },
    get progress() {
      return progress;
    },
    onEffect: () => undefined,
    apply: (...given) => {
      for (const input of given) {
        progress += 1;
        inputs.push(input.type);
        world.at = clock.marketNow();
        world.wall = clock.wallNow();
        world.apply(input);
      }
    },
  };
  return { host, inputs };
};

/** A watch with the executor that it asks, both on one venue. */
export const watchOver = (host: EngineHost, venue: Venue, clock: VirtualClock) => {
  const executor = createExecutor({
    venue,
    clock,
    log: silent,
    random: () => 0.5,
    report: (reference, outcome) => host.apply({ type: 'order-report', ...reference, outcome }),
    cancelFailed: (reference, error) =>
      host.apply({ type: 'cancel-failed', ...reference, code: error.code, message: error.message }),
    placedAt: (clientOrderId) => host.state.orders[clientOrderId]?.createdWall ?? null,
    protects: (clientOrderId) => protectsPosition(host.state, clientOrderId),
  });
  return { executor, watch: createExchangeWatch({ host, venue, executor, clock, log: silent }) };
};

/** A read that got no answer. */
export const failed: Read<never> = { ok: false, error: errorOf('unknown', '503') };
/** An open order that is not of the books. */
export const stranger = (clientOrderId: string, side: 'buy' | 'sell' = 'sell'): OrderSnapshot => ({
  clientOrderId,
  exchangeOrderId: `x-${clientOrderId}`,
  symbol: BTC,
  side,
  status: 'new',
  quantity: '1',
  executedQuantity: '0',
  fills: [],
});

/** A watch over the model exchange of the engine's tests, with switches for every query. */
export const createBench = (world = new World().ready()) => {
  const clock = createVirtualClock(world.wall);
  const ours: VirtualClock = {
    ...clock,
    wallNow: () => clock.wallNow() + bench.set,
    marketNow: () => clock.marketNow() + bench.set,
  };
  const { host, inputs } = hostOf(world, ours);
  const bench = {
    world,
    clock,
    inputs,
    /** Open orders that are not in the model. */
    strangers: [] as OrderSnapshot[],
    cancelled: [] as string[],
    failing: new Set<'open-orders' | 'trades' | 'balances' | 'time' | 'look-up'>(),
    /** What an order that has ended states to have executed, while its fills cannot be read. */
    stated: null as string | null,
    statedQuote: null as string | null,
    /** Trades that the exchange no longer lists. */
    forget: (_trade: OwnTrade): boolean => false,
    /** How long the exchange takes to tell the time, and how far its clock is ahead. */
    timeTakes: [0] as number[],
    ahead: 0,
    /** By how much our clock was set, which leaves the monotonic one as it was. */
    set: 0,
    balanceReads: 0,
    /** Whether cancellations find nothing open. */
    refusing: false,
    answer: async <T>(wanted: Promise<T>): Promise<T> => {
      let value: { readonly done: T } | null = null;
      void wanted.then((result) => (value = { done: result }));
      for (let count = 0; count < 200 && value === null; count += 1) await clock.runTo(clock.wallNow() + 250);
      return (value as unknown as { readonly done: T }).done;
    },
    pass: (span: number) => clock.runTo(clock.wallNow() + span),
    alerts: () => world.effects.flatMap((effect) => (effect.type === 'alert' ? [effect.alert.title] : [])),
  };
  const trades = (): OwnTrade[] =>
    [...world.exchange.orders.values()]
      .flatMap(({ draft, fills }) =>
        fills.map(
          (fill): OwnTrade => ({
            ...fill,
            symbol: draft.symbol,
            exchangeOrderId: `x-${draft.clientOrderId}`,
            side: draft.side,
          }),
        ),
      )
      .filter((trade) => !bench.forget(trade))
      .sort((a, b) => Number(a.tradeId) - Number(b.tradeId));
  const venue: Venue = {
    receiveWindow: 5 * SECOND_MS,
    send: () => Promise.reject(new Error('the engine’s test world sends')),
    lookUp: ({ clientOrderId }) => {
      if (bench.failing.has('look-up'))
        return Promise.resolve({
          kind: 'unknown',
          error: errorOf('unknown', '503'),
          ...(bench.stated === null
            ? {}
            : { stated: bench.stated, ...(bench.statedQuote === null ? {} : { statedQuote: bench.statedQuote }) }),
        });
      const order =
        world.exchange.snapshot(clientOrderId) ??
        bench.strangers.find((other) => other.clientOrderId === clientOrderId) ??
        null;
      return Promise.resolve(order === null ? { kind: 'not-found' } : { kind: 'found', order });
    },
    cancel: ({ clientOrderId }) => {
      if (bench.refusing) return Promise.resolve({ kind: 'not-open', error: errorOf('refused', '-2011') });
      bench.cancelled.push(clientOrderId);
      world.exchange.end(clientOrderId, 'cancelled');
      const other = bench.strangers.find((candidate) => candidate.clientOrderId === clientOrderId);
      bench.strangers = bench.strangers.filter((candidate) => candidate !== other);
      const order = world.exchange.snapshot(clientOrderId) ?? {
        ...(other ?? stranger(clientOrderId)),
        status: 'cancelled' as const,
      };
      return Promise.resolve({ kind: 'cancelled', order });
    },
    openOrders: (symbol) => {
      if (bench.failing.has('open-orders')) return Promise.resolve(failed);
      const own = world.exchange
        .openOrders()
        .flatMap(({ draft }) => (draft.symbol === symbol ? [world.exchange.snapshot(draft.clientOrderId)] : []));
      return Promise.resolve({
        ok: true,
        value: [
          ...own.filter((order) => order !== null),
          ...bench.strangers.filter((order) => order.symbol === symbol),
        ],
      });
    },
    tradesAfter: (symbol, after, since) =>
      Promise.resolve(
        bench.failing.has('trades')
          ? failed
          : {
              ok: true,
              value: trades().filter(
                (trade) =>
                  trade.symbol === symbol &&
                  (after === null ? trade.at >= since : Number(trade.tradeId) > Number(after)),
              ),
            },
      ),
    balances: () => {
      bench.balanceReads += 1;
      return Promise.resolve(bench.failing.has('balances') ? failed : { ok: true, value: world.exchange.balances() });
    },
    serverTime: async (): Promise<Read<EpochMs>> => {
      const takes = bench.timeTakes.length > 1 ? (bench.timeTakes.shift() ?? 0) : (bench.timeTakes[0] ?? 0);
      await clock.sleep(takes);
      return bench.failing.has('time') ? failed : { ok: true, value: clock.wallNow() - takes / 2 + bench.ahead };
    },
  };
  return Object.assign(bench, watchOver(host, venue, ours));
};

/** Holding a position with its stop in place. */
/** A bench whose engine holds a position with its stop in place. */
export const holding = () => createBench(new World().ready().enter());
export const stopOf = (bench: ReturnType<typeof createBench>): string => bench.world.managed()?.stopOrderId ?? '';
