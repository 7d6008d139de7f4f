import { describe, expect, test } from 'vitest';

import { DEPENDENCY_CRUISER, FIXTURES, ROOT, runTool } from './tools.ts';

interface CruiseResult {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

const CONFIGURATION = `${ROOT}/.dependency-cruiser.mjs`;
const fixture = `${FIXTURES}/directions`;

const violations = (): CruiseResult['summary'] => {
  const { output } = runTool(
    DEPENDENCY_CRUISER,
    ['--config', CONFIGURATION, '--output-type', 'json', 'src', 'commands'],
    fixture,
  );
  return (JSON.parse(output) as CruiseResult).summary;
};

/** Which offender of the fixture has to be refused by which rule. */
const EXPECTED: readonly (readonly [string, string])[] = [
  ['core-directions', 'src/core/orders/imports-a-port.ts'],
  ['core-is-pure', 'src/core/orders/imports-a-builtin.ts'],
  ['core-is-pure', 'src/ports/imports-a-builtin.ts'],
  ['guardian-is-blind', 'src/core/guardian/imports-strategy.ts'],
  ['guardian-is-blind', 'src/core/guardian/imports-features.ts'],
  ['no-cycles', 'src/core/market/cycle-a.ts'],
  ['no-orphans', 'src/core/market/orphan.ts'],
  ['resolvable', 'src/core/market/imports-nothing.ts'],
  ['ports-directions', 'src/ports/imports-app.ts'],
  ['ports-are-types', 'src/ports/imports-a-value.ts'],
  ['app-directions', 'src/app/imports-sim.ts'],
  ['app-directions', 'src/app/imports-an-adapter.ts'],
  ['app-directions', 'src/app/imports-cli.ts'],
  ['nothing-imports-cli', 'src/app/imports-cli.ts'],
  ['nothing-imports-tests', 'src/app/imports-a-test-helper.ts'],
  ['package-without-home', 'src/app/imports-a-development-package.ts'],
  ['sim-directions', 'src/sim/imports-app.ts'],
  ['simulator-books-alone', 'src/sim/imports-the-ledger.ts'],
  ['simulator-books-alone', 'src/sim/imports-the-ledger.test.ts'],
  ['research-directions', 'src/research/imports-an-adapter.ts'],
  ['audit-directions', 'src/audit/imports-app.ts'],
  ['adapter-directions', 'src/adapters/exchange/imports-another-adapter.ts'],
  ['adapter-directions', 'src/adapters/exchange/imports-app.ts'],
  ['adapter-tests-stay-home', 'src/adapters/exchange/imports-another-adapter.test.ts'],
  ['commands-directions', 'commands/imports-an-adapter.ts'],
  ['commands-are-pure', 'commands/imports-a-builtin.ts'],
];

describe('the directions', () => {
  test('refuse each offender by its rule, and nothing that keeps them', () => {
    const { violations: found, ruleSetUsed } = violations();
    const homes = ruleSetUsed.forbidden.map(({ name }) => name).filter((name) => name.startsWith('home-of-'));
    expect(homes.length).toBeGreaterThan(15);
    const expected = [
      ...EXPECTED.map(([rule, file]) => `${rule}: ${file}`),
      ...homes.map((rule) => `${rule}: src/app/imports-packages.ts`),
    ];
    expect(found.map(({ rule, from }) => `${rule.name}: ${from}`).sort()).toEqual(expected.sort());
  });

  test('have no rule without an offender', () => {
    const { violations: found, ruleSetUsed } = violations();
    const proved = new Set(found.map(({ rule }) => rule.name));
    expect(ruleSetUsed.forbidden.map(({ name }) => name).filter((name) => !proved.has(name))).toEqual([]);
  });

  test('end the command with a failure', () => {
    const { exitCode, output } = runTool(DEPENDENCY_CRUISER, ['--config', CONFIGURATION, 'src', 'commands'], fixture);
    expect(exitCode).toBeGreaterThan(0);
    expect(output).toContain('dependency violations');
  });
});
