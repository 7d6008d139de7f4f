import { loadConfig } from '../adapters/system/config.ts';
import type { Config } from '../adapters/system/config-schema.ts';

/**
 * The configuration for a command that needs no secret: the service's credentials are not there for it.
 * @throws UserError for wrong configuration
 */
export const configurationWithoutSecrets = (): Config =>
  loadConfig({ environment: process.env, envFile: '.env' }, { needsSecrets: false }).config;
