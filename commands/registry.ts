import type { CommandSet } from '../src/ports/chat.ts';
import type { OperatorService, Role } from '../src/ports/operator.ts';
import { balance } from './balance.ts';
import { help } from './help.ts';
import { locks } from './locks.ts';
import { pause } from './pause.ts';
import { pnl } from './pnl.ts';
import { positions } from './positions.ts';
import { resume } from './resume.ts';
import { risk } from './risk.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import type { Command } from './support/command.ts';
import { createTimes } from './support/format.ts';
import { trades } from './trades.ts';
import { unlock } from './unlock.ts';
import { version } from './version.ts';
import { whoami } from './whoami.ts';

/** Every command, in the order of the menu. */
export const commands: readonly Command[] = [
  status,
  pnl,
  positions,
  trades,
  balance,
  risk,
  locks,
  pause,
  resume,
  unlock,
  version,
  whoami,
  help,
  start,
];

export interface CommandSetOptions {
  readonly service: OperatorService;
  /** IANA name; times in replies are in it. */
  readonly timeZone: string;
}

const mayUse = (role: Role, command: Command): boolean => role === 'operator' || command.role === 'viewer';

/**
 * The commands bound to a service.
 * @throws RangeError for an unknown time zone.
 */
export const createCommandSet = ({ service, timeZone }: CommandSetOptions): CommandSet => {
  const byName = new Map(commands.map((command) => [command.name, command]));
  const times = createTimes(timeZone);
  const list = (role: Role): readonly Command[] => commands.filter((command) => mayUse(role, command));
  return {
    list,
    find: (name) => byName.get(name),
    run: async (name, argumentsText, caller) => {
      const command = byName.get(name);
      if (command === undefined) throw new RangeError(`no command /${name}`);
      if (!mayUse(caller.role, command)) {
        return { title: `/${name} is for operators`, blocks: [], outcome: 'refused: role' };
      }
      return command.execute({ service, caller, times, menu: list(caller.role) }, argumentsText);
    },
  };
};
