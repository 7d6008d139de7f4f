import type { CommandSet } from '../src/ports/chat.ts';
import type { OperatorService, Role } from '../src/ports/operator.ts';
import type { OperatorTools } from '../src/ports/operator-tools.ts';
import { alerts } from './alerts.ts';
import { audit } from './audit.ts';
import { backup } from './backup.ts';
import { balance } from './balance.ts';
import { cancel } from './cancel.ts';
import { chart } from './chart.ts';
import { daily } from './daily.ts';
import { exportCommand } from './export.ts';
import { flatten } from './flatten.ts';
import { halt } from './halt.ts';
import { health } from './health.ts';
import { help } from './help.ts';
import { locks } from './locks.ts';
import { logs } from './logs.ts';
import { model } from './model.ts';
import { monthly } from './monthly.ts';
import { mute } from './mute.ts';
import { orders } from './orders.ts';
import { pause } from './pause.ts';
import { performance } from './performance.ts';
import { pnl } from './pnl.ts';
import { positions } from './positions.ts';
import { reconcile } from './reconcile.ts';
import { resume } from './resume.ts';
import { risk } from './risk.ts';
import { settle } from './settle.ts';
import { start } from './start.ts';
import { stats } from './stats.ts';
import { status } from './status.ts';
import type { Command } from './support/command.ts';
import { createTimes } from './support/format.ts';
import { STARTING_REPLY } from './support/views.ts';
import { trades } from './trades.ts';
import { unlock } from './unlock.ts';
import { version } from './version.ts';
import { weekly } from './weekly.ts';
import { whoami } from './whoami.ts';

/** Every command, in the order of the menu. */
export const commands: readonly Command[] = [
  status,
  pnl,
  positions,
  orders,
  trades,
  balance,
  risk,
  locks,
  health,
  model,
  chart,
  daily,
  weekly,
  monthly,
  performance,
  stats,
  logs,
  audit,
  exportCommand,
  pause,
  resume,
  unlock,
  halt,
  flatten,
  cancel,
  settle,
  reconcile,
  mute,
  alerts,
  backup,
  whoami,
  version,
  help,
  start,
];

export interface CommandSetOptions {
  readonly service: OperatorService;
  /** Left out: the commands that need them are not listed. */
  readonly tools?: OperatorTools;
  /** IANA name; times in replies are in it. */
  readonly timeZone: string;
}

/**
 * What can be answered before the first start of new books. The rest would tell of an account that nobody has read yet.
 */
const BEFORE_START: ReadonlySet<string> = new Set([
  'start',
  'help',
  'status',
  'health',
  'logs',
  'model',
  'audit',
  'pause',
  'halt',
  'mute',
  'alerts',
  'backup',
  'whoami',
  'version',
]);

const mayUse = (role: Role, command: Command): boolean => role === 'operator' || command.role === 'viewer';

/**
 * The commands bound to a service.
 * @throws RangeError for an unknown time zone.
 */
export const createCommandSet = ({ service, tools, timeZone }: CommandSetOptions): CommandSet => {
  const available = commands.filter(({ needsTools }) => !needsTools || tools !== undefined);
  const byName = new Map(available.map((command) => [command.name, command]));
  const times = createTimes(timeZone);
  const list = (role: Role): readonly Command[] => available.filter((command) => mayUse(role, command));
  return {
    list,
    find: (name) => byName.get(name),
    run: async (name, argumentsText, caller) => {
      const command = byName.get(name);
      if (command === undefined) throw new RangeError(`no command /${name}`);
      if (!mayUse(caller.role, command)) {
        return { title: `/${name} is for operators`, blocks: [], outcome: 'refused: role' };
      }
      // Symbols are known from the first start on, for good.
      if (!BEFORE_START.has(name) && service.status().symbols.length === 0)
        return { ...STARTING_REPLY, outcome: 'starting', ok: false };
      return command.execute({ service, tools: tools ?? null, caller, times, menu: list(caller.role) }, argumentsText);
    },
  };
};
