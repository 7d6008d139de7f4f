import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createChatProxy } from './chat-proxy.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A Bot API server that writes down what it is asked for. */
const listen = async (): Promise<{ readonly app: ReturnType<typeof createChatProxy>; readonly calls: string[] }> => {
  const calls: string[] = [];
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (part: Buffer) => (body += part.toString()));
    incoming.on('end', () => {
      calls.push(`${incoming.method} ${incoming.url} ${body}`.trim());
      outgoing.setHeader('content-type', 'application/json');
      outgoing.setHeader('set-cookie', 'theirs=1');
      outgoing.end('{}');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const personUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/person`;
  return { app: createChatProxy({ personUrl, chatId: 7, userId: 9 }, new AbortController().signal), calls };
};

describe('the chat of the demo', () => {
  test('speaks as its one person in its one chat, whoever a message says it is from', async () => {
    const { app, calls } = await listen();
    const post = async (verb: string, body: unknown, type = 'application/json'): Promise<number> =>
      (await app.request(`/${verb}`, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) }))
        .status;
    expect(await post('send', { text: '/status', userId: 1, chatId: 1 })).toBe(200);
    expect(await post('press', { messageId: 3, button: 'k:y', userId: 1 })).toBe(200);
    expect(calls).toEqual([
      'POST /person/chats/7/send {"userId":9,"text":"/status"}',
      'POST /person/chats/7/press {"userId":9,"button":"k:y","messageId":3}',
    ]);
    calls.length = 0;
    // A form of another site can send these types without asking first.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
      expect(await post('send', { text: '/halt' }, type), type).toBe(400);
    for (const body of [{}, { text: 5 }, { text: 'x'.repeat(4_097) }, null, 'text'])
      expect(await post('send', body), JSON.stringify(body)).toBe(400);
    for (const body of [
      { button: 'y' },
      { messageId: 1 },
      { messageId: 'x', button: 'y' },
      { messageId: 1.5, button: 'y' },
    ])
      expect(await post('press', body), JSON.stringify(body)).toBe(400);
    expect(calls).toEqual([]);
  });

  test('hands out files by name alone, and no header of its own', async () => {
    const { app, calls } = await listen();
    const answer = await app.request('/files/AgAC_x-1');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toBeNull();
    calls.length = 0;
    for (const name of ['..%2Fchats%2F8%2Fmessages', 'a.b', 'a%3Fx=1', 'x'.repeat(65)])
      expect((await app.request(`/files/${name}`)).status, name).toBe(404);
    expect(calls).toEqual([]);
  });
});
