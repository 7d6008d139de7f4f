import type { Log } from '../ports/log.ts';
import { loadConfig, notesOf, openings, type LoadedConfig } from '../adapters/system/config.ts';
import { LIMIT_KEYS } from '../adapters/system/config-limits.ts';
import { parseConfig } from '../adapters/system/config-schema.ts';
import { readConfigSources, type ConfigSources } from '../adapters/system/config-sources.ts';
import { createLog } from '../adapters/system/log.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { StartHalt } from './compose/base.ts';
import { databaseHolds } from './compose/books.ts';

/** Configuration and log of this process. */
export interface ProcessContext extends LoadedConfig {
  readonly log: Log;
  /** Reasons to start halted that the configuration gave; empty unless a position has to be guarded in spite of it. */
  readonly configHalts: readonly StartHalt[];
}

export interface ContextOptions {
  /**
   * A limit that is looser than its ceiling stops a start, but not when the database holds something: then the standard
   * limits hold, and the start is halted.
   */
  readonly guardHoldings?: boolean;
  /** Standard error for commands whose standard output is their answer. */
  readonly logTo?: 'stdout' | 'stderr';
  /** See `loadConfig`. */
  readonly needsSecrets?: boolean;
}

/** Reads the configuration and opens the log. @throws UserError for wrong configuration */
export const openContext = ({
  guardHoldings = false,
  logTo = 'stdout',
  needsSecrets = true,
}: ContextOptions = {}): ProcessContext => {
  const sources: ConfigSources = { environment: process.env, envFile: '.env' };
  const { loaded, configHalts } = guardHoldings
    ? loadOrGuard(sources)
    : { loaded: loadConfig(sources, { needsSecrets }), configHalts: [] };
  const log = createLog({
    level: loaded.config.logLevel,
    redact: loaded.config.secrets.redactor(),
    pretty: process[logTo].isTTY,
    ...(logTo === 'stderr' ? { write: (text: string) => void process.stderr.write(text) } : {}),
  });
  for (const warning of loaded.warnings) log.warn({}, warning);
  return { ...loaded, log, configHalts };
};

/** Exported for its test: what a start makes of its configuration. */
export const loadOrGuard = (
  sources: ConfigSources,
): { readonly loaded: LoadedConfig; readonly configHalts: readonly StartHalt[] } => {
  try {
    return { loaded: loadConfig(sources), configHalts: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const guarded = withStandardLimits(sources);
    if (guarded === null || !databaseHolds(guarded.config.databasePath)) throw error;
    return {
      loaded: guarded,
      configHalts: [{ code: 'configuration', text: error.message.replaceAll('\n', '; '), clears: 'restart' }],
    };
  }
};

/** The configuration without its limits, when limits are all that is wrong with it. */
const withStandardLimits = (sources: ConfigSources): LoadedConfig | null => {
  const raw = readConfigSources(sources);
  const { values, faults } = raw;
  if (faults.length > 0) return null;
  const limits: ReadonlySet<string> = new Set(Object.values(LIMIT_KEYS));
  const parsed = parseConfig(Object.fromEntries(Object.entries(values).filter(([name]) => !limits.has(name))));
  if (!parsed.ok) return null;
  const open = openings(raw, parsed.config, sources.envFile ?? '.env');
  return { config: parsed.config, warnings: [...notesOf(raw, parsed.config), ...open], liveRefusals: open };
};
