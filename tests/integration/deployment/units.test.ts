import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const FOLDER = new URL('../../../deployment/', import.meta.url).pathname;
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the units', () => {
  test.each(['guardian-bot', 'guardian-bot-backup'])(
    '%s is exposed by 1.5 at most (systemd-analyze security)',
    (unit, context) => {
      if (!hasSystemd)
        return (context as unknown as { skip(why: string): void }).skip(
          "needs systemd-analyze, from Debian's package systemd",
        );
      const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', `${FOLDER}${unit}.service`], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_COLORS: '0', LC_ALL: 'C.UTF-8' },
      });
      const level = Number(/Overall exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
      expect(level).toBeLessThanOrEqual(1.5);
    },
  );

  test('the service restarts whatever happens but what waits for a person, and is watched', () => {
    const text = readFileSync(`${FOLDER}guardian-bot.service`, 'utf8');
    for (const line of [
      'Type=notify',
      'Restart=always',
      'RestartSec=10',
      'RestartPreventExitStatus=2 3',
      'WatchdogSec=180',
      'User=guardian-bot',
      'NoNewPrivileges=yes',
      'StartLimitIntervalSec=0',
      'LimitCORE=0',
    ])
      expect(text.split('\n')).toContain(line);
  });
});
