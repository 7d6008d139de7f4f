import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Log } from '../../ports/log.ts';
import { controlRequest, type ControlEnd, type ControlRequest } from './protocol.ts';

export interface ControlServer {
  readonly path: string;
  close(): Promise<void>;
}

export interface ControlServerOptions {
  /** The socket's file. One that is there is replaced: whoever may start the bot on this database owns it. */
  readonly path: string;
  readonly log: Log;
  readonly handle: (request: ControlRequest, say: (text: string) => void) => Promise<ControlEnd>;
}

/** Longest name of a Unix socket that Linux takes. */
const LONGEST_PATH = 107;
const LONGEST_REQUEST = 8_192;
const REQUEST_TIMEOUT = 10_000;

const fault = (text: string): ControlEnd => ({ kind: 'end', ok: false, lines: [text], question: null });

/**
 * The control socket, for the owner of the service alone (mode 0600): whoever can open it is the operator.
 * @throws Error when the path is too long or cannot be made
 */
export const startControlServer = async (options: ControlServerOptions): Promise<ControlServer> => {
  const { path } = options;
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new Error(
      `the control socket's path ${path} is longer than ${LONGEST_PATH} bytes; use a shorter DATABASE_PATH`,
    );
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serve(socket, options);
  });
  rmSync(path, { force: true });
  await listen(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
};

/** The socket's file is never open to others, not even between its making and the change of its mode. */
const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen({ path }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });

const serve = (socket: Socket, { log, handle }: ControlServerOptions): void => {
  const write = (line: unknown): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  const finish = (end: ControlEnd): void => {
    write(end);
    socket.end();
  };
  let received = 0;
  socket.on('data', (part) => {
    received += part.length;
    if (received > LONGEST_REQUEST) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.setTimeout(REQUEST_TIMEOUT, () => socket.destroy());
  const lines = createInterface({ input: socket });
  lines.on('error', () => undefined);
  lines.once('line', (text) => {
    socket.setTimeout(0);
    void answer(text, handle, (line) => write({ kind: 'say', text: line })).then(finish, (error: unknown) => {
      log.error({ error }, 'a request on the control socket failed');
      finish(fault('the bot could not carry it out; its log says why'));
    });
  });
};

const answer = async (
  text: string,
  handle: ControlServerOptions['handle'],
  say: (text: string) => void,
): Promise<ControlEnd> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault('the request is not JSON');
  }
  const parsed = controlRequest.safeParse(value);
  return parsed.success
    ? await handle(parsed.data, say)
    : fault(`the request is not understood: ${parsed.error.issues[0]?.message ?? 'wrong shape'}`);
};
