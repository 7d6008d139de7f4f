import { expect, test } from 'vitest';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { limited, silent, START } from './executor.test-helper.ts';
import { createRequestGate, type Errand } from './request-gate.ts';

test('an order that grew too old in the pause between two tries does not wait, and ends nobody: the real clock refuses a span below zero', async () => {
  const clock = createVirtualClock(START);
  const spans: Milliseconds[] = [];
  const gate = createRequestGate({ ...clock, sleep: (span, signal) => (spans.push(span), clock.sleep(span, signal)) }, silent);
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
  const turn = (errand: Errand): void => void gate.turn(errand, new AbortController().signal, null).then(() => gone.push(`${errand} @${(clock.wallNow() - START) / SECOND_MS}`));
  // The firewall holds back entries for a minute. Then the exchange holds back orders for ten seconds, and then everything for three.
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
