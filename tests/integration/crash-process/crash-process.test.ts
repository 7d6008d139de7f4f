import { expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';

/** A few kills of the many that `npm run test:crash` makes. */
test('a real process, killed around its sends and commits, loses and doubles nothing', {
  timeout: 180_000,
}, async () => {
  const points = [
    'commit:prediction:after',
    'send:entry:after',
    'commit:order-report:before',
    'send:stop:before',
    'alert:after',
  ];
  const result = await runCampaign({ kills: points.length, points, seed: 11, out: () => undefined });
  expect(result.faults).toEqual([]);
  expect(Object.values(result.coverage)).toEqual(points.map(() => 1));
});
