import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSimStore } from './sim-store.ts';
import { openForTest, temporaryDirectory, thrownBy } from './sqlite.test-helper.ts';

const open = (path: string) => {
  const store = createSimStore(path);
  onTestFinished(() => store.close());
  return store;
};

test('keeps what is written, in the order of the keys, over a restart', () => {
  const path = join(temporaryDirectory(), 'deep', 'exchange.db');
  const first = createSimStore(path);
  first.write([
    ['order/BTCUSDT/2', 'two'],
    ['meta', '{}'],
    ['order/BTCUSDT/1', 'one'],
  ]);
  first.write([
    ['meta', '{"a":1}'],
    ['order/BTCUSDT/2', null],
    ['never', null],
  ]);
  first.close();
  expect([...open(path).load()]).toEqual([
    ['meta', '{"a":1}'],
    ['order/BTCUSDT/1', 'one'],
  ]);
});

test('a write that fails keeps none of its entries', () => {
  const store = open(':memory:');
  store.write([['a', '1']]);
  const bad = [
    ['a', '2'],
    ['b', 7n as unknown as string],
    ['c', {} as unknown as string],
  ] as const;
  expect(() => store.write(bad)).toThrow();
  expect([...store.load()]).toEqual([['a', '1']]);
});

test('a file that is something else is refused', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'text'), 'not a database'.repeat(99));
  expect(thrownBy(() => createSimStore(join(directory, 'text')))).toMatchObject({ code: 'not-a-database' });
  openForTest(join(directory, 'paper.db'));
  expect(thrownBy(() => createSimStore(join(directory, 'paper.db')))).toMatchObject({ code: 'foreign' });
});
