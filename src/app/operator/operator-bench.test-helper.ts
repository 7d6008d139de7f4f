import { formatDecimal } from '../../core/decimal.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { ETH, World } from '../../core/engine/world.test-helper.ts';
import type { Caller, OperatorService } from '../../ports/operator.ts';
import type { OperatorTools } from '../../ports/operator-tools.ts';
import type { Records } from '../../ports/store.ts';
import { createOperatorSide } from './operator-service.ts';
import { createOperatorTools, type OperatorToolsOptions } from './operator-tools.ts';
import type { Now } from './views.ts';

export const ADA: Caller = { userId: 7, name: 'Ada', role: 'operator', via: 'telegram' };

export const noRecords = (overrides: Partial<Records> = {}): Records => ({
  trades: () => ({ total: 0, trades: [] }),
  tradesBetween: () => [],
  equityBetween: () => [],
  equityBefore: () => null,
  depositsBetween: () => 0,
  flowsBetween: () => [],
  feesBetween: () => 0,
  decisions: () => [],
  fills: () => [],
  ...overrides,
});

/** What people see and do over a whole engine, with what has left it for the exchange and the server. */
export class OperatorBench {
  /** A test may put another in its place. */
  world = new World().ready();
  readonly cancelled: string[] = [];
  readonly forgotten: string[] = [];
  reconciled = 0;

  /** The price of BTC stays away for longer than one keeps. */
  quoteOnlyEth(): void {
    this.world.pass(301_000);
    const at = this.world.at;
    this.world.apply({ type: 'quotes', quotes: [{ symbol: ETH, last: 2_500, bid: 2_499.9, ask: 2_500.1, at }] });
  }

  readonly now = (): Now => ({ market: this.world.at, wall: this.world.wall });

  tools(overrides: Partial<OperatorToolsOptions> = {}): OperatorTools {
    return createOperatorTools({
      state: this.world.state,
      records: noRecords(),
      feed: { recent: () => [] },
      now: this.now,
      model: null,
      trainedThrough: null,
      drift: { push: () => undefined, report: () => null },
      settings: {
        view: () => ({ mutedUntil: null, modes: {} as never }),
        mute: () => undefined,
        set: () => undefined,
        volume: () => 'on',
      },
      tell: () => undefined,
      logs: () => [],
      readiness: () => null,
      outside: () => [],
      run: async (_caller, command: OperatorCommand) => {
        const { ok, code, text } = this.world.command(command);
        return { ok, code, text };
      },
      reconcile: async () => {
        this.reconciled += 1;
        this.world.account();
        this.world.account();
      },
      evidence: async ({ clientOrderId }) => ({
        listed: this.world.exchange.openOrders().some(({ draft }) => draft.clientOrderId === clientOrderId),
        totals: this.world.exchange
          .balances()
          .map(({ asset }) => ({ asset, total: formatDecimal(this.world.exchange.of(asset)) })),
      }),
      forget: (id) => void this.forgotten.push(id),
      cancelEntry: (record) => void this.cancelled.push(record.draft.clientOrderId),
      backup: async () => 'data/backups/x.db',
      ...overrides,
    });
  }

  /** The service over the world that is there now. */
  service(): OperatorService {
    const { world } = this;
    const listeners: ((effect: Effect) => void)[] = [];
    let commands = 0;
    return createOperatorSide({
      host: {
        state: world.state,
        progress: 0,
        onEffect: (listener) => void listeners.push(listener),
        apply: (...inputs) => {
          for (const effect of inputs.flatMap((input) => world.apply(input)))
            for (const listener of listeners) listener(effect);
        },
      },
      records: noRecords(),
      audits: { addAudit: () => undefined } as never,
      clock: {
        marketNow: () => world.at,
        wallNow: () => world.wall,
        monotonicNow: () => Number(world.wall),
        sleep: async () => undefined,
      },
      version: { version: '1', engineVersion: '1', mode: 'paper', model: null, node: '' },
      newId: () => `bench-${(commands += 1)}`,
    }).service;
  }
}
