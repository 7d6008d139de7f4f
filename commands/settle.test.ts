import { expect, test } from 'vitest';
import { operator, setUp, viewer } from './command-bench.test-helper.ts';

test('/settle lists what is unknown, takes an order with its fate, and shows a refusal before it asks', async () => {
  const { set, tools } = setUp();
  expect(JSON.stringify(await set.run('settle', '', operator))).toContain('gb-4f2a-18: stop');
  for (const wrong of ['gb-4f2a-18', 'gb-4f2a-18 lost', 'gb-4f2a-18 gone 5', 'gb-4f2a-18 filled -5'])
    expect((await set.run('settle', wrong, operator)).outcome, wrong).toBe('wrong argument');
  expect((await set.run('settle', 'gb-4f2a-18 FILLED 49000.5', operator)).request).toMatchObject({
    kind: 'confirm',
    needsCode: true,
    needsApproval: true,
  });
  Object.assign(tools, { settlePreview: async () => ({ what: [], refusal: 'no coin has moved', shown: '' }) });
  expect(await set.run('settle', 'gb-4f2a-18 filled', operator)).toMatchObject({
    outcome: 'refused',
    blocks: [{ lines: ['no coin has moved'] }],
  });
});

test('a duration that is missing is asked for, not quoted; no order is no broken one', async () => {
  const { set, tools } = setUp();
  expect(JSON.stringify(await set.run('mute', '', operator))).toContain(
    '/mute: takes a duration like 30m, 2h or 1d, up to 7d',
  );
  Object.assign(tools, { orders: () => [] });
  expect((await set.run('orders', '', viewer)).title).toBe('No open order');
  expect(JSON.stringify((await set.run('risk', '', viewer)).blocks)).toMatch(/balance: [\d,.]+ USDT, at least 100\.00/);
});
