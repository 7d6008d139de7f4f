import { expect, test } from 'vitest';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { limited, silent, START } from './executor.test-helper.ts';
import { createRequestGate } from './request-gate.ts';

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
