import { counted } from '../core/words.ts';
import { DOMAINS, type Check, type Domain, type Finding, type ReadinessReport } from './check.ts';
import { capitalProtection } from './checks/capital-protection.ts';
import { crashRecovery } from './checks/crash-recovery.ts';
import { dataDrift } from './checks/data-drift.ts';
import { deploymentSecurity } from './checks/deployment-security.ts';
import { executionSafety } from './checks/execution-safety.ts';
import { guardianState } from './checks/guardian-state.ts';
import { liveData } from './checks/live-data.ts';
import { testPhases } from './checks/test-phases.ts';
import type { Evidence } from './evidence.ts';

const CHECKS: Readonly<Record<Domain, (evidence: Evidence) => readonly Finding[]>> = {
  'live data ingestion': liveData,
  'execution safety': executionSafety,
  'Guardian state': guardianState,
  'capital protection': capitalProtection,
  'test-phase history': testPhases,
  'data drift': dataDrift,
  'crash recovery': crashRecovery,
  'deployment security': deploymentSecurity,
};

const WORTH = { PASS: 1, WARN: 0.5, FAIL: 0 } as const;

/** Judges the evidence, domain by domain. Nothing is remembered and nothing is assumed. */
export const judge = (evidence: Evidence): ReadinessReport => {
  const checks: Check[] = DOMAINS.flatMap((domain) =>
    CHECKS[domain](evidence).map((finding) => ({ domain, ...finding })),
  );
  const worth = checks.reduce((sum, { verdict }) => sum + WORTH[verdict], 0);
  return {
    at: evidence.at,
    mode: evidence.config.mode,
    score: Math.floor((100 * worth) / checks.length),
    ready: checks.every(({ verdict }) => verdict !== 'FAIL'),
    checks,
  };
};

const MARKS = { PASS: 'PASS', WARN: '**WARN**', FAIL: '**FAIL**' } as const;

/** A table cell holds one line, and no pipe of its own. */
const cell = (text: string): string => text.replaceAll('\n', ' ').replaceAll('|', '\\|');

/** The report as Markdown. */
export const reportMarkdown = (report: ReadinessReport): string => {
  const failed = report.checks.filter(({ verdict }) => verdict === 'FAIL').length;
  const lines = [
    '# Readiness audit',
    '',
    `${new Date(report.at).toISOString()}, MODE=${report.mode}: **${report.score}/100**, ${report.ready ? 'ready: nothing fails' : `not ready: ${counted(failed, 'check fails', 'checks fail')}`}.`,
  ];
  for (const domain of DOMAINS) {
    lines.push('', `## ${domain}`, '', '| check | verdict | evidence |', '|---|---|---|');
    for (const { name, verdict, evidence } of report.checks.filter((check) => check.domain === domain))
      lines.push(`| ${name} | ${MARKS[verdict]} | ${cell(evidence)} |`);
  }
  return `${lines.join('\n')}\n`;
};

/** The report as lines of a terminal. */
export const reportLines = (report: ReadinessReport): readonly string[] => {
  const width = Math.max(...report.checks.map(({ name }) => name.length));
  return [
    ...DOMAINS.flatMap((domain) => [
      domain,
      ...report.checks
        .filter((check) => check.domain === domain)
        .map(({ name, verdict, evidence }) => `  ${verdict}  ${name.padEnd(width)}  ${evidence}`),
    ]),
    `score ${report.score}/100: ${
      report.ready
        ? 'ready'
        : `not ready (${report.checks
            .filter(({ verdict }) => verdict === 'FAIL')
            .map(({ name }) => name)
            .join(', ')})`
    }`,
  ];
};
