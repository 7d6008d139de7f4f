import type { CommandResultEffect } from '../../core/engine/effect.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { STARTING } from '../../core/words.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import type { Caller, CommandOutcome, OperatorService, VersionView } from '../../ports/operator.ts';
import type { AuditStore, Records } from '../../ports/store.ts';
import type { EngineHost } from '../engine-host.ts';
import { createEarlyWishes, isEarly } from './early-wishes.ts';
import { pnlView } from './pnl-view.ts';
import { unlockPreview } from './unlock-preview.ts';
import { unlockShown } from './unlocking.ts';
import { balanceView, lockViews, positionViews, riskView, statusView, type Now } from './views.ts';

/** The service, and the way by which its commands reach the engine. */
export interface OperatorSide {
  readonly service: OperatorService;
  readonly run: (caller: Caller, command: OperatorCommand) => Promise<CommandOutcome>;
  readonly now: () => Now;
}

/** Whoever sits at the server has a name there and no id in the chat. */
export const signature = ({ name, userId, via }: Caller): string => (via === 'telegram' ? `${name} (${userId})` : name);

const STILL_STARTING = `${STARTING.title}. ${STARTING.why}.`;

/** The one service behind Telegram, the control socket and the page. */
export const createOperatorSide = (options: {
  readonly host: EngineHost;
  readonly records: Records;
  readonly audits: AuditStore;
  readonly clock: Clock;
  readonly version: VersionView;
  /** Unique text for a command. */
  readonly newId: () => string;
  /** Keeps a pause that comes before the first start; left out = until the process ends. */
  readonly memory?: ChatMemory;
}): OperatorSide => {
  const { host, records, audits, clock } = options;
  const results = new Map<string, CommandResultEffect>();
  const early = createEarlyWishes(options.memory ?? null);
  host.onEffect((effect) => {
    if (effect.type === 'command-result') results.set(effect.commandId, effect);
    // The first effect is that of the start: nothing has been looked at, so nothing is bought before it.
    early.carryOut(({ by, command }) => void carryOut(by, command));
  });
  const now = (): Now => ({ market: clock.marketNow(), wall: clock.wallNow() });

  /** Journaled and carried out when this returns: the host is synchronous. */
  const carryOut = (by: string, command: OperatorCommand): CommandOutcome => {
    const commandId = options.newId();
    host.apply({ type: 'command', commandId, by, command });
    const result = results.get(commandId);
    results.delete(commandId);
    if (result === undefined) throw new Error('the engine gave no result for the command');
    return { ok: result.ok, code: result.code, text: result.text };
  };

  /** New books take no command yet; what makes trading safer is kept for the moment in which they do. */
  const beforeStart = (by: string, command: OperatorCommand): CommandOutcome => {
    if (!isEarly(command)) return { ok: false, code: 'starting', text: `${STILL_STARTING} Send it again in a moment.` };
    early.keep({ by, command });
    return {
      ok: true,
      code: 'kept',
      text: `It starts ${command.name === 'pause' ? 'paused' : 'halted'} when the exchange answers. ${STILL_STARTING}`,
    };
  };

  const run = async (caller: Caller, command: OperatorCommand): Promise<CommandOutcome> =>
    host.state.config === null ? beforeStart(signature(caller), command) : carryOut(signature(caller), command);

  const service: OperatorService = {
    status: () => statusView(host.state, now()),
    pnl: (range) => pnlView(host.state, records, range, now()),
    positions: () => positionViews(host.state),
    trades: (limit, offset) => records.trades(limit, offset),
    balance: () => balanceView(host.state, now()),
    risk: () => riskView(host.state, now()),
    locks: () => lockViews(host.state),
    version: () => options.version,
    pause: (caller, reason) => run(caller, { name: 'pause', reason }),
    resume: (caller) => run(caller, { name: 'resume' }),
    unlockPreview: () => unlockPreview(host.state, now()),
    unlock: (caller, request) => unlockShown(host.state, request, (command) => run(caller, command)),
    audit: (entry) => audits.addAudit(entry),
  };
  return { service, run, now };
};
