import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { killSwitch, operatorPause } from '../tests/integration/telegram/fake-service.ts';
import { operator, setUp, viewer } from './command-bench.test-helper.ts';
import { commands, createCommandSet } from './registry.ts';
import { commandsTable } from './support/table.ts';

test('holds the commands of the product, each for the right people', () => {
  const { set } = setUp();
  const forViewers =
    'start help status pnl positions orders trades balance risk locks health model chart daily weekly monthly performance stats logs audit export whoami version'.split(
      ' ',
    );
  const forOperators = 'pause resume unlock halt flatten cancel settle reconcile mute alerts backup'.split(' ');
  expect(
    set
      .list('viewer')
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...forViewers].sort());
  expect(
    set
      .list('operator')
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...forViewers, ...forOperators].sort());
});

test('names and descriptions fit the menu of Telegram', () => {
  for (const { name, description } of commands) {
    expect(name).toMatch(/^[a-z]{1,32}$/);
    expect(description.length).toBeLessThanOrEqual(60);
  }
  expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
});

test('what loosens or moves money answers with a question, never with a deed', async () => {
  const { set, service, tools } = setUp();
  service.setLocks([killSwitch, operatorPause]);
  for (const { name } of commands.filter(({ effect }) => effect === 'loosen')) {
    const words = name === 'cancel' ? 'gb-4f2a-19' : name === 'settle' ? 'gb-4f2a-18 gone' : '';
    const reply = await set.run(name, words, operator);
    expect(reply.request?.kind, name).toBe('confirm');
  }
  expect([...service.calls, ...tools.calls]).toEqual([]);
});

test('checks the role itself, whoever calls', async () => {
  const { set, service, tools } = setUp();
  for (const { name } of commands.filter(({ role }) => role === 'operator')) {
    expect((await set.run(name, '', viewer)).outcome).toBe('refused: role');
  }
  expect([...service.calls, ...tools.calls]).toEqual([]);
});

test('without tools lists only what it can do', async () => {
  const { service } = setUp();
  const set = createCommandSet({ service, timeZone: 'UTC' });
  expect(set.find('status')).toBeDefined();
  expect(set.find('flatten')).toBeUndefined();
  await expect(set.run('flatten', '', operator)).rejects.toThrow('no command /flatten');
});

test('an unknown time zone is refused at start', () => {
  const { service } = setUp();
  expect(() => createCommandSet({ service, timeZone: 'Nowhere/Land' })).toThrow(RangeError);
});

test('the table in docs/commands.md is the registry’s', () => {
  const path = new URL('../docs/commands.md', import.meta.url);
  const document = readFileSync(path, 'utf8');
  const [before = '', rest = ''] = document.split('<!-- commands:begin -->\n');
  const after = rest.split('<!-- commands:end -->')[1] ?? '';
  const written = `${before}<!-- commands:begin -->\n${commandsTable(commands)}\n<!-- commands:end -->${after}`;
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, written);
  expect(readFileSync(path, 'utf8')).toBe(written);
});
