import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExchangeSimulator } from '../../../src/sim/exchange/simulator.ts';
import { startExchangeNow } from '../modes/exchange-now.ts';
import { runInRoot, whyNoRoot } from './throw-away-root.ts';

/** deployment/install.sh in a root of its own: never the host's directories, never a running systemd. */
let exchange: ExchangeSimulator;
const impossible = whyNoRoot();
beforeAll(async () => {
  exchange = await startExchangeNow();
});
afterAll(() => exchange.close());

const PAPER = `printf 'MODE=paper\\nDASHBOARD_PORT=0\\n' >> /var/lib/guardian-bot/.env`;
const inRoot = (script: string) => runInRoot(`cd /srv/checkout\n${script}`, { EXCHANGE_API_ROOT: exchange.url });
/** What a scenario says of itself: lines "check NAME VALUE". */
const checksOf = (output: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...output.matchAll(/^check (\S+) (.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

/** Ends the installer at once, as a lost connection does, before the systemctl call that is named in /run/break. */
const BREAKABLE = `mv /usr/local/sbin/systemctl /usr/local/sbin/systemctl.real
      cat > /usr/local/sbin/systemctl <<'END'
#!/bin/bash
if [ -e /run/break ] && [ "$1" = "$(cat /run/break)" ]; then rm /run/break; pkill -KILL -f 'install.sh upgrade'; fi
exec /usr/local/sbin/systemctl.real "$@"
END
      chmod 0755 /usr/local/sbin/systemctl`;

/** A next version whose database has another schema and whose start fails after it was brought forward. */
const BROKEN_NEXT = `
cp -a /srv/checkout /srv/next
sed -i "s/{ name: '0002-chat-memory', sql: chatMemory },/{ name: '0002-chat-memory', sql: chatMemory },\\n  { name: 'next', sql: 'CREATE TABLE next (x)' },\\n  { name: 'nextnext', sql: 'CREATE TABLE nextnext (x)' },\\n  { name: 'third', sql: 'CREATE TABLE third (x)' },/" /srv/next/src/adapters/sqlite/migrations/index.ts
sed -i "s/^export const runBot = async.*/&\\n  if (base.config.mode !== 'demo') throw new Error('this version is broken');/" /srv/next/src/cli/compose/run-bot.ts
`;

/** A version that fetches its packages: one of them has a script of its own, which says who ran it. */
const FETCHING = `
mkdir -p /srv/fetching/src/cli /srv/package
cd /srv/fetching
cp -a /srv/checkout/deployment /srv/checkout/.env.example .
touch src/cli/guardian.ts
printf '{"name":"other","version":"1.0.0","scripts":{"preinstall":"id -un > /run/ran","postinstall":"id -un > /run/ran"}}' > /srv/package/package.json
tar --create --gzip --file deployment/other.tgz --directory /srv package
printf '{"name":"guardian-bot","version":"9.9.9","dependencies":{"other":"file:deployment/other.tgz"}}' > package.json
npm install --package-lock-only --offline --ignore-scripts --no-audit --no-fund >/dev/null
`;

describe.skipIf(impossible !== null)(`install.sh${impossible === null ? '' : ` (skipped: ${impossible})`}`, () => {
  test('packages are fetched without running what they bring along: it would run as root', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      command -v npm >/dev/null || { echo 'check no-npm yes'; exit 0; }
      ${FETCHING}
      cd /srv/checkout
      deployment/install.sh install --from /srv/fetching
      echo "check package $(stat -c '%U' /opt/guardian-bot/current/node_modules/other/package.json)"
      echo "check ran $(cat /run/ran 2>&1 || true)"
    `);
    expect(code, output).toBe(0);
    const checks = checksOf(output);
    if (checks['no-npm'] === undefined)
      expect(checks).toEqual({ package: 'root', ran: 'cat: /run/ran: No such file or directory' });
  });

  test('installs, again without a change, runs the service, uninstalls and keeps the data', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      find /opt /var/lib /etc/systemd /usr/local/bin/guardian -not -path '*/node_modules*' -printf '%p %M %u %T@\\n' | grep -v '^/etc/systemd/system ' | sort > /tmp/before
      deployment/install.sh install --offline
      find /opt /var/lib /etc/systemd /usr/local/bin/guardian -not -path '*/node_modules*' -printf '%p %M %u %T@\\n' | grep -v '^/etc/systemd/system ' | sort > /tmp/after
      echo "check again $(diff <(cut -d' ' -f1-3 /tmp/before) <(cut -d' ' -f1-3 /tmp/after) && echo same)"
      echo "check verify $(systemd-analyze verify /etc/systemd/system/guardian-bot.service /etc/systemd/system/guardian-bot-backup.service /etc/systemd/system/guardian-bot-backup.timer 2>&1 | wc -c)"
      echo "check env $(stat -c '%a %U' /var/lib/guardian-bot/.env)"
      echo "check home $(stat -c '%a %U' /var/lib/guardian-bot)"
      echo "check program $(stat -c '%U' /opt/guardian-bot/current/src/cli/guardian.ts)"
      echo "check started-by-install $(grep -c '^systemctl start' /run/stub/calls || true)"
      ${PAPER}
      sudo systemctl start guardian-bot
      sudo guardian ctl status
      echo "check process $(pgrep -c -u guardian-bot -f 'guardian.ts start')"
      echo "check stranger $(runuser -u nobody -- guardian ctl status 2>&1 || true)"
      deployment/install.sh uninstall
      echo "check left $(ls /opt /etc/systemd/system /usr/local/bin | tr '\\n' ' ')"
      echo "check data $(ls /var/lib/guardian-bot/data/paper.db /var/lib/guardian-bot/.env | wc -l)"
      deployment/install.sh uninstall
    `);
    expect(code, output).toBe(0);
    const checks = checksOf(output);
    expect(checks).toMatchObject({
      again: 'same',
      verify: '0',
      env: '600 guardian-bot',
      home: '700 guardian-bot',
      program: 'root',
      'started-by-install': '0',
      data: '2',
    });
    expect(Number(checks['process'])).toBeGreaterThan(0);
    expect(checks['stranger']).toContain('run this with sudo');
    expect(checks['left']).not.toMatch(/guardian-bot\.service|releases/);
    expect(output).toContain('Equity');
  });

  test("a link in the bot's own directory leads no installation, which is root's, to files that are not the bot's", {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      install -d -m 0755 /srv/others
      cd /var/lib/guardian-bot
      runuser -u guardian-bot -- sh -c 'rm -r data .env && ln -s /srv/others data && ln -s /srv/others/made .env'
      cd /srv/checkout
      result=0; deployment/install.sh install --offline || result=$?
      echo "check others $(stat -c '%a %U' /srv/others) $(ls -A /srv/others | wc -l)"
      echo "check result $result"
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ others: '755 root 0', result: '1' });
  });

  test("a directory for the data that is root's, such as a disk of its own, is named with what makes it the bot's", {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      install -d -m 0755 /var/lib/guardian-bot/data
      result=0; deployment/install.sh install --offline || result=$?
      echo "check result $result"
      chown -h guardian-bot: /var/lib/guardian-bot/data
      deployment/install.sh install --offline
      echo "check data $(stat -c '%a %U' /var/lib/guardian-bot/data)"
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ result: '1', data: '700 guardian-bot' });
    expect(output).toContain('run chown -h guardian-bot: /var/lib/guardian-bot/data, and this again');
  });

  test('upgrades with a backup; a version that does not come up is rolled back with its database', {
    timeout: 180_000,
  }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      ${PAPER}
      sudo systemctl start guardian-bot
      sudo guardian drill round-trip
      sudo guardian ctl pause 'before the upgrade'
      first=$(readlink /opt/guardian-bot/current)

      cp -a /srv/checkout /srv/good
      echo '// another release' >> /srv/good/src/cli/version.ts
      sudo /srv/good/deployment/install.sh upgrade --offline
      second=$(readlink /opt/guardian-bot/current)
      echo "check switched $([ "$first" != "$second" ] && echo yes)"
      echo "check paused-still $(sudo guardian ctl locks | grep -c 'before the upgrade')"
      sudo /srv/good/deployment/install.sh upgrade --offline

      ${BROKEN_NEXT}
      echo '// a third release' >> /srv/next/src/cli/version.ts
      result=0; sudo /srv/next/deployment/install.sh upgrade --offline || result=$?
      echo "check broken-upgrade $result"
      echo "check rolled-back $([ "$(readlink /opt/guardian-bot/current)" = "$second" ] && echo yes)"
      echo "check active $(systemctl is-active --quiet guardian-bot && echo yes)"
      sudo guardian ctl locks
      echo "check pause-kept $(sudo guardian ctl locks | grep -c 'before the upgrade')"
      echo "check halted $(sudo guardian ctl locks | grep -c 'restored copy')"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({
      switched: 'yes',
      'paused-still': '1',
      'broken-upgrade': '1',
      'rolled-back': 'yes',
      active: 'yes',
      'pause-kept': '1',
      halted: '1',
    });
    expect(output).toContain('nothing to do');
    expect(output).toContain('rolling back');
    expect(output).toContain('the database was restored from the backup');
  });

  test('a version that does not take the configuration, as an older one did, is not switched to: the bot runs on, and the lines are named', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      # Before a # that cuts a value off and an open quote were refused, they were read in silence.
      cp -a /srv/checkout /srv/old
      sed -i 's/^const valueFault = .*/&\\n  if (text !== "never") return null;/' /srv/old/src/adapters/system/config-sources.ts
      deployment/install.sh install --offline --from /srv/old
      ${PAPER}
      printf 'HEARTBEAT_URL=http://127.0.0.1:9/alive#1\\nDASHBOARD_TOKEN="0123456789abcdef0123456789abcdef\\n' >> /var/lib/guardian-bot/.env
      sudo systemctl start guardian-bot
      first=$(readlink /opt/guardian-bot/current)
      stops() { grep -c '^systemctl stop' /run/stub/calls || true; }

      result=0; sudo deployment/install.sh upgrade --offline || result=$?
      echo "check refused $result"
      echo "check unchanged $([ "$(readlink /opt/guardian-bot/current)" = "$first" ] && systemctl is-active --quiet guardian-bot && echo yes) $(stops) $(ls /opt/guardian-bot | tr '\\n' ' ')"

      # Whoever stops it first is told as much, and is in nobody's way.
      sudo systemctl stop guardian-bot
      sudo deployment/install.sh upgrade --offline
      echo "check stopped $([ "$(readlink /opt/guardian-bot/current)" != "$first" ] && echo switched)"

      # Mended as it says, the new version starts.
      sed -i -e 's/^HEARTBEAT_URL=\\(.*\\)/HEARTBEAT_URL="\\1"/' -e 's/^DASHBOARD_TOKEN="/DASHBOARD_TOKEN=/' /var/lib/guardian-bot/.env
      sudo systemctl start guardian-bot
      echo "check mended $(systemctl is-active guardian-bot)"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({
      refused: '1',
      unchanged: 'yes 0 current releases ',
      stopped: 'switched',
      mended: 'active',
    });
    expect(output).toMatch(
      /\.env: HEARTBEAT_URL on line \d+ would end at its #, what follows being a comment; put the value into quotes/,
    );
    expect(output).toMatch(/\.env: DASHBOARD_TOKEN on line \d+ begins with a quote that does not end it/);
    expect(output).toContain('nothing was changed, and the bot runs on');
    expect(output).not.toContain('rolling back');
    expect(output).not.toContain('0123456789abcdef');
  });

  test('a version that never says that it is up is rolled back when its time is over', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      ${PAPER}
      sudo systemctl start guardian-bot
      sudo guardian ctl pause 'before the upgrade'
      first=$(readlink /opt/guardian-bot/current)
      cp -a /srv/checkout /srv/silent
      sed -i "s/^export const runBot = async.*/&\\n  if (base.config.mode !== 'demo') { await base.stop; return EXIT_CODES.done; }/" /srv/silent/src/cli/compose/run-bot.ts
      # Three seconds instead of three minutes for the version that is silent; the one before it has all its time to come up again.
      sed -i 's|timeout "$START_LIMIT"|timeout "$([ "$(readlink -f "$PREFIX/current")" = "$release" ] \\&\\& echo 3 \\|\\| echo "$START_LIMIT")"|' /srv/silent/deployment/install.sh
      echo "check time $(grep -c 'echo 3 || echo "$START_LIMIT"' /srv/silent/deployment/install.sh)"
      result=0; sudo /srv/silent/deployment/install.sh upgrade --offline || result=$?
      echo "check silent $result"
      echo "check back $([ "$(readlink /opt/guardian-bot/current)" = "$first" ] && systemctl is-active --quiet guardian-bot && echo yes) $(ls /opt/guardian-bot | tr '\\n' ' ')"
      echo "check pause-kept $(sudo guardian ctl locks | grep -c 'before the upgrade')"
      echo "check halted $(sudo guardian ctl locks | grep -c 'restored copy')"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({
      time: '1',
      silent: '1',
      back: 'yes current releases ',
      'pause-kept': '1',
      halted: '0',
    });
    expect(output).toContain('did not come up: rolling back');
    expect(output).toContain('rolled back to ');
  });

  test('an upgrade that is broken off, wherever, is gone on with by the next one: the bot does not stay down', {
    timeout: 240_000,
  }, async () => {
    const { code, output } = await inRoot(`
      ${BREAKABLE}
      deployment/install.sh install --offline
      ${PAPER}
      sudo systemctl start guardian-bot

      cp -a /srv/checkout /srv/good
      echo '// another release' >> /srv/good/src/cli/version.ts
      for call in stop daemon-reload start; do
        echo "$call" > /run/break
        echo "// broken off at $call" >> /srv/good/src/cli/version.ts
        bash -c 'sudo /srv/good/deployment/install.sh upgrade --offline' || true
        sudo /srv/good/deployment/install.sh upgrade --offline
        echo "check $call $(systemctl is-active --quiet guardian-bot && tail -n 1 /opt/guardian-bot/current/src/cli/version.ts)"
      done
      echo "check mark $(ls /opt/guardian-bot | tr '\\n' ' ')"
      sudo /srv/good/deployment/install.sh upgrade --offline

      # The way back is that of the upgrade that was broken off: the version before it, not the new one.
      second=$(readlink /opt/guardian-bot/current)
      ${BROKEN_NEXT}
      echo '// a release that does not start' >> /srv/next/src/cli/version.ts
      echo daemon-reload > /run/break
      bash -c 'sudo /srv/next/deployment/install.sh upgrade --offline' || true
      result=0; sudo /srv/next/deployment/install.sh upgrade --offline || result=$?
      echo "check back $result $([ "$(readlink /opt/guardian-bot/current)" = "$second" ] && systemctl is-active --quiet guardian-bot && echo yes)"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({
      stop: '// broken off at stop',
      'daemon-reload': '// broken off at daemon-reload',
      start: '// broken off at start',
      mark: 'current releases ',
      back: '1 yes',
    });
    expect(output).toContain('nothing to do');
  });

  test('after an upgrade that was broken off and a start by hand, the way back is the version that ran and what it has written', {
    timeout: 180_000,
  }, async () => {
    const { code, output } = await inRoot(`
      ${BREAKABLE}
      deployment/install.sh install --offline
      ${PAPER}
      sudo systemctl start guardian-bot
      cp -a /srv/checkout /srv/good
      echo '// another release' >> /srv/good/src/cli/version.ts
      echo daemon-reload > /run/break
      bash -c 'sudo /srv/good/deployment/install.sh upgrade --offline' || true
      sudo systemctl start guardian-bot
      second=$(readlink /opt/guardian-bot/current)
      sudo guardian ctl pause 'long after the upgrade'
      ${BROKEN_NEXT}
      result=0; sudo /srv/next/deployment/install.sh upgrade --offline || result=$?
      echo "check back $result $([ "$(readlink /opt/guardian-bot/current)" = "$second" ] && systemctl is-active --quiet guardian-bot && echo yes)"
      echo "check pause-kept $(sudo guardian ctl locks | grep -c 'long after the upgrade')"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ back: '1 yes', 'pause-kept': '1' });
    expect(output).toContain('restored from the backup');
  });

  test('a bot that ends again and again is meant to run: the upgrade that mends it starts it', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      cp -a /srv/checkout /srv/broken
      sed -i "s/^export const runBot = async.*/&\\n  if (base.config.mode !== 'demo') throw new Error('this version is broken');/" /srv/broken/src/cli/compose/run-bot.ts
      deployment/install.sh install --offline --from /srv/broken
      ${PAPER}
      sudo systemctl start guardian-bot || echo "check start $?"
      echo "check before $(systemctl is-active guardian-bot)"
      deployment/install.sh upgrade --offline
      echo "check after $(systemctl is-active guardian-bot)"
      sudo guardian ctl status
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ start: '1', before: 'activating', after: 'active' });
    expect(output).not.toContain('was not running');
  });

  test('a database in a folder of its own is backed up, too, or nothing is changed', { timeout: 120_000 }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      ${PAPER}
      printf 'DATABASE_PATH=data/own/paper.db\\n' >> /var/lib/guardian-bot/.env
      sudo systemctl start guardian-bot
      first=$(readlink /opt/guardian-bot/current)
      # No backup can be made: its folder is a file.
      rm -rf /var/lib/guardian-bot/data/own/backups
      touch /var/lib/guardian-bot/data/own/backups
      cp -a /srv/checkout /srv/good
      echo '// another release' >> /srv/good/src/cli/version.ts
      result=0; sudo /srv/good/deployment/install.sh upgrade --offline || result=$?
      echo "check result $result"
      echo "check unchanged $([ "$(readlink /opt/guardian-bot/current)" = "$first" ] && systemctl is-active --quiet guardian-bot && echo yes)"
      sudo systemctl stop guardian-bot
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ result: '1', unchanged: 'yes' });
    expect(output).toContain('no backup could be made, and without one nothing is changed');
  });

  test('between two phases, where the mode has no database yet, there is nothing to back up and nothing in the way', {
    timeout: 120_000,
  }, async () => {
    const { code, output } = await inRoot(`
      deployment/install.sh install --offline
      ${PAPER}
      sudo systemctl start guardian-bot
      sudo systemctl stop guardian-bot
      sed -i 's/^MODE=.*/MODE=demo/' /var/lib/guardian-bot/.env
      cp -a /srv/checkout /srv/good
      echo '// another release' >> /srv/good/src/cli/version.ts
      sudo /srv/good/deployment/install.sh upgrade --offline
      echo "check upgraded $(tail -n 1 /opt/guardian-bot/current/src/cli/version.ts)"
      echo "check paper $(ls /var/lib/guardian-bot/data/paper.db | wc -l)"
    `);
    expect(code, output).toBe(0);
    expect(checksOf(output), output).toMatchObject({ upgraded: '// another release', paper: '1' });
    expect(output).toContain('there is nothing to back up');
  });

  test('what is no checkout, or has no packages, is refused in one line', { timeout: 60_000 }, async () => {
    const { output } = await inRoot(`
      mkdir /srv/nothing
      deployment/install.sh install --offline --from /srv/nothing || echo "check nothing $?"
      cp -a /srv/checkout /srv/bare; rm /srv/bare/node_modules
      deployment/install.sh install --offline --from /srv/bare || echo "check bare $?"
      deployment/install.sh upgrade --offline || echo "check upgrade $?"
      deployment/install.sh fly || echo "check fly $?"
      echo "check made $(ls /opt | wc -l)"
    `);
    expect(checksOf(output)).toMatchObject({ nothing: '1', bare: '1', upgrade: '1', fly: '2', made: '0' });
    expect(output).toContain('/srv/nothing is no checkout of Guardian Bot');
    expect(output).toContain('run npm ci there first');
  });
});
