import type { Input } from '../core/engine/input.ts';
import type { World } from '../core/engine/world.test-helper.ts';
import type { Venue } from '../ports/venue.ts';
import type { VirtualClock } from '../sim/simulation/virtual-clock.ts';
import type { EngineHost } from './engine-host.ts';
import { createExchangeWatch } from './exchange-watch.ts';
import { createExecutor } from './executor.ts';
import { silent } from './executor.test-helper.ts';

/** The test world of the engine as the host of watch and executor; what reaches it is stamped by the clock and listed. */
export const hostOf = (world: World, clock: VirtualClock): { readonly host: EngineHost; readonly inputs: Input['type'][] } => {
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
    cancelFailed: (reference, error) => host.apply({ type: 'cancel-failed', ...reference, code: error.code, message: error.message }),
    placedAt: (clientOrderId) => host.state.orders[clientOrderId]?.createdWall ?? null,
  });
  return { executor, watch: createExchangeWatch({ host, venue, executor, clock, log: silent }) };
};
