import type { ReadinessView } from '../src/ports/operator-tools.ts';
import { none } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { cut } from './support/format.ts';

const SIGNS = { PASS: '✅', WARN: '⚠️', FAIL: '❌' } as const;

const byDomain = ({ checks }: ReadinessView): readonly string[] => {
  const domains = [...new Set(checks.map(({ domain }) => domain))];
  return domains.map((domain) => {
    const own = checks.filter((check) => check.domain === domain);
    const worst =
      (['FAIL', 'WARN', 'PASS'] as const).find((verdict) => own.some((check) => check.verdict === verdict)) ?? 'FAIL';
    return `${SIGNS[worst]} ${domain}: ${own.filter(({ verdict }) => verdict === 'PASS').length} of ${own.length} pass`;
  });
};

export const audit = defineToolCommand({
  name: 'audit',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'The newest readiness audit',
  example: '/audit',
  parse: none,
  run: ({ times }, tools) => {
    const view = tools.readiness();
    if (view === null)
      return {
        title: 'No audit has been run',
        blocks: [{ kind: 'text', lines: ['Run it on the server: npm run audit'] }],
      };
    const failed = view.checks.filter(({ verdict }) => verdict === 'FAIL');
    return {
      title: `Readiness ${view.score} of 100: ${failed.length === 0 ? 'no failure' : `${failed.length} failed`}`,
      blocks: [
        { kind: 'text', lines: byDomain(view) },
        ...(failed.length === 0
          ? []
          : [
              {
                kind: 'text' as const,
                lines: [
                  'Failed:',
                  ...failed.slice(0, 12).map(({ name, evidence }) => `❌ ${name}: ${cut(evidence, 140)}`),
                ],
              },
            ]),
        { kind: 'text', lines: [`Run ${times.zoned(view.at)}`] },
      ],
    };
  },
});
