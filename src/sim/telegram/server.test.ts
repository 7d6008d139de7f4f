import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBotApiServer, type BotApiServer } from './server.ts';

const TOKEN = '123456789:test-token-test-token-test-token';
const ANN = 11;
const NOW = Date.UTC(2024, 7, 5, 12);

let server: BotApiServer;
beforeEach(async () => {
  server = await startBotApiServer({ token: TOKEN, wallNow: () => NOW, maxMessages: 50, maxFileBytes: 4_096 });
  server.person.addUser({ id: ANN, firstName: 'Ann' });
  server.person.addPrivateChat(ANN);
});
afterEach(async () => {
  await server.close();
});

interface Answer {
  readonly ok: boolean;
  /** Whatever the method gives: the tests say what they expect of it. */
  readonly result: unknown;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, number>>;
}

const call = async (method: string, body: object = {}, token = TOKEN): Promise<Answer> => {
  const response = await fetch(`${server.url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Answer;
  expect(response.status).toBe(answer.ok ? 200 : answer.error_code);
  return answer;
};

const say = async (text: string, extra: object = {}): Promise<Answer> =>
  call('sendMessage', { chat_id: ANN, text, ...extra });

describe('updates', () => {
  test('come again until a higher offset acknowledges them', async () => {
    for (const text of ['one', 'two', 'three']) server.person.send(ANN, ANN, text);
    const first = await call('getUpdates');
    expect(first.result).toHaveLength(3);
    const ids = (first.result as { update_id: number }[]).map(({ update_id: id }) => id);
    expect((await call('getUpdates')).result).toHaveLength(3);
    expect((await call('getUpdates', { offset: ids[1], limit: 1 })).result).toMatchObject([
      { update_id: ids[1], message: { text: 'two', date: NOW / 1000 } },
    ]);
    expect((await call('getUpdates', { offset: (ids[2] ?? 0) + 1 })).result).toEqual([]);
  });

  test('a long poll waits for the next one, and for its time-out', async () => {
    const waiting = call('getUpdates', { timeout: 20 });
    await expect.poll(() => server.person.botListening(), { interval: 10, timeout: 8_000 }).toBe(true);
    server.person.send(ANN, ANN, '/status now');
    expect((await waiting).result).toMatchObject([
      { message: { text: '/status now', entities: [{ type: 'bot_command', offset: 0, length: 7 }] } },
    ]);
  });

  test('a second poll ends the first with 409', async () => {
    const first = call('getUpdates', { timeout: 20 });
    await expect.poll(() => server.person.botListening(), { interval: 10, timeout: 8_000 }).toBe(true);
    const second = call('getUpdates', { timeout: 0 });
    expect(await first).toMatchObject({
      ok: false,
      error_code: 409,
      description: expect.stringContaining('terminated by other getUpdates request'),
    });
    expect((await second).ok).toBe(true);
  });

  test('allowed_updates is remembered', async () => {
    await call('getUpdates', { allowed_updates: ['callback_query'] });
    server.person.send(ANN, ANN, 'hello');
    expect((await call('getUpdates')).result).toEqual([]);
    await call('getUpdates', { allowed_updates: [] });
    server.person.send(ANN, ANN, 'hello');
    expect((await call('getUpdates')).result).toHaveLength(1);
  });
});

describe('limits and errors', () => {
  test.each([
    ['an unknown chat', { chat_id: 999, text: 'x' }, 'Bad Request: chat not found'],
    ['no text', { chat_id: ANN, text: '  \n ' }, 'Bad Request: message text is empty'],
    ['4097 characters', { chat_id: ANN, text: 'x'.repeat(4_097) }, 'Bad Request: message is too long'],
    [
      '65 bytes of callback data',
      { chat_id: ANN, text: 'x', reply_markup: { inline_keyboard: [[{ text: 'a', callback_data: 'é'.repeat(33) }]] } },
      'Bad Request: BUTTON_DATA_INVALID',
    ],
    [
      'an entity outside the text',
      { chat_id: ANN, text: 'abc', entities: [{ type: 'bold', offset: 2, length: 2 }] },
      'Bad Request: entity bold at 2+2 is outside the text',
    ],
    [
      'a topic in a chat without topics',
      { chat_id: ANN, text: 'x', message_thread_id: 5 },
      'Bad Request: message thread not found',
    ],
    [
      'hand-made markup',
      { chat_id: ANN, text: '<b>x</b>', parse_mode: 'HTML' },
      'Bad Request: unsupported parse_mode (this server takes entities)',
    ],
  ])('refuses %s', async (_name, body, description) => {
    expect(await call('sendMessage', body)).toEqual({ ok: false, error_code: 400, description });
    expect(server.person.messages(ANN)).toEqual([]);
  });

  test('takes exactly 4096 characters and 64 bytes', async () => {
    expect(
      (
        await say('x'.repeat(4_096), {
          reply_markup: { inline_keyboard: [[{ text: 'a', callback_data: 'y'.repeat(64) }]] },
        })
      ).ok,
    ).toBe(true);
  });

  test('a wrong token is 401, an unknown method 404', async () => {
    expect(await call('getMe', {}, '123456789:other')).toEqual({
      ok: false,
      error_code: 401,
      description: 'Unauthorized',
    });
    expect(await call('noSuchMethod')).toEqual({ ok: false, error_code: 404, description: 'Not Found' });
    expect((await call('getMe')).result).toMatchObject({ id: 123_456_789, is_bot: true });
  });

  test('malformed bodies are 400', async () => {
    for (const [type, body] of [
      ['application/json', '{"chat_id":'],
      ['application/json', '7'],
      ['multipart/form-data; boundary=x', 'no form at all'],
    ] as const) {
      const response = await fetch(`${server.url}/bot${TOKEN}/sendMessage`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ ok: false, error_code: 400 });
    }
  });
});

describe('messages', () => {
  test('are edited, deleted, and an edit that changes nothing is refused', async () => {
    const { message_id: id } = (await say('one')).result as { message_id: number };
    expect((await call('editMessageText', { chat_id: ANN, message_id: id, text: 'two' })).result).toMatchObject({
      text: 'two',
      edit_date: NOW / 1000,
    });
    expect((await call('editMessageText', { chat_id: ANN, message_id: id, text: 'two' })).description).toContain(
      'message is not modified',
    );
    const keys = { inline_keyboard: [[{ text: 'a', callback_data: 'b' }]] };
    expect(
      (await call('editMessageReplyMarkup', { chat_id: ANN, message_id: id, reply_markup: keys })).result,
    ).toMatchObject({ reply_markup: keys });
    expect((await call('editMessageText', { chat_id: ANN, message_id: 99, text: 'x' })).description).toBe(
      'Bad Request: message to edit not found',
    );
    expect((await call('deleteMessage', { chat_id: ANN, message_id: id })).result).toBe(true);
    expect(server.person.messages(ANN)).toEqual([]);
  });

  test('a pressed button is answered once', async () => {
    await say('press me', { reply_markup: { inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] } });
    const queryId = server.person.press(ANN, ANN, 'Go');
    const [update] = (await call('getUpdates')).result as {
      callback_query: { id: string; data: string; from: { id: number } };
    }[];
    expect(update?.callback_query).toMatchObject({ id: queryId, data: 'go', from: { id: ANN } });
    await call('answerCallbackQuery', { callback_query_id: queryId, text: 'done', show_alert: true });
    expect(await server.person.waitForAnswer(queryId)).toMatchObject({ text: 'done', alert: true });
    expect((await call('answerCallbackQuery', { callback_query_id: queryId })).description).toContain(
      'query is too old',
    );
  });

  test('menus go by the narrowest scope', async () => {
    const menu = (name: string) => [{ command: name, description: name }];
    await call('setMyCommands', { commands: menu('all') });
    await call('setMyCommands', { commands: menu('own'), scope: { type: 'chat', chat_id: ANN } });
    expect(server.person.menu(ANN, ANN)).toEqual(menu('own'));
    server.person.addPrivateChat(22);
    expect(server.person.menu(22, 22)).toEqual(menu('all'));
    expect((await call('setMyCommands', { commands: menu('Bad Name') })).description).toBe(
      'Bad Request: BOT_COMMAND_INVALID',
    );
    expect(
      (await call('setMyCommands', { commands: menu('x'), scope: { type: 'chat', chat_id: 77 } })).description,
    ).toBe('Bad Request: chat not found');
    expect((await call('getMyCommands', { scope: { type: 'chat', chat_id: ANN } })).result).toEqual(menu('own'));
  });

  test('uploads come as forms; a picture must be one, and old files are forgotten', async () => {
    const upload = async (method: string, field: string, name: string, content: Uint8Array): Promise<Answer> => {
      const form = new FormData();
      form.set('chat_id', String(ANN));
      form.set('caption', 'A file');
      form.set(field, new Blob([Uint8Array.from(content)]), name);
      return (await (
        await fetch(`${server.url}/bot${TOKEN}/${method}`, { method: 'POST', body: form })
      ).json()) as Answer;
    };
    const sent = await upload('sendDocument', 'document', 'trades.csv', new TextEncoder().encode('a,b\r\n1,2\r\n'));
    const { document } = sent.result as { document: { file_id: string } };
    expect(document).toMatchObject({ file_name: 'trades.csv', mime_type: 'text/csv', file_size: 10 });
    const file = await fetch(`${server.personUrl}/files/${document.file_id}`);
    expect(await file.text()).toBe('a,b\r\n1,2\r\n');
    expect((await upload('sendPhoto', 'photo', 'x.png', new TextEncoder().encode('not a picture'))).description).toBe(
      'Bad Request: IMAGE_PROCESS_FAILED',
    );
    for (let count = 0; count < 4; count += 1)
      await upload('sendDocument', 'document', `${count}.txt`, new Uint8Array(2_000));
    expect(server.person.file(document.file_id)).toBeUndefined();
  });

  test('only the newest are kept', async () => {
    for (let count = 0; count < 60; count += 1) server.person.send(ANN, ANN, `message ${count}`);
    expect(server.person.messages(ANN)).toHaveLength(50);
    expect(server.person.messages(ANN)[0]?.text).toBe('message 10');
  });
});

describe('faults', () => {
  test('strike by name, method and chat, as often as asked', async () => {
    server.faults.inject({ name: 'too-many-requests', retryAfter: 9, chatId: ANN, times: 2 });
    expect(await say('x')).toEqual({
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 9',
      parameters: { retry_after: 9 },
    });
    expect((await call('getUpdates')).ok).toBe(true);
    expect((await say('x')).error_code).toBe(429);
    expect((await say('x')).ok).toBe(true);
    expect(server.faults.struck('too-many-requests')).toBe(2);
    server.faults.inject({ name: 'migrated', migrateTo: -100_777 });
    expect((await say('x')).parameters).toEqual({ migrate_to_chat_id: -100_777 });
    server.faults.inject({ name: 'blocked', times: Infinity });
    expect((await say('x')).error_code).toBe(403);
    server.faults.clear('blocked');
    expect((await say('x')).ok).toBe(true);
  });

  test('a reset before loses the message, a reset after does not', async () => {
    server.faults.inject({ name: 'reset' });
    await expect(say('lost')).rejects.toThrow();
    server.faults.inject({ name: 'reset-after' });
    await expect(say('sent')).rejects.toThrow();
    expect(server.person.messages(ANN).map(({ text }) => text)).toEqual(['sent']);
  });

  test('a time-out never answers, a slow one does, a gateway speaks HTML', async () => {
    server.faults.inject({ name: 'time-out' });
    const signal = AbortSignal.timeout(100);
    await expect(fetch(`${server.url}/bot${TOKEN}/getMe`, { signal })).rejects.toThrow();
    server.faults.inject({ name: 'slow', delayMs: 30 });
    expect((await say('x')).ok).toBe(true);
    server.faults.inject({ name: 'bad-gateway', methods: ['getMe'] });
    const response = await fetch(`${server.url}/bot${TOKEN}/getMe`);
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html']);
  });
});

describe('the person over HTTP', () => {
  const post = async (path: string, body: object): Promise<Response> =>
    fetch(`${server.personUrl}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('sends, reads, presses, injects faults', async () => {
    expect((await post(`chats/${ANN}/send`, { userId: ANN, text: '/start' })).status).toBe(200);
    await say('Hello', { reply_markup: { inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] } });
    const { messages } = (await (await fetch(`${server.personUrl}/chats/${ANN}/messages?after=1`)).json()) as {
      messages: { text: string }[];
    };
    expect(messages.map(({ text }) => text)).toEqual(['Hello']);
    expect(await (await post(`chats/${ANN}/press`, { userId: ANN, button: 'Go' })).json()).toMatchObject({
      queryId: expect.stringContaining('query-'),
    });
    expect((await post('groups', { id: -5, title: 'Desk', type: 'supergroup', forum: true })).status).toBe(200);
    expect((await post('faults', { name: 'blocked' })).status).toBe(200);
    expect((await say('x')).error_code).toBe(403);
    expect((await post('faults/clear', {})).status).toBe(200);
    expect((await post(`chats/${ANN}/send`, { userId: 'x', text: 7 })).status).toBe(400);
    expect((await post(`chats/${ANN}/press`, { userId: ANN, button: 'Nothing' })).status).toBe(400);
    expect((await fetch(`${server.personUrl}/nothing`)).status).toBe(404);
  });

  test('streams what happens, and resumes where a reader left', async () => {
    const read = async (headers: Record<string, string>, until: string): Promise<string> => {
      const leave = new AbortController();
      const response = await fetch(`${server.personUrl}/chats/${ANN}/events`, { headers, signal: leave.signal });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!text.includes(until)) text += (await reader?.read())?.value ?? '';
      leave.abort();
      return text;
    };
    const first = read({}, 'first');
    await expect.poll(async () => (await say('first')).ok, { interval: 10, timeout: 8_000 }).toBe(true);
    const seen = await first;
    const last = /id: (\d+)\nevent: message/.exec(seen)?.[1] ?? '';
    await say('missed');
    expect(await read({ 'last-event-id': last }, 'missed')).not.toContain('"first"');
  });
});

test('a port in use is an error', async () => {
  await expect(startBotApiServer({ token: TOKEN, wallNow: () => NOW, port: server.port })).rejects.toThrow(
    'EADDRINUSE',
  );
});
