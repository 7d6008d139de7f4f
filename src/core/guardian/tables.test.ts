import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { denialsTable, limitsTable, locksTable } from './tables.ts';
import { LOCKS } from './lock.ts';

const PAGE = new URL('../../../docs/guardian.md', import.meta.url);
const TABLES = { locks: locksTable, denials: denialsTable, limits: limitsTable } as const;

/** What stands between the marks of a table. */
const between = (page: string, name: string): { readonly from: number; readonly to: number } => {
  const begin = `<!-- ${name}:begin -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`\n<!-- ${name}:end -->`);
  if (from < 0 || to < 0) throw new Error(`docs/guardian.md has no marks for the table of ${name}`);
  return { from: from + begin.length, to };
};

describe('docs/guardian.md', () => {
  test.each(Object.entries(TABLES))(
    'has the table of %s as the code has it (UPDATE_DOCS=1 writes it)',
    (name, make) => {
      let page = readFileSync(PAGE, 'utf8');
      if (process.env['UPDATE_DOCS'] === '1') {
        const { from, to } = between(page, name);
        page = page.slice(0, from) + make() + page.slice(to);
        writeFileSync(PAGE, page);
      }
      const { from, to } = between(page, name);
      expect(page.slice(from, to)).toBe(make());
    },
  );

  test('explains every lock with an example', () => {
    const page = readFileSync(PAGE, 'utf8');
    for (const { title } of Object.values(LOCKS)) {
      const at = page.indexOf(`### ${title}\n`);
      expect(at, title).toBeGreaterThan(0);
      const next = page.indexOf('\n#', at + 4);
      expect(page.slice(at, next < 0 ? undefined : next), title).toContain('*Example.*');
    }
  });
});
