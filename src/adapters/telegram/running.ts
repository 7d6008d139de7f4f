import type { CommandSpec } from '../../ports/chat.ts';
import type { Origin } from './confirming-context.ts';
import type { DeskContext } from './desk-context.ts';
import type { Replaced } from './outbound.ts';

const execute = async (
  desk: DeskContext,
  spec: CommandSpec,
  argumentsText: string,
  origin: Origin,
  replace?: Replaced,
): Promise<void> => {
  const { commands, confirming, note } = desk;
  try {
    const reply = await commands.run(spec.name, argumentsText, origin.caller);
    note(origin.caller, origin.place, spec.name, argumentsText, reply.outcome ?? 'answered');
    confirming.present(reply, origin, replace);
  } catch (error) {
    note(origin.caller, origin.place, spec.name, argumentsText, 'failed');
    confirming.present(desk.explain(error, spec.name), origin);
  }
};

/** Tightening: act, then remember (twice is harmless, never is not). Anything else: remember, then act. */
export const run = async (
  desk: DeskContext,
  updateId: number,
  spec: CommandSpec,
  argumentsText: string,
  origin: Origin,
  replace?: Replaced,
): Promise<void> => {
  if (spec.effect === 'tighten') {
    await execute(desk, spec, argumentsText, origin, replace);
    desk.seen.add(updateId);
    return;
  }
  desk.seen.add(updateId);
  execute(desk, spec, argumentsText, origin, replace).catch((error: unknown) =>
    desk.log.error({ command: spec.name, why: String(error) }, 'reply failed'),
  );
};
