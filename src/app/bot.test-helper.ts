import { expect } from 'vitest';
import type { World } from '../core/engine/world.test-helper.ts';
import type { OrderSnapshot } from '../core/orders/order.ts';
import type { Clock } from '../ports/clock.ts';
import type { OwnTrade } from '../ports/venue.ts';
import type { BotOptions } from './bot.ts';
import { silent } from './executor.test-helper.ts';

/** A bot on the books of a test world, which commits to nothing but them. */
export const onWorld = (
  world: World,
  clock: Clock,
): Pick<
  BotOptions,
  'state' | 'store' | 'clock' | 'log' | 'model' | 'config' | 'engineVersion' | 'halts' | 'random' | 'onFatal'
> => ({
  state: world.state,
  store: {
    commit: (inputs, apply) => inputs.map((input) => apply(input)),
    latestSnapshot: () => null,
    lastSequence: () => 0,
    writeSnapshot: () => undefined,
    entriesAfter: () => [].values(),
  },
  clock,
  log: silent,
  model: null,
  config: world.config,
  engineVersion: 'test',
  halts: [],
  random: () => 0.5,
  onFatal: (error) => expect.unreachable(String(error)),
});

/** What the exchange of a test world answers to a question for the open orders of a symbol, and for its trades. */
export const openOrdersOf = ({ exchange }: World, symbol: string): readonly OrderSnapshot[] =>
  exchange
    .openOrders()
    .flatMap(({ draft }) => (draft.symbol === symbol ? (exchange.snapshot(draft.clientOrderId) ?? []) : []));
export const tradesOf = ({ exchange }: World, symbol: string): readonly OwnTrade[] =>
  [...exchange.orders.values()].flatMap(({ draft, fills }) =>
    draft.symbol === symbol
      ? fills.map((fill) => ({ ...fill, symbol, exchangeOrderId: `x-${draft.clientOrderId}`, side: draft.side }))
      : [],
  );
