import { DatabaseRefused } from '../../adapters/sqlite/errors.ts';
import { EXIT_CODES, type ExitCode } from '../../adapters/system/exit-codes.ts';
import type { Mode } from '../../adapters/system/config-schema.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { createWebhook } from '../../adapters/system/web-calls.ts';
import type { Base, Surroundings } from './base.ts';
import { withListedSymbols } from './listed.ts';
import { runBot } from './run-bot.ts';
import { lookUpSideName } from '../names.ts';

const OPENERS: Readonly<Record<Mode, () => Promise<(base: Base) => Promise<Surroundings>>>> = {
  demo: async () => (await import('./demo.ts')).openDemo,
  paper: async () => (await import('./paper.ts')).openPaper,
  testnet: async () => (await import('./testnet.ts')).openTestnet,
  live: async () => (await import('./live.ts')).openLive,
};

/** Whether the service manager leaves it at this end. A full disk passes, so the next start may work. */
const staysDown = (error: unknown): error is Error =>
  error instanceof UserError || (error instanceof DatabaseRefused && !error.passes);

/** A service that is refused stays down, and its Telegram side was never up: the other way to reach people is used. */
const tellRefusal = async ({ config, log }: Base, error: unknown): Promise<void> => {
  const url = config.secrets.alertWebhookUrl;
  if (config.mode !== 'live' || url === null || !staysDown(error)) return;
  try {
    await createWebhook(url, lookUpSideName).call(`Guardian Bot did not start. ${error.message}`);
  } catch (failure) {
    log.warn(
      { why: failure instanceof Error ? failure.message : String(failure) },
      'the refused start could not be told',
    );
  }
};

/** Opens the surroundings of the configured mode and runs the bot in them. */
export const runMode = async (base: Base): Promise<ExitCode> => {
  const open = await OPENERS[base.config.mode]();
  let surroundings: Surroundings | null;
  try {
    // Opening waits as long as the exchange cannot be reached; whoever ends the program does not.
    surroundings = await Promise.race([open(base), base.stop.then(() => null)]);
  } catch (error) {
    await tellRefusal(base, error);
    throw error;
  }
  if (surroundings === null) {
    base.log.info({}, 'stopped before the exchange could be reached');
    return EXIT_CODES.done;
  }
  return runBot(await withListedSymbols(base, surroundings), surroundings);
};
