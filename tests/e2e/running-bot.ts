import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const ROOT = new URL('../../', import.meta.url).pathname;
/** A condition that has not come true after this long never will. */
const PATIENCE = 60_000;
const LOOK_EVERY = 10;

/** A chat message as the page sees it. */
export interface ChatMessage {
  readonly id: number;
  readonly text: string;
  readonly fromBot: boolean;
  readonly buttons: readonly string[];
}

/** The real program in a process of its own, used from outside: page, chat, the simulator's control endpoint. */
export interface RunningBot {
  readonly pageUrl: string;
  readonly controlUrl: string;
  /** Every line the process wrote. */
  readonly output: readonly string[];
  control(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  say(text: string): Promise<void>;
  /** The first message of the bot that fits and is newer than `afterId`. */
  hears(fits: (message: ChatMessage) => boolean, afterId?: number): Promise<ChatMessage>;
  /** The same without waiting: null when there is none yet. */
  heard(fits: (message: ChatMessage) => boolean, afterId?: number): Promise<ChatMessage | null>;
  press(message: ChatMessage, button: string): Promise<void>;
  /** Ends the process with this signal; resolves to the exit code, null after a kill. */
  end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | null>;
}

/**
 * Repeats `look` until it gives something. Real processes give no other sign.
 * @throws after `patience` milliseconds, a minute
 */
export const eventually = async <T>(what: string, look: () => Promise<T | null>, patience = PATIENCE): Promise<T> => {
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  throw new Error(`gave up waiting for ${what}`);
};

interface RawMessage {
  readonly message_id: number;
  readonly text?: string;
  readonly caption?: string;
  readonly from?: { readonly is_bot?: boolean };
  readonly reply_markup?: { readonly inline_keyboard?: readonly (readonly { readonly text: string }[])[] };
}

const readMessage = (raw: RawMessage): ChatMessage => ({
  id: raw.message_id,
  text: raw.text ?? raw.caption ?? '',
  fromBot: raw.from?.is_bot === true,
  buttons: (raw.reply_markup?.inline_keyboard ?? []).flat().map((button) => button.text),
});

const fetchJson = async (url: string, init: RequestInit = {}): Promise<unknown> => {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
};

const post = (url: string, body: unknown): Promise<unknown> =>
  fetchJson(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** Runs a subcommand to its end. */
export const runGuardian = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const child = spawnGuardian(args, environment, cwd);
  const parts: string[] = [];
  child.stdout?.on('data', (part: Buffer) => parts.push(part.toString()));
  child.stderr?.on('data', (part: Buffer) => parts.push(part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: parts.join('') };
};

const spawnGuardian = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): ChildProcess =>
  spawn(process.execPath, [`${ROOT}src/cli/guardian.ts`, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Starts `guardian start` and waits until page and simulator are up. */
export const startGuardian = async (
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<RunningBot> => {
  const child = spawnGuardian(['start'], environment, cwd);
  const output: string[] = [];
  const found: { page?: string; control?: string } = {};
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      if (!line.startsWith('{')) return;
      const fields = JSON.parse(line) as { page?: string; control?: string };
      if (typeof fields.page === 'string') found.page = fields.page;
      // The bot's own control socket is a path; the simulator's endpoint is an address.
      if (fields.control?.startsWith('http') === true) found.control = fields.control;
    });
  }
  const ended = once(child, 'close') as Promise<[number | null]>;
  const { page, control } = await eventually('page and simulator', () => {
    if (child.exitCode !== null) throw new Error(`guardian ended with ${child.exitCode}:\n${output.join('\n')}`);
    return Promise.resolve(
      found.page !== undefined && found.control !== undefined ? { page: found.page, control: found.control } : null,
    );
  });
  const messages = async (): Promise<readonly ChatMessage[]> => {
    const answer = (await fetchJson(`${page}/api/chat/messages`)) as
      | { readonly messages: readonly RawMessage[] }
      | readonly RawMessage[];
    return ('messages' in answer ? answer.messages : answer).map(readMessage);
  };
  const heard = async (fits: (message: ChatMessage) => boolean, afterId = 0): Promise<ChatMessage | null> =>
    (await messages()).find((message) => message.fromBot && message.id > afterId && fits(message)) ?? null;
  return {
    pageUrl: page,
    controlUrl: control,
    output,
    control: (method, path, body) =>
      method === 'GET' ? fetchJson(`${control}${path}`) : post(`${control}${path}`, body ?? {}),
    say: async (text) => void (await post(`${page}/api/chat/send`, { text })),
    heard,
    hears: (fits, afterId = 0) => eventually('a message', () => heard(fits, afterId)),
    press: async (message, button) => void (await post(`${page}/api/chat/press`, { button, messageId: message.id })),
    end: async (signal) => {
      child.kill(signal);
      return (await ended)[0];
    },
  };
};
