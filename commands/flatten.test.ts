import { expect, test } from 'vitest';
import { operator, setUp } from './command-bench.test-helper.ts';

test('/flatten without a position refuses nothing: in the chat and for a script it is no failure; with an entry under way it is', async () => {
  const { set, tools } = setUp();
  Object.assign(tools, { flattenPreview: () => ({ positions: [], refusal: null }) });
  const all = await set.run('flatten', '', operator);
  expect(all).toEqual({
    title: 'Nothing to sell',
    blocks: [{ kind: 'text', lines: ['There are no open positions.'] }],
    outcome: 'nothing to do',
  });
  expect((await set.run('flatten', 'btc', operator)).blocks).toEqual([
    { kind: 'text', lines: ['There is no open position in BTC/USDT.'] },
  ]);
  Object.assign(tools, { flattenPreview: () => ({ positions: [], refusal: 'An entry is under way.' }) });
  expect(await set.run('flatten', '', operator)).toMatchObject({ title: 'Refused', outcome: 'refused' });
});

test('/flatten all is /flatten, and what was not understood says that nothing is sold', async () => {
  const { set } = setUp();
  const asked = async (words: string) => (await set.run('flatten', words, operator)).request;
  expect(JSON.stringify(await asked('ALL'))).toBe(JSON.stringify(await asked('')));
  expect(await asked('all')).toBeDefined();
  expect(JSON.stringify(await set.run('flatten', 'everything', operator))).toContain('Nothing is sold');
});

test('/flatten asks with the word that a halted market sells nothing before its end', async () => {
  const { set, tools } = setUp();
  const preview = tools.flattenPreview(null);
  expect(JSON.stringify((await set.run('flatten', '', operator)).request)).not.toContain('halted');
  Object.assign(tools, {
    flattenPreview: () => ({ ...preview, positions: preview.positions.map((held) => ({ ...held, halted: true })) }),
  });
  const line =
    'The exchange has halted BTC/USDT: it is sold when it is traded again, and a stop that rests stays until then.';
  expect((await set.run('flatten', '', operator)).request).toMatchObject({
    what: expect.arrayContaining([line]) as unknown,
  });
});
