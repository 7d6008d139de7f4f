import type { JsonObject } from './types.ts';

/** An answer with `ok: false`, as the Bot API words it. */
export class BotApiError extends Error {
  readonly code: number;
  readonly parameters: JsonObject | null;

  constructor(code: number, description: string, parameters: JsonObject | null = null) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

export const badRequest = (what: string): BotApiError => new BotApiError(400, `Bad Request: ${what}`);

/** The body that goes over the wire. */
export const errorBody = (error: BotApiError): JsonObject => ({
  ok: false,
  error_code: error.code,
  description: error.message,
  ...(error.parameters === null ? {} : { parameters: error.parameters }),
});

export const tooManyRequests = (retryAfter: number): BotApiError =>
  new BotApiError(429, `Too Many Requests: retry after ${retryAfter}`, { retry_after: retryAfter });

export const conflict = (): BotApiError =>
  new BotApiError(
    409,
    'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
  );

export const migrated = (to: number): BotApiError =>
  new BotApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: to });
