import { expect, test } from 'vitest';
import type { LockView, StatusView } from '../../ports/operator.ts';

type Status = Pick<StatusView, 'mode' | 'state' | 'why' | 'entryBars' | 'mayEnter'>;
interface Hero {
  whyOf(status: Status): string;
  shownState(status: Status): string;
  wordOf(status: Status): string;
}

const calm: Status = { mode: 'paper', state: 'active', why: null, entryBars: [], mayEnter: true };

const { whyOf, shownState, wordOf } = (await import(new URL('page/hero.mjs', import.meta.url).href)) as Hero;
interface Limits {
  noLock(mode: string, bars: StatusView['entryBars']): readonly [string, string];
  inTwo(lock: Pick<LockView, 'kind' | 'reason'>): readonly [string, string];
}
const { noLock, inTwo } = (await import(new URL('page/limits.mjs', import.meta.url).href)) as Limits;
const { noPosition } = (await import(new URL('page/positions.mjs', import.meta.url).href)) as {
  noPosition(mode: string): string;
};

test('before the first start of new books nothing is said to be well: no entry is allowed, and the account is not known', () => {
  const starting: Status = { ...calm, mode: 'starting', mayEnter: false };
  expect([shownState(starting), wordOf(starting), whyOf(starting)]).toEqual([
    'reducing',
    'Starting',
    'It waits for the exchange and trades nothing.',
  ]);
  expect([noLock('starting', []), noPosition('starting')]).toEqual([
    ['none', 'No lock holds yet, and no entry is possible: the bot is starting.'],
    'The account is not known yet: the bot is starting.',
  ]);
  expect([wordOf(calm), noLock('paper', []), noPosition('paper')]).toEqual([
    'Active',
    ['none all-clear', 'No lock holds: entries are allowed.'],
    'No position: everything is in cash.',
  ]);
});

test('what bars entries is said, and no green "Active" stands over a bot that may enter nowhere', () => {
  expect([shownState(calm), whyOf(calm)]).toEqual(['active', 'No lock holds. Every order passes the Guardian first.']);
  const one: Status = { ...calm, entryBars: [{ code: 'symbol-locked', why: 'Stale data', symbols: ['BTC/USDT'] }] };
  expect([shownState(one), whyOf(one)]).toEqual(['active', 'Stale data: no entries in BTC.']);
  const both: Status = {
    ...one,
    entryBars: [...one.entryBars, { code: 'equity-unknown', why: 'Equity is not known', symbols: ['ETH/USDT'] }],
    mayEnter: false,
  };
  expect([shownState(both), whyOf(both)]).toEqual([
    'reducing',
    'Stale data: no entries in BTC. Equity is not known: no entries in ETH.',
  ]);
});

test('beside the reason of a lock stands what clears it', () => {
  const reason = 'Reconciliation: USDT: the exchange has 25 less than the ledger';
  const halted: Status = {
    ...calm,
    state: 'halted',
    why: { reason, clearing: '/reconcile, then /unlock' },
    mayEnter: false,
  };
  expect([shownState(halted), whyOf(halted)]).toEqual(['halted', `${reason}. Clears: /reconcile, then /unlock.`]);
});

test('a cause begins with a capital, but for a name', () => {
  expect(inTwo({ kind: 'kill-switch', reason: 'Kill-switch: three losses' })).toEqual(['Kill-switch', 'Three losses']);
  expect(inTwo({ kind: 'operator-pause', reason: 'Paused by operator: root (ctl): looking' })).toEqual([
    'Paused by operator',
    'root (ctl): looking',
  ]);
});
