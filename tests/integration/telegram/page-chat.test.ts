import { afterEach, expect, test } from 'vitest';
import { createChatProxy } from '../../../src/adapters/web/chat-proxy.ts';
import { operatorPause } from './fake-service.ts';
import { OPERATOR, startHarness, VIEWER, type Harness } from './harness.ts';

let harness: Harness | null = null;
const stopping = new AbortController();
afterEach(async () => {
  await harness?.close();
});

test('the chat page talks to the real command code as its one person, and reaches no other chat', async () => {
  harness = await startHarness();
  const { server, service } = harness;
  service.setLocks([operatorPause]);
  const chat = createChatProxy({ personUrl: server.personUrl, chatId: OPERATOR, userId: OPERATOR }, stopping.signal);
  const post = async (verb: string, body: unknown): Promise<Response> =>
    chat.request(`/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  expect(await (await chat.request('/')).json()).toEqual({ chatId: OPERATOR, userId: OPERATOR });
  // A body that names another person is still this one.
  expect((await post('send', { text: '/resume', userId: VIEWER })).status).toBe(200);
  const asked = await server.person.waitFor(OPERATOR, ({ reply_markup: keys }) => keys !== undefined);
  await post('press', { button: 'Resume trading', messageId: asked.message_id });
  await server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Trading goes on') === true);
  expect(service.calls).toMatchObject([{ name: 'resume', caller: { userId: OPERATOR, role: 'operator' } }]);

  const { messages } = (await (await chat.request('/messages')).json()) as { messages: unknown[] };
  expect(messages.length).toBeGreaterThanOrEqual(2);
  expect((await post('send', { text: '' })).status).toBe(400);
  expect((await post('send', { words: 'x' })).status).toBe(400);
  expect((await chat.request('/files/..%2F..%2Fchats')).status).toBe(404);
  expect((await chat.request('/files/nothing')).status).toBe(404);
  expect(server.person.messages(VIEWER)).toEqual([]);
});

test('an embedded server that is gone is one clear answer', async () => {
  const chat = createChatProxy(
    { personUrl: 'http://127.0.0.1:9/person', chatId: OPERATOR, userId: OPERATOR },
    stopping.signal,
  );
  const answer = await chat.request('/messages');
  expect(answer.status).toBe(502);
  expect(await answer.json()).toEqual({ error: 'the chat cannot be reached' });
});

test('the person endpoints refuse pages of other origins', async () => {
  harness = await startHarness();
  const answer = await fetch(`${harness.server.personUrl}/chats`, { headers: { origin: 'http://attacker.example' } });
  expect(answer.status).toBe(403);
});
