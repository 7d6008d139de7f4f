import { expect, test } from 'vitest';

interface Lock {
  readonly symbol: string | null;
  readonly reason: string;
  readonly clearing: string;
}
interface Status {
  readonly state: string;
  readonly why: string | null;
  readonly equity: number | null;
  readonly locks: readonly Lock[];
  readonly symbols: readonly { readonly symbol: string }[];
}
interface Hero {
  whyOf(status: Status): string;
  shownState(status: Status): string;
}

const calm: Status = { state: 'active', why: null, equity: 1_000, locks: [], symbols: [{ symbol: 'BTC/USDT' }, { symbol: 'ETH/USDT' }] };
const stale = (symbol: string): Lock => ({ symbol, reason: `Stale data: ${symbol}: price is 3600 s old (limit 300 s)`, clearing: 'by itself: fresh data on two polls' });

const { whyOf, shownState } = (await import(new URL('page/hero.mjs', import.meta.url).href)) as Hero;

test('locks that hold a symbol are said, and no green "Active" stands over a bot that may enter nowhere', () => {
  expect([shownState(calm), whyOf(calm)]).toEqual(['active', 'No lock holds. Every order passes the Guardian first.']);
  const one = { ...calm, locks: [stale('BTC/USDT')] };
  expect([shownState(one), whyOf(one)]).toEqual(['active', 'Stale data: no entries in BTC.']);
  const both = { ...calm, equity: null, locks: [stale('BTC/USDT'), stale('ETH/USDT')] };
  expect([shownState(both), whyOf(both)]).toEqual(['reducing', 'Stale data: no entries in BTC, ETH. Equity is not known.']);
  const blind = { ...calm, equity: null };
  expect([shownState(blind), whyOf(blind)]).toEqual(['reducing', 'No lock holds, but equity is not known: no entry until it is.']);
});

test('beside the reason of a lock stands what clears it', () => {
  const reason = 'Reconciliation: USDT: exchange 201.6, ledger 226.6';
  const halted = { ...calm, state: 'halted', why: reason, locks: [{ symbol: null, reason, clearing: '/reconcile, then /unlock' }] };
  expect([shownState(halted), whyOf(halted)]).toEqual(['halted', `${reason}. Clears: /reconcile, then /unlock.`]);
});
