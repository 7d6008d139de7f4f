import { lookup } from 'node:dns';
import { afterEach, expect, test } from 'vitest';
import { createAnnouncer } from '../../../src/adapters/telegram/announcer.ts';
import { startBotApiServer, type BotApiServer } from '../../../src/sim/telegram/server.ts';
import { FORUM, FORUM_TOPIC, OPERATOR, TOKEN } from './harness.ts';

let server: BotApiServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const alert = {
  kind: 'lifecycle',
  key: 'waiting:1',
  title: 'waits for the exchange',
  lines: ['key-of-the-exchange failed'],
  commands: [],
  symbol: null,
  at: 0,
} as const;

test('before the books are open, operators and groups are told all the same, without a secret; whether anybody was is known', async () => {
  server = await startBotApiServer({ token: TOKEN, wallNow: Date.now });
  server.person.addUser({ id: OPERATOR, firstName: 'Ada' });
  server.person.addPrivateChat(OPERATOR);
  server.person.addGroup({ id: FORUM, title: 'Forum', type: 'supergroup', forum: true });
  const announcer = createAnnouncer({
    token: TOKEN,
    apiRoot: server.url,
    lookUp: lookup,
    operators: [OPERATOR, 404],
    chats: [{ chatId: FORUM, threadId: FORUM_TOPIC }],
    secrets: ['key-of-the-exchange'],
    timeZone: 'UTC',
  });
  expect(await announcer.announce(alert)).toBe(true);
  const [message] = server.person.messages(OPERATOR);
  expect(message?.text).toContain('waits for the exchange');
  expect(message?.text).not.toContain('key-of-the-exchange');
  const nobody = createAnnouncer({
    token: TOKEN,
    apiRoot: server.url,
    lookUp: lookup,
    operators: [404],
    chats: [],
    secrets: [],
    timeZone: 'UTC',
  });
  expect(await nobody.announce(alert)).toBe(false);
});
