import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHECKOUT = new URL('../../../', import.meta.url).pathname.replace(/\/$/, '');
const HERE = new URL('.', import.meta.url).pathname;

const ATTEMPTS = [
  ['--mount', '--pid', '--fork', '--kill-child'],
  ['--user', '--map-root-user', '--map-auto', '--mount', '--pid', '--fork', '--kill-child'],
] as const;

/** How this machine lets us have a mount namespace with more than one user in it; null = it does not. */
const namespaceOptions = (): readonly string[] | null =>
  ATTEMPTS.find(
    (options) =>
      spawnSync('unshare', [...options, 'sh', '-c', 'mount -t tmpfs t /mnt && touch /mnt/x && chown 1:1 /mnt/x'])
        .status === 0,
  ) ?? null;

/** Why tests of the installation cannot run here, or null. */
export const whyNoRoot = (): string | null =>
  namespaceOptions() === null ? 'needs root, or unshare with newuidmap, for a root of its own' : null;

/** Runs a bash script in a throw-away root with the checkout at /srv/checkout; see root.sh. */
export const runInRoot = async (
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-root-'));
  try {
    const file = join(directory, 'script.sh');
    writeFileSync(file, script);
    const root = mkdtempSync(join(directory, 'root-'));
    const stub = Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    const child = spawn(
      'unshare',
      [
        ...(namespaceOptions() ?? []),
        'bash',
        join(HERE, 'root.sh'),
        root,
        CHECKOUT,
        realpathSync(join(CHECKOUT, 'node_modules')),
        file,
      ],
      {
        env: { PATH: process.env['PATH'] ?? '', STUB_ENVIRONMENT: stub },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const parts: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: parts.join('') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
