import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createServiceNotifier } from './notify.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guardian-notify-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program in place of systemd-notify that writes down its arguments and environment. */
const recorder = (exitCode = 0): { command: string; recorded: () => string } => {
  const command = join(folder, 'recorder.sh');
  const record = join(folder, 'record');
  writeFileSync(
    command,
    `#!/bin/sh\nprintf '%s\\n' "$@" "socket=$NOTIFY_SOCKET" "secret=$EXCHANGE_API_SECRET" >> '${record}'\nexit ${exitCode}\n`,
    { mode: 0o755 },
  );
  return { command, recorded: () => readFileSync(record, 'utf8') };
};

describe('the service notifier', () => {
  test('tells readiness, life and the end, and hands no secret to its child', async () => {
    const { command, recorded } = recorder();
    const failures: string[] = [];
    const environment = {
      NOTIFY_SOCKET: '/run/x',
      WATCHDOG_USEC: '30000000',
      EXCHANGE_API_SECRET: 'planted',
      PATH: process.env['PATH'],
    };
    const notifier = createServiceNotifier({ environment, command, onFailure: (why) => failures.push(why) });
    expect(notifier.active).toBe(true);
    expect(notifier.watchdogInterval).toBe(30_000);
    await notifier.ready('trading\nREADY=0');
    await notifier.alive();
    await notifier.stopping();
    expect(failures).toEqual([]);
    expect(recorded()).toContain(`--pid=${process.pid}\nREADY=1\nSTATUS=trading READY=0\nsocket=/run/x\nsecret=\n`);
    expect(recorded()).toContain('WATCHDOG=1\n');
    expect(recorded()).toContain('STOPPING=1\n');
  });

  test('READY goes with each sign of life from readiness to the stop: the first may have been lost', async () => {
    const { command, recorded } = recorder();
    const notifier = createServiceNotifier({
      environment: { NOTIFY_SOCKET: '/run/x' },
      command,
      onFailure: () => undefined,
    });
    const says = async (tell: Promise<void>): Promise<readonly string[]> => {
      await tell;
      const said = recorded()
        .split('\n')
        .filter((line) => /^(READY|WATCHDOG|STOPPING)=/.test(line));
      rmSync(join(folder, 'record'));
      return said;
    };
    expect(await says(notifier.alive())).toEqual(['WATCHDOG=1']);
    expect(await says(notifier.ready('up'))).toEqual(['READY=1']);
    expect(await says(notifier.alive())).toEqual(['READY=1', 'WATCHDOG=1']);
    expect(await says(notifier.stopping())).toEqual(['STOPPING=1']);
    expect(await says(notifier.alive())).toEqual(['WATCHDOG=1']);
  });

  test('without a service manager it does nothing', async () => {
    const failures: string[] = [];
    const notifier = createServiceNotifier({
      environment: { WATCHDOG_USEC: '1000000' },
      command: '/nonexistent',
      onFailure: (why) => failures.push(why),
    });
    await notifier.ready('x');
    expect(notifier).toMatchObject({ active: false, watchdogInterval: null });
    expect(failures).toEqual([]);
  });

  test('a missing program or a failure is reported and never thrown', async () => {
    const failures: string[] = [];
    const environment = { NOTIFY_SOCKET: '/run/x' };
    await createServiceNotifier({
      environment,
      command: join(folder, 'absent'),
      onFailure: (why) => failures.push(why),
    }).alive();
    await createServiceNotifier({
      environment,
      command: recorder(3).command,
      onFailure: (why) => failures.push(why),
    }).alive();
    expect(failures).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('code 3')]);
  });
});
