import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { limited, silent, START } from './executor.test-helper.ts';
import { createRequestGate, type Errand } from './request-gate.ts';

test('an order that grew too old in the pause between two tries does not wait, and ends nobody: the real clock refuses a span below zero', async () => {
  const clock = createVirtualClock(START);
  const spans: Milliseconds[] = [];
  const gate = createRequestGate(
    { ...clock, sleep: (span, signal) => (spans.push(span), clock.sleep(span, signal)) },
    silent,
  );
  gate.note(limited(20 * SECOND_MS));
  let passed = false;
  void gate.turn('entry', new AbortController().signal, START - 200).then(() => (passed = true));
  await clock.runTo(START + SECOND_MS);
  expect(passed).toBe(true);
  expect(spans.filter((span) => span < 0)).toEqual([]);
  clock.end();
});

test('whoever has a shorter wait than those that are here goes when it is over', async () => {
  const clock = createVirtualClock(START);
  const gate = createRequestGate(clock, silent);
  const gone: string[] = [];
  const turn = (errand: Errand): void =>
    void gate
      .turn(errand, new AbortController().signal, null)
      .then(() => gone.push(`${errand} @${(clock.wallNow() - START) / SECOND_MS}`));
  // The firewall holds back entries for a minute. Then the exchange holds back orders for ten seconds, and then
  // everything for three.
  gate.note({ ...limited(60 * SECOND_MS), urgentMayGo: true });
  turn('entry');
  await clock.runTo(START + SECOND_MS);
  gate.note({ ...limited(10 * SECOND_MS), ordersOnly: true });
  turn('stop');
  await clock.runTo(START + 2 * SECOND_MS);
  gate.note(limited(3 * SECOND_MS));
  turn('look');
  await clock.runTo(START + 60 * SECOND_MS);
  expect(gone).toEqual(['look @5', 'stop @11', 'entry @60']);
  clock.end();
});

const ERRANDS: readonly Errand[] = ['entry', 'exit', 'stop', 'cancel', 'make-room', 'look'];
const happening = fc.oneof(
  fc.record({ what: fc.constant('turn' as const), errand: fc.constantFrom(...ERRANDS), withdrawn: fc.boolean() }),
  fc.record({
    what: fc.constant('note' as const),
    seconds: fc.integer({ min: 0, max: 90 }),
    holds: fc.constantFrom({}, { urgentMayGo: true }, { ordersOnly: true }),
  }),
  fc.record({ what: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 40 }) }),
);

property.prop([fc.array(happening, { minLength: 8, maxLength: 40, size: 'max' })], { numRuns: 200 })(
  'whatever is refused meanwhile, nobody waits who may go, nobody goes who has to wait, and in the end all have gone',
  async (happenings) => {
    const clock = createVirtualClock(START);
    const gate = createRequestGate(clock, silent);
    const waiting = new Map<number, Errand>();
    const early: Errand[] = [];
    let number = 0;
    for (const now of happenings) {
      if (now.what === 'note') gate.note({ ...limited(now.seconds * SECOND_MS), ...now.holds });
      else if (now.what === 'turn') {
        const id = (number += 1);
        const withdrawal = new AbortController();
        waiting.set(id, now.errand);
        void gate.turn(now.errand, withdrawal.signal, null).then(() => {
          if (gate.left(now.errand) > 0 && !withdrawal.signal.aborted) early.push(now.errand);
          waiting.delete(id);
        });
        if (now.withdrawn) withdrawal.abort('withdrawn');
      }
      await clock.runTo(clock.wallNow() + (now.what === 'pass' ? now.seconds * SECOND_MS : 0));
      expect([...waiting.values()].filter((errand) => gate.left(errand) <= 0)).toEqual([]);
    }
    await clock.runTo(clock.wallNow() + 90 * SECOND_MS);
    expect([early, waiting.size]).toEqual([[], 0]);
    clock.end();
  },
);
