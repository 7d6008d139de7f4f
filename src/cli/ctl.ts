import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { userInfo } from 'node:os';
import { askControl, ControlUnreachable } from '../adapters/control/client.ts';
import { LONGEST_WORDS, type ControlEnd, type ControlRequest } from '../adapters/control/protocol.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { suggestion } from '../core/near-miss.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import { commands } from '../../commands/registry.ts';
import { controlPath } from './control/start-control.ts';
import { out } from './output.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';

/**
 * Who types: what `sudo` was called by, else the user; a user that the system has no name for by number. For the audit
 * table.
 */
export const typist = (
  environment: Readonly<Record<string, string | undefined>>,
  nameOfUser: () => string,
  number: number,
): string => {
  const sudoer = environment['SUDO_USER'];
  if (sudoer !== undefined) return sudoer.slice(0, 60);
  try {
    return nameOfUser().slice(0, 60);
  } catch {
    return `user ${number}`;
  }
};

const whoTypes = (): string => typist(process.env, () => userInfo().username, process.getuid?.() ?? -1);

/** @throws UserError for a command that the chat does not have: known here, so that it is the same without a bot */
const refuseUnknown = (name: string): void => {
  const names = commands.map((command) => command.name);
  if (names.includes(name)) return;
  const meant = suggestion(name, names);
  throw new UserError(
    `there is no command ${name}; ${meant === null ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`,
  );
};

/**
 * The words after a command. A reason too long is cut where the command makes trading safer: as in the chat it must not
 * fail for its words.
 * @throws UserError for any other command
 */
export const wordsFor = (name: string, words: readonly string[]): string => {
  const text = words.join(' ');
  if (text.length <= LONGEST_WORDS) return text;
  if (commands.some((command) => command.name === name && command.effect === 'tighten'))
    return text.slice(0, LONGEST_WORDS).toWellFormed();
  throw new UserError(`the words after ${name} have ${text.length} characters, at most ${LONGEST_WORDS} fit`);
};

const socketPath = (): string => controlPath(configurationWithoutSecrets());

const ask = async (request: ControlRequest): Promise<ControlEnd> => {
  try {
    return await askControl(socketPath(), request, out);
  } catch (error) {
    if (error instanceof ControlUnreachable) throw new UserError(error.message, EXIT_CODES.failure);
    throw error;
  }
};

/** What a person types; null when the input ends without an answer (Ctrl-D, Ctrl-C, a closed pipe). */
export const question = async (
  text: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Promise<string | null> => {
  const terminal = createInterface({ input, output });
  try {
    // A question whose input ends is never settled.
    const ended = once(terminal, 'close').then(() => null);
    return await Promise.race([
      terminal.question(text).then(
        (typed) => typed.trim(),
        () => null,
      ),
      ended,
    ]);
  } finally {
    terminal.close();
  }
};

const BY_TERMINAL = 'A person has to answer at a terminal; --yes confirms without asking';
const BY_LINE = 'A person has to answer at a terminal, or with --yes a line on standard input';

/** `guardian ctl <command>`: the chat's commands on the server, for when Telegram is down. */
export const ctl = async (
  name: string,
  words: readonly string[],
  options: { readonly yes?: boolean },
): Promise<ExitCode> => {
  refuseUnknown(name);
  const user = whoTypes();
  let end = await ask({ kind: 'command', name, arguments: wordsFor(name, words), user });
  for (;;) {
    for (const line of end.lines) out(line);
    if (end.question === null) return end.ok ? EXIT_CODES.done : EXIT_CODES.failure;
    const { nonce, text, confirms } = end.question;
    if (options.yes !== true && !process.stdin.isTTY)
      throw new UserError(`${text} ${confirms ? BY_TERMINAL : BY_LINE}`);
    const typed = confirms && options.yes === true ? 'yes' : await question(confirms ? `${text} [y/N] ` : `${text} `);
    if (typed === null) throw new UserError('\nno answer: nothing was done', EXIT_CODES.failure);
    end = await ask({ kind: 'answer', nonce, text: confirms ? (/^y(es)?$/i.test(typed) ? 'yes' : 'no') : typed, user });
  }
};

/** Wall time for the bot to be back after it was killed: by systemd, or by hand. */
const BACK_WITHIN: Milliseconds = 300 * SECOND_MS;
const LOOK: Milliseconds = 1 * SECOND_MS;

const DRILLS = ['round-trip', 'kill-switch', 'stale-data', 'restart'] as const;
type DrillName = (typeof DRILLS)[number];
const isDrill = (name: string): name is DrillName => (DRILLS as readonly string[]).includes(name);

/** `guardian drill <name>`: makes the running bot prove something; the audit reads the record. */
export const drill = async (name: string, symbol: string): Promise<ExitCode> => {
  if (!isDrill(name)) throw new UserError(`there is no drill ${name}; there are ${DRILLS.join(', ')}`);
  const user = whoTypes();
  const end = await ask({ kind: 'drill', name, arguments: symbol, user });
  if (name !== 'restart' || !end.ok) return report(name, end);
  out('the bot was killed; waiting for it to be started again (systemd does; elsewhere start it now)');
  return report(name, await afterRestart(end.lines[0] ?? '{}', user));
};

const report = (name: string, end: ControlEnd): ExitCode => {
  for (const line of end.lines) out(line);
  out(end.ok ? `drill ${name}: passed` : `drill ${name}: FAILED`);
  return end.ok ? EXIT_CODES.done : EXIT_CODES.failure;
};

const afterRestart = async (before: string, user: string): Promise<ControlEnd> => {
  const path = socketPath();
  const deadline = performance.now() + BACK_WITHIN;
  // The old process may still answer in the moment before it dies.
  await new Promise((resolve) => setTimeout(resolve, LOOK));
  for (;;) {
    try {
      return await askControl(path, { kind: 'drill', name: 'restart-check', arguments: before, user }, out);
    } catch (error) {
      if (!(error instanceof ControlUnreachable)) throw error;
      if (performance.now() > deadline)
        throw new UserError(
          `the bot was not back within ${BACK_WITHIN / SECOND_MS} s; start it and look at its log`,
          EXIT_CODES.failure,
        );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
};
