import { spawn } from 'node:child_process';

import type { Milliseconds } from '../../core/units.ts';

export interface ServiceNotifier {
  /** Whether a service manager listens. Every call is a no-op otherwise. */
  readonly active: boolean;
  /** Within this span `alive` has to be called, or the service is restarted; null = no watchdog. */
  readonly watchdogInterval: Milliseconds | null;
  /** Start-up is over and recovery done. */
  ready(status: string): Promise<void>;
  status(status: string): Promise<void>;
  /** To be called only when the engine and the Guardian made progress. */
  alive(): Promise<void>;
  stopping(): Promise<void>;
}

export interface ServiceNotifierOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A failed notification: worth a log line, never a reason to stop trading. */
  readonly onFailure: (why: string) => void;
  /** The program that speaks to the service manager. */
  readonly command?: string;
}

/** `systemd-notify` itself waits 5 s for the service manager. */
const NOTIFY_TIMEOUT_MS = 10_000;

const run = (command: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', env: environment, timeout: NOTIFY_TIMEOUT_MS });
    child.once('error', (error) => resolve(`${command}: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? null : `${command} ended with ${signal ?? `code ${code ?? '?'}`}`),
    );
  });

/**
 * Tells systemd how the service is (sd_notify(3)) through `systemd-notify`, since Node has no
 * datagram Unix sockets. The unit needs `NotifyAccess=all`: the message comes from a child.
 * The child has to live until systemd has read the message, or it belongs to no unit and is dropped (so never
 * `--no-block`: one in ten was lost, and with READY the whole start hung). READY goes with every sign of life as well:
 * a service that is up already ignores it.
 */
export const createServiceNotifier = (options: ServiceNotifierOptions): ServiceNotifier => {
  const { environment } = options;
  const socket = environment['NOTIFY_SOCKET'] ?? '';
  const active = socket !== '';
  const watchdogUsec = Number(environment['WATCHDOG_USEC'] ?? '');
  const watchdogInterval = active && Number.isFinite(watchdogUsec) && watchdogUsec > 0 ? watchdogUsec / 1_000 : null;
  // The child needs the socket and a search path, and none of our secrets.
  const childEnvironment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: socket, PATH: environment['PATH'] ?? '/usr/bin:/bin' };
  let isReady = false;
  const tell = async (...states: readonly string[]): Promise<void> => {
    if (!active) return;
    const failure = await run(
      options.command ?? 'systemd-notify',
      [`--pid=${process.pid}`, ...states],
      childEnvironment,
    );
    if (failure !== null) options.onFailure(failure);
  };
  return {
    active,
    watchdogInterval,
    ready: (status) => {
      isReady = true;
      return tell('READY=1', `STATUS=${oneLine(status)}`);
    },
    status: (status) => tell(`STATUS=${oneLine(status)}`),
    alive: () => tell(...(isReady ? ['READY=1'] : []), 'WATCHDOG=1'),
    stopping: () => {
      isReady = false;
      return tell('STOPPING=1');
    },
  };
};

/** A line break would begin another assignment in the protocol. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');
