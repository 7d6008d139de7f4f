import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from '../../adapters/sqlite/files.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import { reportMarkdown } from '../../audit/audit.ts';
import type { ReadinessReport } from '../../audit/check.ts';
import type { ReadinessView } from '../../ports/operator-tools.ts';
import { putFiles } from '../../research/put-files.ts';

/** The newest report of a mode lies beside its database: for `/audit` and for people. The live gate never reads it. */
const pathOf = ({ databasePath, mode }: Pick<Config, 'databasePath' | 'mode'>, ending: 'json' | 'md'): string =>
  join(dirname(databasePath), `readiness-${mode}.${ending}`);

/** Where the Markdown is kept. */
export const reportPath = (config: Config): string => pathOf(config, 'md');

/** Returns the path of the Markdown. */
export const keepReport = (config: Config, report: ReadinessReport): string => {
  const directory = dirname(config.databasePath);
  makeDirectory(directory);
  const markdown = reportPath(config);
  putFiles(
    directory,
    {
      [basename(pathOf(config, 'json'))]: `${JSON.stringify(report, null, 2)}\n`,
      [basename(markdown)]: reportMarkdown(report),
    },
    0o600,
  );
  return markdown;
};

/** null = the audit was never run, or its report cannot be read. */
export const readReport = (config: Config): ReadinessView | null => {
  try {
    const { at, score, checks } = JSON.parse(readFileSync(pathOf(config, 'json'), 'utf8')) as ReadinessReport;
    return typeof at === 'number' && typeof score === 'number' && Array.isArray(checks) ? { at, score, checks } : null;
  } catch {
    return null;
  }
};
