import { expect, test } from 'vitest';

import type { StatusView } from '../../ports/operator.ts';

type Status = Pick<StatusView, 'state' | 'why' | 'entryBars' | 'mayEnter'>;
interface Hero {
  whyOf(status: Status): string;
  shownState(status: Status): string;
}

const calm: Status = { state: 'active', why: null, entryBars: [], mayEnter: true };

const { whyOf, shownState } = (await import(new URL('page/hero.mjs', import.meta.url).href)) as Hero;

test('what bars entries is said, and no green "Active" stands over a bot that may enter nowhere', () => {
  expect([shownState(calm), whyOf(calm)]).toEqual(['active', 'No lock holds. Every order passes the Guardian first.']);
  const one: Status = { ...calm, entryBars: [{ code: 'symbol-locked', why: 'Stale data', symbols: ['BTC/USDT'] }] };
  expect([shownState(one), whyOf(one)]).toEqual(['active', 'Stale data: no entries in BTC.']);
  const both: Status = { ...one, entryBars: [...one.entryBars, { code: 'equity-unknown', why: 'Equity is not known', symbols: ['ETH/USDT'] }], mayEnter: false };
  expect([shownState(both), whyOf(both)]).toEqual(['reducing', 'Stale data: no entries in BTC. Equity is not known: no entries in ETH.']);
});

test('beside the reason of a lock stands what clears it', () => {
  const reason = 'Reconciliation: USDT: the exchange has 25 less than the ledger';
  const halted: Status = { ...calm, state: 'halted', why: { reason, clearing: '/reconcile, then /unlock' }, mayEnter: false };
  expect([shownState(halted), whyOf(halted)]).toEqual(['halted', `${reason}. Clears: /reconcile, then /unlock.`]);
});
