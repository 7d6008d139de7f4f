import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const ROOT = new URL('../../../', import.meta.url).pathname;

/** A condition that has not come true after this long never will. */
const PATIENCE = 60_000;

/** Repeats `look` until it gives something. Real processes give no other sign. @throws after a minute */
export const eventually = async <T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> => {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`gave up waiting for ${what}`);
};

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** What is meant for the person: the lines that are no log lines. */
  readonly lines: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when the log has this text. */
  says(text: string): Promise<void>;
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended>;
  ended: Promise<Ended>;
}

/** The real program in a process of its own. */
export const guardian = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Running => {
  const child = spawn(process.execPath, [`${ROOT}src/cli/guardian.ts`, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()));
  const output = (): string => parts.join('');
  const ended = once(child, 'close').then(
    ([code]): Ended => ({
      code: code as number | null,
      output: output(),
      lines: output()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{')),
    }),
  );
  return {
    child,
    output,
    ended,
    says: (text) =>
      eventually(text, () => {
        if (output().includes(text)) return true;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`guardian ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
        return null;
      }).then(() => undefined),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Runs a subcommand to its end. */
export const run = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Ended> => guardian(args, environment, cwd).ended;
