import { createServiceNotifier } from '../../adapters/system/notify.ts';
import { createHeartbeat } from '../../adapters/system/web-calls.ts';
import type { Bot } from '../../app/bot.ts';
import { createWatchdog } from '../../app/watchdog.ts';
import type { Base } from './base.ts';
import { lookUpSideName } from '../names.ts';

export interface Supervision {
  healthy(): boolean;
  /** Tells the service manager that the end has begun. */
  stopping(): Promise<void>;
}

/**
 * The service watchdog and the heartbeat, both fed by the progress of the loop and the engine, never by the event loop
 * alone.
 */
export const startSupervision = ({ config, log, wall, environment, resources }: Base, bot: Bot): Supervision => {
  const { heartbeatUrl } = config.secrets;
  const notifier = createServiceNotifier({
    environment,
    onFailure: (why) => log.warn({ why }, 'systemd-notify failed'),
  });
  const heartbeat = heartbeatUrl === null ? null : createHeartbeat(heartbeatUrl, lookUpSideName);
  const ended = new AbortController();
  const watchdog = createWatchdog({
    clock: wall,
    log,
    progress: () => ({ rounds: bot.rounds, inputs: bot.host.progress }),
    feed: () => notifier.alive(),
    beat: heartbeat === null ? null : () => heartbeat.beat(),
  });
  const watching = watchdog.run(ended.signal);
  void bot.ready.then(
    () => notifier.ready('trading loop is up'),
    () => undefined,
  );
  resources.defer(async () => {
    ended.abort();
    await watching;
  });
  return { healthy: () => watchdog.healthy(), stopping: () => notifier.stopping() };
};
