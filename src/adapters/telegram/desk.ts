import type { Caller } from '../../ports/operator.ts';
import { onCommands } from './command-messages.ts';
import { createDeskContext, type DeskContext, type DeskOptions } from './desk-context.ts';
import { onEdited, onNameless } from './never-done.ts';
import { onOldPress, onPress } from './presses.ts';
import { onText } from './text-messages.ts';
import { readUpdate, type Place, type Sender } from './updates.ts';

/**
 * Where updates become deeds. The order of the questions is the safety of the
 * whole: well-formed? allowed in? new? not too fast? not too old? Only then a
 * command runs. Nothing is ever awaited here but the effect of a tightening
 * command, so that its update is acknowledged after it took effect.
 */
export interface Desk {
  /** Never rejects. Resolves at once, for a tightening command when it has taken effect. */
  handle(update: unknown): Promise<void>;
}

const admit = ({ access, strangers }: DeskContext, sender: Sender, place: Place): Caller | null => {
  const role = access.roleOf(sender.id);
  const allowed = access.allows(place, sender.id);
  if (role !== null && allowed) return { userId: sender.id, name: sender.name, role, via: 'telegram' };
  strangers.note(sender, place, role === null ? 'not listed' : 'chat not listed');
  return null;
};

const handle = async (desk: DeskContext, update: unknown): Promise<void> => {
  const incoming = readUpdate(update);
  if (incoming === null || desk.seen.has(incoming.updateId)) return;
  if (incoming.kind === 'migration') return desk.probeMigration(incoming.chatId);
  if (incoming.kind === 'edited') return onEdited(desk, incoming);
  if (incoming.kind === 'nameless') return onNameless(desk, incoming);
  if (incoming.kind === 'press' && incoming.authorId === null && !incoming.place.isPrivate)
    return onOldPress(desk, incoming);
  const caller = admit(desk, incoming.sender, incoming.place);
  if (caller === null) return;
  desk.greet(caller, incoming.place);
  if (incoming.kind === 'press') return onPress(desk, incoming, caller);
  if (incoming.text.trimStart().startsWith('/')) return onCommands(desk, incoming, caller);
  // An answer to a question may take its time (a database, a service): the loop does not wait for it.
  onText(desk, incoming, caller).catch((error: unknown) => desk.log.error({ why: String(error) }, 'message failed'));
};

export const createDesk = (options: DeskOptions): Desk => {
  const desk = createDeskContext(options);
  return {
    handle: async (update) => {
      try {
        await handle(desk, update);
      } catch (error) {
        desk.log.error({ why: String(error) }, 'update failed');
      }
    },
  };
};
