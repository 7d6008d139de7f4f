import { createExchange, type ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import { EXIT_CODES, type ExitCode } from '../../adapters/system/exit-codes.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { judge, reportLines, reportMarkdown } from '../../audit/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { complain, out } from '../output.ts';
import { openContext } from '../process-context.ts';
import { writeWhole, written } from '../written.ts';
import { lookUpName } from '../names.ts';
import { gatherEvidence } from './gather.ts';
import { keepReport, reportPath } from './report-files.ts';

/** The exchange as the audit and the doctor see it: nothing is ever ordered. Null in demo, which has none. */
export const connectForLooking = async (config: Config, clock: Clock, log: Log): Promise<ExchangeHandle | null> => {
  if (config.mode === 'demo') return null;
  const { exchangeApiKey: apiKey, exchangeApiSecret: secret } = config.secrets;
  const credentials = config.mode === 'paper' || apiKey === null || secret === null ? null : { apiKey, secret };
  return await createExchange({
    credentials,
    apiRoot: config.exchange.apiRoot,
    sandbox: config.mode === 'testnet',
    clock,
    log,
    lookUp: lookUpName,
    entryCeiling: () => null,
  });
};

/** `guardian audit`: prints the report and keeps it for `/audit`. Exit code 3 when anything fails. */
export const audit = async (options: { readonly report?: string; readonly json?: boolean }): Promise<ExitCode> => {
  const { config, log } = openContext({ logTo: 'stderr' });
  const clock = createSystemClock();
  const exchange = await connectForLooking(config, clock, log);
  try {
    const report = judge(await gatherEvidence({ config, clock, exchange }));
    if (options.json === true) out(JSON.stringify(report, null, 2));
    else for (const line of reportLines(report)) out(line);
    try {
      // Last: whoever waited for the evidence sees the verdict, whatever becomes of the files.
      const kept = written(reportPath(config), () => keepReport(config, report));
      if (options.report !== undefined) writeWhole(options.report, reportMarkdown(report), 0o600);
      if (options.json !== true) out(`report: ${options.report ?? kept}`);
    } catch (error) {
      // What failed is the graver of the two, and scripts go by the exit code.
      if (report.ready || !(error instanceof UserError)) throw error;
      complain(error.message);
    }
    return report.ready ? EXIT_CODES.done : EXIT_CODES.refused;
  } finally {
    await exchange?.close();
  }
};
