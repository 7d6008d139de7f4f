import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Lets only one process of this host use a thing: an account, a bot token. The
 * lock is an abstract Unix socket: the kernel drops it with the process, however
 * that ends, and it is the same for every directory and user of the host.
 * Other hosts do not see it: a second bot there shows at the exchange and at Telegram.
 */
export interface HostLock {
  release(): Promise<void>;
}

/** Another process of this host holds the lock. */
export class HostLockTaken extends Error {
  override readonly name = 'HostLockTaken';
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/**
 * Takes the lock on a thing.
 * @param what its kind in words, for the message: "the exchange account"
 * @param identity which one of its kind it is; only a hash of it is visible to others
 * @throws HostLockTaken with one clear line
 */
export const takeHostLock = async (what: string, identity: string): Promise<HostLock> => {
  const name = createHash('sha256').update(`${what}\0${identity}`).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  try {
    await listen(server, `\0guardian-bot/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HostLockTaken(`${what} is in use by another running bot on this host: stop that one first`);
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
};
