import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const checkout = join(import.meta.dirname, '..', '..', '..');
const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

let folder: string;

/** What npm 9 and 10 leave: the package of this processor, and no link to its Node. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guardian-link-node-'));
  cpSync(join(checkout, 'deployment', 'link-node.mjs'), join(folder, 'deployment', 'link-node.mjs'));
  const own = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'node'), '#!/bin/sh\necho the one that runs the program\n', { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const install = (): void =>
  void execFileSync('sh', ['-c', scripts['postinstall'] ?? 'true'], {
    cwd: folder,
    env: { PATH: `${join(process.execPath, '..')}:/usr/bin:/bin` },
  });
const linked = (): string => execFileSync(join(folder, 'node_modules', '.bin', 'node'), { encoding: 'utf8' });

test('after an installation by an npm that has taken the link to its Node away, it is there', () => {
  install();
  expect(linked()).toBe('the one that runs the program\n');
  install();
  expect(linked()).toBe('the one that runs the program\n');
});

test('a link that leads nowhere is renewed', () => {
  mkdirSync(join(folder, 'node_modules', '.bin'));
  symlinkSync('../gone/node', join(folder, 'node_modules', '.bin', 'node'));
  install();
  expect(linked()).toBe('the one that runs the program\n');
});

test('without the package, on a computer that needs another Node, an installation does not fail for it', () => {
  rmSync(join(folder, 'node_modules'), { recursive: true });
  install();
  mkdirSync(join(folder, 'node_modules'));
  install();
});
