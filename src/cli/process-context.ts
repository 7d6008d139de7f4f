import type { Log } from '../ports/log.ts';
import { loadConfig, type LoadedConfig } from '../adapters/system/config.ts';
import { createLog } from '../adapters/system/log.ts';

/** Configuration and log of this process. */
export interface ProcessContext extends LoadedConfig {
  readonly log: Log;
}

/** Reads the configuration and opens the log. @throws UserError for wrong configuration */
export const openContext = (): ProcessContext => {
  const loaded = loadConfig({ environment: process.env, envFile: '.env' });
  const log = createLog({
    level: loaded.config.logLevel,
    redact: loaded.config.secrets.redactor(),
    pretty: process.stdout.isTTY,
  });
  for (const warning of loaded.warnings) log.warn({}, warning);
  return { ...loaded, log };
};
