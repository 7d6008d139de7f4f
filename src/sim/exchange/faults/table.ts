import { FAULTS } from './registry.ts';

const HEAD = `# Faults of the exchange simulator

Generated from \`faults/registry.ts\`; a test keeps both the same. Set one with
\`POST /control/fault\` and a JSON object: \`name\`, the fault's own parameters, and optionally

- what it concerns: \`endpoint\` (end of the path), \`method\`, \`symbol\`, \`side\`, \`type\` (an order type, or \`stop\`
  for every type that waits for a trigger), \`clientOrderId\`. Queries and cancels count by the order they name;
- when: \`after\` (matching ones that pass unharmed first), \`count\` (how many it strikes), \`steps\` (ends after so many
  sub-steps of the market).

\`DELETE /control/fault\` ends all, \`?id=N\` one. Faults are not stored: a restarted simulator has none.

| name | what happens | parameters | concerns by default | count |
|---|---|---|---|---|
`;

/** The documentation of every fault, as Markdown. */
export const faultTable = (): string => {
  const rows = FAULTS.map(({ name, summary, parameters, match, count }) => {
    const own = Object.entries(parameters).map(([parameter, meaning]) => `\`${parameter}\`: ${meaning}`);
    const concerns = Object.entries(match).map(([key, value]) => `${key} ${String(value)}`);
    const cells = [
      `\`${name}\``,
      summary,
      own.join('; '),
      concerns.join(', ') || 'everything',
      count === null ? 'until ended' : String(count),
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return HEAD + rows.join('');
};
