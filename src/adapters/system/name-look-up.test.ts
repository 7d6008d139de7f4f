import type { LookupAddress } from 'node:dns';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createVirtualClock, settle, type VirtualClock } from '../../sim/simulation/virtual-clock.ts';
import { NAME_PATIENCE, createNameLookUp, type ResolveName } from './name-look-up.ts';

const FIRST: LookupAddress = { address: '192.0.2.1', family: 4 };
const SECOND: LookupAddress = { address: '2001:db8::2', family: 6 };
const START = Date.UTC(2026, 0, 5);

let clock: VirtualClock;
/** Questions to the resolver that are not answered yet, in their order. */
let open: {
  readonly name: string;
  readonly answer: (addresses: readonly LookupAddress[]) => void;
  readonly fail: (error: Error) => void;
}[];
let lookUp: ReturnType<typeof createNameLookUp>;

beforeEach(() => {
  clock = createVirtualClock(START);
  open = [];
  const resolve: ResolveName = (name) => new Promise((answer, fail) => void open.push({ name, answer, fail }));
  lookUp = createNameLookUp({ clock, resolve });
});
afterEach(() => clock.end());

/** What comes of a question, once something does. */
const ask = (name: string, options: { readonly all?: boolean } = { all: true }): { outcome: unknown } => {
  const result: { outcome: unknown } = { outcome: 'nothing yet' };
  lookUp(
    name,
    options,
    (error, address, family) =>
      (result.outcome = error?.message ?? (family === undefined ? address : [address, family])),
  );
  return result;
};
const afterwards = async (): Promise<void> => {
  await settle();
  await new Promise((resolve) => void setImmediate(resolve));
};
const learn = async (): Promise<void> => {
  ask('exchange.test');
  open.shift()?.answer([FIRST]);
  await afterwards();
};

test('a name is asked for by one question at a time, whoever wants to know', async () => {
  const asked = [ask('exchange.test'), ask('exchange.test'), ask('exchange.test')];
  expect(open.map(({ name }) => name)).toEqual(['exchange.test']);
  open[0]?.answer([FIRST, SECOND]);
  await afterwards();
  for (const { outcome } of asked) expect(outcome).toEqual([FIRST, SECOND]);
  ask('exchange.test');
  ask('telegram.test');
  expect(open.slice(1).map(({ name }) => name)).toEqual(['exchange.test', 'telegram.test']);
});

test('while it is not answered, the last answer holds: the first waits for a second, the others for what is left of it', async () => {
  await learn();
  const first = ask('exchange.test');
  await clock.runTo(START + NAME_PATIENCE - 1);
  await afterwards();
  expect(first.outcome).toBe('nothing yet');
  await clock.runTo(START + NAME_PATIENCE);
  await afterwards();
  expect(first.outcome).toEqual([FIRST]);
  const later = ask('exchange.test');
  await clock.runTo(START + NAME_PATIENCE + 1);
  await afterwards();
  expect(later.outcome).toEqual([FIRST]);
  // The resolver is not flooded, and what it says in the end counts.
  expect(open).toHaveLength(1);
  open.shift()?.answer([SECOND]);
  await afterwards();
  const fresh = ask('exchange.test');
  open.shift()?.answer([SECOND]);
  await afterwards();
  expect(fresh.outcome).toEqual([SECOND]);
});

test('a name that cannot be found any more is where it was last; one that never was found is not found', async () => {
  await learn();
  const known = ask('exchange.test');
  const unknown = ask('telegram.test');
  for (const { fail } of open.splice(0)) fail(new Error('ENOTFOUND'));
  await afterwards();
  expect(known.outcome).toEqual([FIRST]);
  expect(unknown.outcome).toBe('ENOTFOUND');
  // And it is asked for anew.
  ask('telegram.test');
  expect(open).toHaveLength(1);
});

test('a new answer is taken as soon as it comes', async () => {
  await learn();
  const asked = ask('exchange.test');
  open[0]?.answer([SECOND]);
  await afterwards();
  expect(asked.outcome).toEqual([SECOND]);
});

test('whoever wants one address gets the first', async () => {
  const any = ask('exchange.test', {});
  open[0]?.answer([FIRST, SECOND]);
  await afterwards();
  expect(any.outcome).toEqual(['192.0.2.1', 4]);
});

test('of those who are called now and then one is asked for at a time, whatever hangs', async () => {
  const resolve: ResolveName = (name) => new Promise((answer, fail) => void open.push({ name, answer, fail }));
  lookUp = createNameLookUp({ clock, resolve, inTurn: true });
  const outcomes = [ask('hook.test'), ask('beat.test'), ask('third.test')];
  await afterwards();
  expect(open.map(({ name }) => name)).toEqual(['hook.test']);
  open.shift()?.fail(new Error('ENOTFOUND'));
  await afterwards();
  expect(open.map(({ name }) => name)).toEqual(['beat.test']);
  open.shift()?.answer([FIRST]);
  await afterwards();
  open.shift()?.answer([SECOND]);
  await afterwards();
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ENOTFOUND', [FIRST], [SECOND]]);
});

test('the system is asked where nothing else is said', async () => {
  const system = createNameLookUp({ clock });
  const found = await new Promise((resolve) =>
    system('localhost', { all: true }, (error, addresses) => resolve(error ?? addresses)),
  );
  expect(found).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as string }),
    ]),
  );
});
