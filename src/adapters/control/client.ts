import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { controlLine, type ControlEnd, type ControlRequest } from './protocol.ts';

/** Nobody listens, or not to us. */
export class ControlUnreachable extends Error {
  override readonly name = 'ControlUnreachable';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no bot runs on this database (there is no socket)',
  ECONNREFUSED: 'no bot runs on this database (nobody listens)',
  EACCES: "the socket belongs to another user: run this as the bot's user or with sudo",
};

const parseOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/**
 * Sends one request to the running bot.
 * @throws ControlUnreachable with one clear line
 */
export const askControl = (path: string, request: ControlRequest, say: (text: string) => void): Promise<ControlEnd> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new ControlUnreachable(`${path}: ${why}`));
    };
    socket.on('error', (error: NodeJS.ErrnoException) => fail(REASONS[error.code ?? ''] ?? error.message));
    socket.on('close', () => fail('the bot ended before it answered'));
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined);
    lines.on('line', (text) => {
      const parsed = controlLine.safeParse(parseOrNull(text));
      if (!parsed.success) return fail('the answer is not understood: program and bot have different versions');
      if (parsed.data.kind === 'say') return say(parsed.data.text);
      resolve(parsed.data);
      socket.destroy();
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
