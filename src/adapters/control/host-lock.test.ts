import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { HostLockTaken, takeHostLock } from './host-lock.ts';

test('one holder at a time, told by what it is; released, it is free again', async () => {
  const identity = randomUUID();
  const first = await takeHostLock('the exchange account', identity);
  await expect(takeHostLock('the exchange account', identity)).rejects.toThrow(HostLockTaken);
  await expect(takeHostLock('the exchange account', identity)).rejects.toThrow(
    'the exchange account is in use by another running bot on this host',
  );
  const other = await takeHostLock('the bot token', identity);
  await first.release();
  await (await takeHostLock('the exchange account', identity)).release();
  await other.release();
});

test('a process that is killed holds nothing any more', async () => {
  const identity = randomUUID();
  const module = new URL('./host-lock.ts', import.meta.url).href;
  const program = [
    `const { takeHostLock } = await import(${JSON.stringify(module)});`,
    `await takeHostLock('a', ${JSON.stringify(identity)});`,
    "console.log('held');",
    'setInterval(() => {}, 1000);',
  ].join('\n');
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await expect(takeHostLock('a', identity)).rejects.toThrow(HostLockTaken);
  child.kill('SIGKILL');
  await once(child, 'close');
  await (await takeHostLock('a', identity)).release();
});
