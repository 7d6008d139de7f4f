import type { ExitCode } from '../../adapters/system/exit-codes.ts';
import type { Mode } from '../../adapters/system/config-schema.ts';
import type { Base, Surroundings } from './base.ts';
import { runBot } from './run-bot.ts';

const OPENERS: Readonly<Record<Mode, () => Promise<(base: Base) => Promise<Surroundings>>>> = {
  demo: async () => (await import('./demo.ts')).openDemo,
  paper: async () => (await import('./paper.ts')).openPaper,
  testnet: async () => (await import('./testnet.ts')).openTestnet,
  live: async () => (await import('./live.ts')).openLive,
};

/** Opens the surroundings of the configured mode and runs the bot in them. */
export const runMode = async (base: Base): Promise<ExitCode> => {
  const open = await OPENERS[base.config.mode]();
  return runBot(base, await open(base));
};
