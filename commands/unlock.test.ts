import { expect, test } from 'vitest';
import { killSwitch, operatorPause } from '../tests/integration/telegram/fake-service.ts';
import { operator, setUp } from './command-bench.test-helper.ts';

test('/unlock shows every refusal that is known already, and what stays when nothing waits for it', async () => {
  const { set, service } = setUp();
  expect(await set.run('unlock', '', operator)).toMatchObject({ title: 'Nothing waits for /unlock' });
  service.setPreview({ staying: [operatorPause] });
  expect((await set.run('unlock', '', operator)).blocks).toEqual([
    { kind: 'text', lines: ['operator-pause is cleared by /resume'] },
  ]);
  const refusals = ['The daily unlock is used up; the lock clears at 00:00 UTC.', 'Equity is below 100.'];
  service.setPreview({ refusals });
  expect((await set.run('unlock', '', operator)).blocks).toEqual([{ kind: 'text', lines: refusals }]);
});

test('the amount of new loss is taken as people write it, and no other', async () => {
  const { set, service } = setUp();
  service.setLocks([killSwitch]);
  const typed = async (permitted: number, text: string): Promise<string | undefined> => {
    service.setPreview({ newLossPermitted: permitted });
    const { request } = await set.run('unlock', '', operator);
    return request?.kind === 'ask' ? (await request.answer(text)).outcome : undefined;
  };
  for (const text of ['19.48', '19,48', ' 19.48 USDT', '019.480']) expect(await typed(19.48, text), text).toBe('asked');
  for (const text of ['1948', '19', '19,480', '1,948', '-19.48', '1e1', '', '19.48.0', '19,4', '∞'])
    expect(await typed(19.48, text), text).toBe('wrong amount');
  for (const text of ['1948', '1,948', '1948,00', '1,948.00']) expect(await typed(1_948, text), text).toBe('asked');
  for (const text of ['1,94', '1.948', '19,48']) expect(await typed(1_948, text), text).toBe('wrong amount');
});

test('/unlock lists its locks before it asks for the amount, too', async () => {
  const { set, service } = setUp();
  service.setLocks([killSwitch]);
  service.setPreview({ newLossPermitted: 19.8, baselines: ['day baseline 1,012.40 -> 991.10'] });
  const reply = await set.run('unlock', '', operator);
  expect(reply).toMatchObject({
    title: 'Unlock?',
    request: { kind: 'ask', question: expect.stringContaining('up to 19.80 of new loss today') as string },
  });
  expect(reply.blocks).toEqual([
    { kind: 'text', lines: [`Clears · ${killSwitch.reason}`, 'Moves day baseline 1,012.40 -> 991.10'] },
  ]);
});

test('/unlock names everything that it would let go: ten orders of another instance are more than a line', async () => {
  const { set, service } = setUp();
  const orders = Array.from({ length: 10 }, (_, index) => `BTC/USDT gb7f3a9c21-${1_000 + index}`).join(', ');
  const reason = `USDT: the exchange has 1234.56789012 less than the ledger; another instance of this bot has 12 orders on the account (${orders} and 2 more): stop that bot, or cancel what it left`;
  service.setLocks([{ ...killSwitch, reason }]);
  const { request } = await set.run('unlock', '', operator);
  expect(request?.kind === 'confirm' && request.what[0]).toBe(`Clears · ${reason}`);
});
