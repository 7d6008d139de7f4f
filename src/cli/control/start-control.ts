import { startControlServer } from '../../adapters/control/server.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import type { CommandSet } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { OperatorService } from '../../ports/operator.ts';
import { createControlDesk } from './desk.ts';
import { createDrills, type DrillDeps } from './drills.ts';

/**
 * The control socket of the bot on this database: beside the file, so that `guardian ctl` finds it by the same
 * configuration.
 */
export const controlPath = (config: Pick<Config, 'databasePath'>): string =>
  config.databasePath.replace(/(\.db)?$/, '.sock');

/** Opens the control socket and puts its end on the stack. */
export const startControl = async (options: {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly commands: CommandSet;
  readonly service: OperatorService;
  readonly drills: DrillDeps;
  readonly resources: AsyncDisposableStack;
}): Promise<void> => {
  const { config, log, clock, commands, service, resources } = options;
  const desk = createControlDesk({ commands, service, clock, log });
  const { drill } = createDrills(options.drills);
  try {
    const server = await startControlServer({
      path: controlPath(config),
      log,
      handle: (request, say) => (request.kind === 'drill' ? drill(request, say) : desk.command(request)),
    });
    resources.defer(() => server.close());
    log.info({ socket: server.path }, 'control socket is open');
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
};
