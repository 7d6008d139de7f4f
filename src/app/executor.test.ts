import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { MAX_UNKNOWN } from '../core/guardian/health-locks.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { Cancellation, CancelOutcome, LookUp, SendOutcome } from '../ports/venue.ts';
import { settle } from '../sim/simulation/virtual-clock.ts';
import {
  accepted,
  createBench,
  errorOf,
  found,
  limited,
  notFound,
  RECEIVE_WINDOW,
  snapshotOf,
  START,
  type Bench,
} from './executor.test-helper.ts';
import {
  backoff,
  DEFAULT_RATE_WAIT,
  FIRST_WAIT,
  LONGEST_WAIT,
  MAX_CANCELS,
  MAX_ENTRY_SENDS,
  MAX_FINAL_LOOKS,
  MAX_REDUCE_SENDS,
  SETTLING,
} from './retry-policy.ts';

const timedOut: SendOutcome = { kind: 'unknown', error: errorOf('unknown', 'ETIMEDOUT') };
const unreachable: SendOutcome = { kind: 'not-sent', error: errorOf('unreachable', 'ECONNREFUSED') };
const sendsOf = (bench: Bench): string[] => bench.calls.filter((call) => call.startsWith('send'));

describe('the three outcomes of a send', () => {
  test('accepted: the exchange’s word is reported, once', async () => {
    const bench = createBench();
    bench.sends = [accepted('a', 'filled')];
    bench.place('a', 'entry');
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0']);
    expect(bench.reports).toMatchObject([{ id: 'a', outcome: { kind: 'known', order: { status: 'filled' } } }]);
    expect(bench.executor.idle).toBe(true);
  });

  test('rejected: reported at once and never sent again', async () => {
    const bench = createBench();
    bench.sends = [{ kind: 'rejected', error: errorOf('refused', '-2010') }];
    bench.place('a', 'exit');
    await bench.pass(10 * MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0']);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'rejected', code: '-2010' } }]);
  });

  test('unknown: reported, then looked up by client id and never sent again', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [found('a', 'filled')];
    bench.place('a', 'entry');
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0', 'look a @0']);
    expect(bench.kinds()).toEqual(['unknown', 'known']);
  });

  test('"not found" counts only when a second look after the receive window says so, too', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [notFound];
    bench.place('a', 'entry');
    await bench.pass(RECEIVE_WINDOW);
    expect(bench.kinds()).toEqual(['unknown']);
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0', 'look a @0', `look a @${RECEIVE_WINDOW + SETTLING}`]);
    expect(bench.kinds()).toEqual(['unknown', 'not-found']);
  });

  test('an order that arrives between the two looks is found', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [notFound, found('a', 'filled')];
    bench.place('a', 'entry');
    await bench.pass(MINUTE_MS);
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'filled' } } });
  });

  test('look-ups that fail are repeated for as long as it takes, with growing pauses', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [{ kind: 'unknown', error: errorOf('unknown', '503') }];
    bench.place('a', 'stop');
    await bench.pass(60 * MINUTE_MS);
    expect(bench.executor.stuck).toEqual(['a']);
    expect(bench.calls.length).toBeGreaterThan(100);
    expect(bench.calls.length).toBeLessThan(250);
    bench.lookUps = [found('a', 'new')];
    await bench.pass(MINUTE_MS);
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'new' } } });
    expect(bench.executor.idle).toBe(true);
  });

  test('a failed look-up between two misses does not stand for a miss', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [
      { kind: 'unknown', error: errorOf('unknown', '503') },
      notFound,
      { kind: 'unknown', error: errorOf('unknown', '503') },
      found('a', 'new'),
    ];
    bench.place('a', 'stop');
    await bench.pass(MINUTE_MS);
    expect(bench.kinds()).toEqual(['unknown', 'known']);
  });

  test('a venue that throws leaves the outcome unknown', async () => {
    const bench = createBench();
    bench.sends = [() => Promise.reject(new Error('a fault of ours'))];
    bench.lookUps = [() => Promise.reject(new Error('again')), found('a', 'filled')];
    bench.place('a', 'exit');
    await bench.pass(MINUTE_MS);
    expect(bench.kinds()).toEqual(['unknown', 'known']);
    expect(sendsOf(bench)).toHaveLength(1);
  });
});

describe('an order that the exchange says it has archived, 90 days after its end', () => {
  const archived: LookUp = { kind: 'not-found', archived: true };

  test('is asked for on when it was just sent: it may be in the book, and another would be one too many', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [archived, archived, archived, found('a', 'filled')];
    bench.place('a', 'entry');
    await bench.pass(20 * SECOND_MS);
    expect(bench.kinds()).toEqual(['unknown', 'known']);
  });

  test('is asked for on when it was placed since, by an earlier run', async () => {
    const bench = createBench();
    bench.placedAt['a'] = START - 89 * DAY_MS;
    bench.lookUps = [archived, archived, archived, found('a', 'new')];
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
    await bench.pass(20 * SECOND_MS);
    expect(bench.kinds()).toEqual(['known']);
  });

  test.each([
    ['it is that old', START - 91 * DAY_MS],
    ['the books do not have it', null],
  ])('is taken to be gone when %s', async (_why, placed) => {
    const bench = createBench();
    if (placed !== null) bench.placedAt['a'] = placed;
    bench.lookUps = [archived];
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
    await bench.pass(20 * SECOND_MS);
    expect(bench.kinds()).toEqual(['not-found']);
  });
});

describe('sends that certainly did not arrive', () => {
  test.each([
    ['entry', MAX_ENTRY_SENDS],
    ['stop', MAX_REDUCE_SENDS],
    ['exit', MAX_REDUCE_SENDS],
  ] as const)('a %s is tried %i times, with exponential pauses, then given up and reported', async (purpose, most) => {
    const bench = createBench();
    bench.sends = [unreachable];
    bench.place('a', purpose);
    await bench.pass(60 * MINUTE_MS);
    expect(sendsOf(bench)).toHaveLength(most);
    expect(bench.kinds()).toEqual(['not-sent']);
    const times = sendsOf(bench).map((call) => Number(call.split('@')[1]));
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses).toEqual(pauses.map((_pause, attempt) => backoff(attempt, () => 0.5)));
  });

  test('the same order goes out again, with the same id', async () => {
    const bench = createBench();
    bench.sends = [unreachable, accepted('a', 'filled')];
    bench.place('a', 'exit');
    await bench.pass(MINUTE_MS);
    expect(sendsOf(bench).map((call) => call.split(' ')[1])).toEqual(['a', 'a']);
    expect(bench.kinds()).toEqual(['known']);
  });

  test('an entry expires with its signal, a stop never does', async () => {
    const bench = createBench();
    bench.sends = [unreachable];
    bench.place('old', 'entry', { expiresAtWall: START + 300 });
    bench.place('stop', 'stop');
    await bench.pass(MINUTE_MS * 10);
    expect(bench.reports.find(({ id }) => id === 'old')).toMatchObject({
      outcome: { kind: 'not-sent', code: 'expired' },
    });
    expect(bench.calls.filter((call) => call.startsWith('send stop')).length).toBe(MAX_REDUCE_SENDS);
  });

  test('an entry that expired before its turn is not sent at all', async () => {
    const bench = createBench();
    bench.sends = [accepted('a', 'filled')];
    bench.place('a', 'entry', { expiresAtWall: START });
    await bench.pass(SECOND_MS);
    expect(bench.calls).toEqual([]);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'not-sent', code: 'expired' } }]);
  });

  property.prop([fc.integer({ min: 0, max: 60 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })])(
    'the back-off stays between half and all of its ceiling, and below the maximum',
    (attempt, random) => {
      const wait = backoff(attempt, () => random);
      const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
      expect(wait).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
      expect(wait).toBeLessThanOrEqual(ceiling);
    },
  );
});

describe('when the exchange asks to slow down', () => {
  test('Retry-After is honoured by every request of the executor, not by its order alone', async () => {
    const bench = createBench();
    bench.sends = [{ kind: 'not-sent', error: limited(20 * SECOND_MS) }, accepted('x', 'filled')];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('c', 'cancelled') }];
    bench.lookUps = [found('l', 'new')];
    bench.place('a', 'exit');
    await bench.pass(1);
    bench.place('b', 'stop');
    bench.cancel('c');
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'l' });
    await bench.pass(20 * SECOND_MS - 2);
    expect(bench.calls).toHaveLength(1);
    await bench.pass(SECOND_MS);
    expect(bench.calls).toHaveLength(5);
  });

  test('the bot that stops does not make a stop or a sale go earlier', async () => {
    const bench = createBench();
    bench.sends = [
      { kind: 'not-sent', error: limited(20 * SECOND_MS) },
      ({ clientOrderId }) => accepted(clientOrderId, 'filled'),
    ];
    bench.place('a', 'exit');
    await bench.pass(1);
    bench.place('b', 'stop');
    await bench.pass(SECOND_MS);
    bench.executor.close();
    await bench.pass(18 * SECOND_MS);
    expect(bench.calls).toHaveLength(1);
    await bench.pass(2 * SECOND_MS);
    expect(bench.calls).toHaveLength(3);
  });

  test('without Retry-After it waits for the named default', async () => {
    const bench = createBench();
    bench.sends = [{ kind: 'not-sent', error: limited(null) }, accepted('a', 'filled')];
    bench.place('a', 'exit');
    await bench.pass(DEFAULT_RATE_WAIT - 1);
    expect(bench.calls).toHaveLength(1);
    await bench.pass(SECOND_MS);
    expect(bench.calls).toHaveLength(2);
  });

  test('afterwards the most urgent goes first, whoever came first', async () => {
    const bench = createBench();
    bench.sends = [
      { kind: 'not-sent', error: limited(10 * SECOND_MS) },
      ({ clientOrderId }) => accepted(clientOrderId, 'filled'),
    ];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('c', 'cancelled') }];
    bench.place('first', 'exit');
    await bench.pass(1);
    bench.place('entry', 'entry');
    bench.place('stop', 'stop');
    bench.cancel('c');
    await bench.pass(11 * SECOND_MS);
    expect(bench.calls.slice(1).map((call) => call.split(' @')[0])).toEqual([
      'cancel c',
      'send stop',
      'send first',
      'send entry',
    ]);
  });

  test('a look-up that is refused slows the others, too', async () => {
    const bench = createBench();
    bench.lookUps = [{ kind: 'unknown', error: limited(30 * SECOND_MS) }, found('a', 'filled')];
    bench.sends = [accepted('b', 'new')];
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
    await bench.pass(1);
    bench.place('b', 'stop');
    await bench.pass(29 * SECOND_MS);
    expect(bench.calls).toHaveLength(1);
    await bench.pass(2 * SECOND_MS);
    expect(bench.calls).toHaveLength(3);
  });

  test('what holds entries alone back holds up no stop, exit, cancellation or look-up, not even one that comes while an entry waits', async () => {
    const bench = createBench();
    const held: SendOutcome = {
      kind: 'not-sent',
      error: { ...errorOf('rate-limited', 'local-budget', 40 * SECOND_MS), urgentMayGo: true },
    };
    bench.sends = [held, ({ clientOrderId }) => accepted(clientOrderId, 'filled')];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('c', 'cancelled') }];
    bench.lookUps = [found('l', 'new')];
    bench.place('entry', 'entry');
    await bench.pass(10 * SECOND_MS);
    bench.place('stop', 'stop');
    bench.place('exit', 'exit');
    bench.cancel('c');
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'l' });
    await bench.pass(0);
    expect(bench.calls).toEqual([
      'send entry @0',
      'cancel c @10000',
      'send stop @10000',
      'send exit @10000',
      'look l @10000',
    ]);
    await bench.pass(40 * SECOND_MS);
    expect(bench.calls.slice(5)).toEqual(['send entry @40000']);
  });

  test('what holds orders alone back holds up no look-up, not even one that comes while an exit waits; and no stop is taken away for a sale that would not be taken', async () => {
    const bench = createBench();
    const full: SendOutcome = {
      kind: 'not-sent',
      error: { ...errorOf('rate-limited', '-1015', 60 * SECOND_MS), ordersOnly: true },
    };
    bench.sends = [full, ({ clientOrderId }) => accepted(clientOrderId, clientOrderId === 'exit' ? 'filled' : 'new')];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('c', 'cancelled') }];
    bench.lookUps = [found('l', 'new')];
    bench.place('exit', 'exit');
    await bench.pass(10 * SECOND_MS);
    bench.place('stop', 'stop');
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'l' });
    bench.stops.add('c');
    bench.cancel('c');
    // Neither an entry that a lock has overtaken nor the stop of a position that is closed has to make room for
    // anything.
    bench.cancel('e');
    await bench.pass(0);
    expect(bench.calls).toEqual(['send exit @0', 'cancel e @10000', 'look l @10000']);
    await bench.pass(60 * SECOND_MS);
    expect(bench.calls.slice(3)).toEqual(['cancel c @60000', 'send exit @60000', 'send stop @60000']);
  });

  test('a stop stays where no sale would be taken, and the engine hears of it at once', async () => {
    const bench = createBench();
    const full: CancelOutcome = {
      kind: 'not-sent',
      error: { ...errorOf('rate-limited', '-1015', 10 * SECOND_MS), ordersOnly: true },
    };
    const wanted: (boolean | undefined)[] = [];
    const noting =
      (outcome: CancelOutcome) =>
      (reference: Cancellation): CancelOutcome => (wanted.push(reference.makesRoom), outcome);
    bench.cancels = [noting(full), noting({ kind: 'cancelled', order: snapshotOf('c', 'cancelled') })];
    bench.stops.add('c');
    bench.cancel('c');
    await bench.pass(0);
    expect(bench.cancelFailures).toMatchObject([{ id: 'c', error: { code: '-1015' } }]);
    bench.cancel('c');
    await bench.pass(10 * SECOND_MS);
    expect([bench.calls, bench.kinds(), wanted]).toEqual([['cancel c @0', 'cancel c @10000'], ['known'], [true, true]]);
  });

  test('an entry refused by the firewall holds up no stop, which goes on trying on its own', async () => {
    const bench = createBench();
    const firewall: SendOutcome = { kind: 'not-sent', error: { ...errorOf('rate-limited', '403'), urgentMayGo: true } };
    bench.sends = [firewall, firewall, accepted('stop', 'new')];
    bench.place('entry', 'entry');
    await bench.pass(SECOND_MS);
    bench.place('stop', 'stop');
    await bench.pass(SECOND_MS);
    expect(bench.calls.map((call) => call.split(' @')[0])).toEqual(['send entry', 'send stop', 'send stop']);
  });

  test('an entry that waits through a long ban is reported expired when its signal is, not when the ban ends', async () => {
    const bench = createBench();
    bench.sends = [{ kind: 'not-sent', error: errorOf('rate-limited', '418', 3_600 * SECOND_MS) }];
    bench.place('a', 'entry');
    await bench.pass(61 * SECOND_MS);
    expect(bench.reports).toMatchObject([{ id: 'a', outcome: { kind: 'not-sent', code: 'expired' } }]);
    expect(bench.executor.idle).toBe(true);
  });
});

describe('urgency', () => {
  test('of orders approved in the same moment, exits and stops go before entries', async () => {
    const bench = createBench();
    bench.sends = [({ clientOrderId }) => accepted(clientOrderId, 'filled')];
    bench.place('entry', 'entry');
    bench.place('exit', 'exit');
    bench.place('stop', 'stop');
    await bench.pass(1);
    expect(sendsOf(bench).map((call) => call.split(' ')[1])).toEqual(['exit', 'stop', 'entry']);
  });

  test('an order that waits for its outcome holds no other up', async () => {
    const bench = createBench();
    bench.sends = [timedOut, accepted('b', 'filled')];
    bench.lookUps = [notFound];
    bench.place('a', 'entry');
    await bench.pass(1);
    bench.place('b', 'exit');
    await bench.pass(1);
    expect(bench.reports.map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

describe('cancelling', () => {
  test('a confirmed cancellation is reported with the final state', async () => {
    const bench = createBench();
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('a', 'cancelled') }];
    bench.cancel('a');
    await bench.pass(1);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'known', order: { status: 'cancelled' } } }]);
  });

  test('an order in its back-off is withdrawn: it is never sent again', async () => {
    const bench = createBench();
    bench.sends = [unreachable];
    bench.place('a', 'entry');
    await bench.pass(1);
    bench.cancel('a');
    await bench.pass(10 * MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0']);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'not-sent', code: 'withdrawn' } }]);
  });

  test('an order that was not sent yet is withdrawn', async () => {
    const bench = createBench();
    bench.place('a', 'entry');
    bench.cancel('a');
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual([]);
    expect(bench.kinds()).toEqual(['not-sent']);
  });

  test('a cancellation never overtakes the send under way', async () => {
    const bench = createBench();
    const answer = Promise.withResolvers<SendOutcome>();
    bench.sends = [() => answer.promise];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('a', 'cancelled') }];
    bench.place('a', 'stop');
    await bench.pass(1);
    bench.cancel('a');
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0']);
    answer.resolve(accepted('a', 'new'));
    await bench.pass(1);
    expect(bench.calls).toHaveLength(2);
    expect(
      bench.reports.map(({ outcome }) => (outcome.kind === 'known' ? outcome.order.status : outcome.kind)),
    ).toEqual(['new', 'cancelled']);
  });

  test('while the outcome of the send is unknown, the cancellation settles it', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [notFound];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('a', 'cancelled') }];
    bench.place('a', 'stop');
    await bench.pass(1);
    bench.cancel('a');
    await bench.pass(1);
    expect(bench.calls.at(-1)).toBe('cancel a @1');
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'cancelled' } } });
    expect(bench.executor.idle).toBe(true);
  });

  test('"not open" is looked up: what was filled meanwhile is reported', async () => {
    const bench = createBench();
    bench.cancels = [{ kind: 'not-open', error: errorOf('refused', '-2011') }];
    bench.lookUps = [found('a', 'filled')];
    bench.cancel('a');
    await bench.pass(1);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'known', order: { status: 'filled' } } }]);
  });

  test('"not open" of an order that is open after all is tried again', async () => {
    const bench = createBench();
    bench.cancels = [
      { kind: 'not-open', error: errorOf('refused', '-2011') },
      { kind: 'cancelled', order: snapshotOf('a', 'cancelled') },
    ];
    bench.lookUps = [found('a', 'new')];
    bench.cancel('a');
    await bench.pass(MINUTE_MS);
    expect(bench.calls.filter((call) => call.startsWith('cancel'))).toHaveLength(2);
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'cancelled' } } });
  });

  test('a cancellation of unknown outcome is looked up before it is tried again', async () => {
    const bench = createBench();
    const unknown: CancelOutcome = { kind: 'unknown', error: errorOf('unknown', 'ECONNRESET') };
    bench.cancels = [unknown, unknown, { kind: 'cancelled', order: snapshotOf('a', 'cancelled') }];
    bench.lookUps = [found('a', 'new'), found('a', 'cancelled')];
    bench.cancel('a');
    await bench.pass(MINUTE_MS);
    expect(bench.calls.map((call) => call.split(' ')[0])).toEqual(['cancel', 'look', 'cancel', 'look']);
    expect(bench.reports).toMatchObject([{ outcome: { kind: 'known', order: { status: 'cancelled' } } }]);
  });

  test('it is given up after the named maximum, and the engine is told', async () => {
    const bench = createBench();
    bench.cancels = [{ kind: 'not-sent', error: errorOf('unreachable', 'ECONNREFUSED') }];
    bench.cancel('a');
    await bench.pass(60 * MINUTE_MS);
    expect(bench.calls).toHaveLength(MAX_CANCELS);
    expect(bench.cancelFailures).toMatchObject([{ id: 'a', error: { code: 'ECONNREFUSED' } }]);
    expect(bench.executor.idle).toBe(true);
  });

  test('given up while the send’s outcome is open, the look-ups go on', async () => {
    const bench = createBench();
    bench.sends = [timedOut];
    bench.lookUps = [{ kind: 'unknown', error: errorOf('unknown', '503') }];
    bench.cancels = [{ kind: 'unknown', error: errorOf('unknown', '503') }];
    bench.place('a', 'exit');
    await bench.pass(1);
    bench.cancel('a');
    await bench.pass(20 * MINUTE_MS);
    expect(bench.cancelFailures).toHaveLength(1);
    bench.lookUps = [found('a', 'filled')];
    await bench.pass(MINUTE_MS);
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'filled' } } });
    expect(bench.executor.idle).toBe(true);
  });

  test('asked for twice while under way, it is made once', async () => {
    const bench = createBench();
    const answer = Promise.withResolvers<CancelOutcome>();
    bench.cancels = [() => answer.promise];
    bench.cancel('a');
    await bench.pass(1);
    bench.cancel('a');
    answer.resolve({ kind: 'cancelled', order: snapshotOf('a', 'cancelled') });
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toHaveLength(1);
    expect(bench.reports).toHaveLength(1);
  });

  test('a cancellation that the engine wants because of a report is not lost', async () => {
    const bench = createBench((self, id, outcome) => {
      if (outcome.kind === 'known' && outcome.order.status === 'new') self.cancel(id);
    });
    bench.sends = [accepted('a', 'new')];
    bench.cancels = [{ kind: 'cancelled', order: snapshotOf('a', 'cancelled') }];
    bench.place('a', 'stop');
    await bench.pass(1);
    expect(bench.calls).toEqual(['send a @0', 'cancel a @0']);
  });
});

describe('following an order to its end', () => {
  test('a market order that is accepted but not final is looked at until it is', async () => {
    const bench = createBench();
    bench.sends = [accepted('a', 'new')];
    bench.lookUps = [found('a', 'partially-filled'), found('a', 'filled')];
    bench.place('a', 'exit');
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toHaveLength(3);
    expect(bench.reports.at(-1)).toMatchObject({ outcome: { kind: 'known', order: { status: 'filled' } } });
  });

  test('after the named number of looks it is left to the watch', async () => {
    const bench = createBench();
    bench.sends = [accepted('a', 'new')];
    bench.lookUps = [found('a', 'new')];
    bench.place('a', 'entry');
    await bench.pass(10 * MINUTE_MS);
    expect(bench.calls).toHaveLength(1 + MAX_FINAL_LOOKS);
    expect(bench.executor.idle).toBe(true);
  });

  test('a stop that rests is not looked at', async () => {
    const bench = createBench();
    bench.sends = [accepted('a', 'new')];
    bench.place('a', 'stop');
    await bench.pass(10 * MINUTE_MS);
    expect(bench.calls).toHaveLength(1);
  });
});

describe('an order that cannot be looked up', () => {
  const silence: LookUp = { kind: 'unknown', error: errorOf('unknown', '503') };
  const reference = { symbol: 'BTC/USDT', clientOrderId: 'a' };

  test('is no work under way any more after 60 s, and is asked for all the same until the exchange answers', async () => {
    const bench = createBench();
    bench.lookUps = [silence];
    bench.executor.resolve(reference);
    await bench.pass(MAX_UNKNOWN - 1);
    expect([bench.executor.idle, bench.executor.stuck]).toEqual([false, []]);
    const settled = bench.executor.settled(MINUTE_MS);
    await bench.pass(30 * SECOND_MS);
    await expect(settled).resolves.toBe(true);
    expect([bench.executor.idle, bench.executor.stuck]).toEqual([true, ['a']]);
    // A failed look proves nothing of an order that may rest well.
    expect(bench.reports).toEqual([]);
    bench.lookUps = [found('a', 'filled')];
    await bench.pass(MINUTE_MS);
    expect(bench.kinds()).toEqual(['known']);
    expect(bench.executor.stuck).toEqual([]);
  });

  test('and that is missing among the open ones is reported as unknown, once', async () => {
    const bench = createBench();
    bench.lookUps = [silence];
    bench.executor.resolve(reference);
    await bench.pass(SECOND_MS);
    expect(bench.reports).toEqual([]);
    bench.executor.resolve(reference, true);
    bench.executor.resolve(reference, true);
    await bench.pass(10 * MINUTE_MS);
    expect(bench.kinds()).toEqual(['unknown']);
  });

  test('and that is not open when it is cancelled is reported as unknown and no work under way after 60 s', async () => {
    const bench = createBench();
    bench.cancels = [{ kind: 'not-open', error: errorOf('refused', '-2011') }];
    bench.lookUps = [silence];
    bench.cancel('a');
    await bench.pass(10 * MINUTE_MS);
    expect(bench.kinds()).toEqual(['unknown']);
    expect([
      bench.executor.idle,
      bench.executor.stuck,
      bench.calls.filter((call) => call.startsWith('cancel')).length,
    ]).toEqual([true, ['a'], 1]);
  });
});

describe('the queue as a whole', () => {
  test('one delivery an order: a second look-up or placement of the same id does nothing', async () => {
    const bench = createBench();
    const answer = Promise.withResolvers<SendOutcome>();
    bench.sends = [() => answer.promise];
    bench.place('a', 'exit');
    bench.place('a', 'exit');
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
    await bench.pass(1);
    answer.resolve(accepted('a', 'filled'));
    await bench.pass(MINUTE_MS);
    expect(bench.calls).toEqual(['send a @0']);
  });

  test('closed, it takes no more entries, not even those that wait; exits go on', async () => {
    const bench = createBench();
    bench.sends = [({ clientOrderId }) => (clientOrderId === 'exit' ? accepted('exit', 'filled') : unreachable)];
    bench.place('waiting', 'entry');
    await bench.pass(1);
    bench.executor.close();
    bench.place('late', 'entry');
    bench.place('exit', 'exit');
    await bench.pass(1);
    expect(
      bench.reports
        .map(({ id, outcome }) => [id, outcome.kind === 'not-sent' ? outcome.code : outcome.kind])
        .toSorted(),
    ).toEqual([
      ['exit', 'known'],
      ['late', 'stopping'],
      ['waiting', 'stopping'],
    ]);
  });

  test.each(['a look', 'a cancellation', 'a cancellation that looks'] as const)(
    'what an operator has settled is asked for no more, in the middle of %s',
    async (what) => {
      const bench = createBench();
      bench.lookUps = [{ kind: 'unknown', error: errorOf('unknown', '503') }];
      bench.cancels = [
        what === 'a cancellation that looks'
          ? { kind: 'not-open', error: errorOf('refused', '-2011') }
          : { kind: 'unknown', error: errorOf('unknown', '503') },
      ];
      if (what === 'a look') bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
      else bench.cancel('a');
      await bench.pass(2 * SECOND_MS);
      bench.executor.forget('a');
      bench.executor.forget('nothing');
      await bench.pass(30 * SECOND_MS);
      const asked = bench.calls.length;
      await bench.pass(120 * SECOND_MS);
      expect([bench.executor.idle, bench.executor.stuck, bench.calls.length]).toEqual([true, [], asked]);
      bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
      await bench.pass(1);
      expect(bench.calls.length).toBe(asked + 1);
    },
  );

  test('an order in a market that has left the exchange is asked for once, and its cancellation fails at once: no answer will come', async () => {
    const bench = createBench();
    bench.lookUps = [{ kind: 'unknown', error: errorOf('unlisted', '-1121') }];
    bench.cancels = [{ kind: 'not-sent', error: errorOf('unlisted', '-1121') }];
    bench.executor.resolve({ symbol: 'BTC/USDT', clientOrderId: 'a' });
    bench.cancel('b');
    await bench.pass(5 * MINUTE_MS);
    expect(bench.calls).toHaveLength(2);
    expect(bench.cancelFailures.map(({ id }) => id)).toEqual(['b']);
    expect([bench.executor.idle, bench.executor.stuck, bench.reports]).toEqual([true, [], []]);
  });

  test('a cancellation of an order that is not open, in a market that leaves the exchange meanwhile, has failed: it would be waited for, for ever', async () => {
    const bench = createBench();
    bench.cancels = [{ kind: 'not-open', error: errorOf('refused', '-2011') }];
    bench.lookUps = [{ kind: 'unknown', error: errorOf('unlisted', '-1121') }];
    bench.cancel('a');
    await bench.pass(5 * MINUTE_MS);
    expect(bench.cancelFailures.map(({ id }) => id)).toEqual(['a']);
    expect([bench.executor.idle, bench.calls.length]).toEqual([true, 2]);
  });

  test('settled: at once when idle, true when the work ends, false when the time is over first', async () => {
    const bench = createBench();
    await expect(bench.executor.settled(0)).resolves.toBe(true);
    const answer = Promise.withResolvers<SendOutcome>();
    bench.sends = [() => answer.promise];
    bench.place('a', 'exit');
    const late = bench.executor.settled(SECOND_MS);
    await bench.pass(SECOND_MS);
    await expect(late).resolves.toBe(false);
    expect(bench.executor.idle).toBe(false);
    const done = bench.executor.settled(60 * SECOND_MS);
    answer.resolve(accepted('a', 'filled'));
    await settle();
    await expect(done).resolves.toBe(true);
    expect(bench.executor.idle).toBe(true);
  });

  test('an engine that refuses a report ends that delivery and no other', async () => {
    const bench = createBench((_self, id) => {
      if (id === 'a') throw new Error('the engine has failed');
    });
    bench.sends = [({ clientOrderId }) => accepted(clientOrderId, 'filled')];
    bench.place('a', 'exit');
    bench.place('b', 'exit');
    await bench.pass(1);
    expect(bench.reports.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(bench.executor.idle).toBe(true);
  });
});
