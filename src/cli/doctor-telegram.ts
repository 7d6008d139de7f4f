import type { Config } from '../adapters/system/config-schema.ts';
import { SECOND_MS, type Milliseconds } from '../core/units.ts';

/** What the doctor says of one thing. */
export interface Diagnosis {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

const TIMEOUT: Milliseconds = 10 * SECOND_MS;

interface Answer {
  readonly ok: boolean;
  readonly description?: string;
  readonly result?: {
    readonly username?: string;
    readonly title?: string;
    readonly can_read_all_group_messages?: boolean;
  };
}

/** The address holds the token, so neither it nor an error of fetch is ever shown. */
const ask = async (
  config: Config,
  token: string,
  method: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const response = await fetch(
    `${config.telegram.apiRoot}/bot${token}/${method}?${new URLSearchParams(parameters).toString()}`,
    { signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' },
  );
  return (await response.json()) as Answer;
};

const attempt = async (
  name: string,
  fix: string,
  act: () => Promise<Answer>,
  tell: (answer: Answer) => string,
): Promise<Diagnosis> => {
  try {
    const answer = await act();
    return answer.ok
      ? { name, ok: true, text: tell(answer) }
      : { name, ok: false, text: `${answer.description ?? 'refused'}: ${fix}` };
  } catch (error) {
    return {
      name,
      ok: false,
      text: `Telegram does not answer (${error instanceof Error ? error.name : 'unknown error'}): check the network and TELEGRAM_API_ROOT`,
    };
  }
};

/** Token, operators and chats. An operator who has never written to the bot cannot be told anything. */
export const diagnoseTelegram = async (config: Config): Promise<readonly Diagnosis[]> => {
  const token = config.secrets.telegramBotToken;
  if (token === null)
    return [
      {
        name: 'telegram',
        ok: config.mode === 'demo',
        text:
          config.mode === 'demo'
            ? 'demo has a chat of its own'
            : 'TELEGRAM_BOT_TOKEN is not set: nobody would hear of a lock',
      },
    ];
  const me = await attempt(
    'telegram-token',
    'get a token from @BotFather',
    () => ask(config, token, 'getMe'),
    ({ result }) => `@${result?.username ?? 'unknown'}`,
  );
  if (!me.ok) return [me];
  const people = config.telegram.operators.map((id) =>
    attempt(
      `telegram-operator ${id}`,
      'that person has to open a chat with the bot and press Start',
      () => ask(config, token, 'getChat', { chat_id: String(id) }),
      () => 'can be written to',
    ),
  );
  const places = config.telegram.chats.map(({ chatId }) =>
    attempt(
      `telegram-chat ${chatId}`,
      'add the bot to that group',
      () => ask(config, token, 'getChat', { chat_id: String(chatId) }),
      ({ result }) => result?.title ?? 'is a member',
    ),
  );
  return [me, ...(await Promise.all([...people, ...places]))];
};
