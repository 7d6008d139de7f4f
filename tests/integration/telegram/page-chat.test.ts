import { afterEach, expect, test } from 'vitest';
import { startWebServer, type WebServer } from '../../../src/adapters/web/server.ts';
import { OPERATOR, startHarness, VIEWER, type Harness } from './harness.ts';

let harness: Harness | null = null;
let web: WebServer | null = null;
afterEach(async () => {
  await web?.close();
  await harness?.close();
});

test('the chat page talks to the real command code as its one person, and reaches no other chat', async () => {
  harness = await startHarness();
  const { server, service, log } = harness;
  web = await startWebServer({
    host: '127.0.0.1',
    port: 0,
    status: () => service.status(),
    health: () => ({ ok: true, checks: {} }),
    chat: { personUrl: server.personUrl, chatId: OPERATOR, userId: OPERATOR },
    log,
  });
  const { url } = web;
  const post = async (verb: string, body: unknown): Promise<Response> =>
    fetch(`${url}/api/chat/${verb}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  expect(await (await fetch(`${url}/api/chat`)).json()).toEqual({ chatId: OPERATOR, userId: OPERATOR });
  // A body that names another person is still this one.
  expect((await post('send', { text: '/resume', userId: VIEWER })).status).toBe(200);
  const asked = await server.person.waitFor(OPERATOR, ({ reply_markup: keys }) => keys !== undefined);
  await post('press', { button: 'Resume trading', messageId: asked.message_id });
  await server.person.waitFor(OPERATOR, ({ text }) => text?.includes('allowed again') === true);
  expect(service.calls).toMatchObject([{ name: 'resume', caller: { userId: OPERATOR, role: 'operator' } }]);

  const { messages } = (await (await fetch(`${url}/api/chat/messages`)).json()) as { messages: unknown[] };
  expect(messages.length).toBeGreaterThanOrEqual(2);
  expect((await post('send', { text: '' })).status).toBe(400);
  expect((await post('send', { words: 'x' })).status).toBe(400);
  expect((await fetch(`${url}/api/chat/files/..%2F..%2Fchats`)).status).toBe(404);
  expect((await fetch(`${url}/api/chat/files/nothing`)).status).toBe(404);
  expect(server.person.messages(VIEWER)).toEqual([]);
});

test('the person endpoints refuse pages of other origins', async () => {
  harness = await startHarness();
  const answer = await fetch(`${harness.server.personUrl}/chats`, { headers: { origin: 'http://attacker.example' } });
  expect(answer.status).toBe(403);
});
