import { GrammyError, HttpError } from 'grammy';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Log } from '../../ports/log.ts';

/** What a failed call to Telegram means for whoever made it. */
export type TelegramFailure =
  /** Too many requests: wait exactly this long. */
  | { readonly kind: 'wait'; readonly after: Milliseconds; readonly why: string }
  /** The way there is broken, or Telegram is: try again. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** 401 or 404: the token is wrong or was revoked. */
  | { readonly kind: 'token'; readonly why: string }
  /** Another program polls with this token. */
  | { readonly kind: 'conflict'; readonly why: string }
  /** The group became a supergroup with another id. */
  | { readonly kind: 'migrated'; readonly to: number; readonly why: string }
  /** The person blocked the bot or never started it, or it was thrown out of the group: the chat may open again. */
  | { readonly kind: 'forbidden'; readonly why: string }
  /** An edit that changes nothing. */
  | { readonly kind: 'not-modified'; readonly why: string }
  /** This request can never succeed. */
  | { readonly kind: 'impossible'; readonly why: string };

/** Anything that looks like a bot token, whoever's it is. */
const TOKEN_PATTERN = /\b\d{5,}:[A-Za-z0-9_-]{20,}/g;

/** The signature of a signed request: with its address it could be sent again. */
const SIGNATURE_PATTERN = /\b(signature=)[^&\s"'<>]+/gi;
const MIN_SECRET = 6;

export type Redact = (text: string) => string;

/** Removes secrets, encoded or not, anything like a bot token, and request signatures from a text. */
export const createRedactor = (secrets: readonly string[]): Redact => {
  // Longest first: a secret that contains another goes as a whole. Very short ones would blot out words.
  const forms = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
    .filter((form) => form.length >= MIN_SECRET)
    .sort((left, right) => right.length - left.length);
  return (text) =>
    forms
      .reduce((clean, form) => clean.replaceAll(form, '<secret>'), text)
      .replace(TOKEN_PATTERN, '<token>')
      .replace(SIGNATURE_PATTERN, '$1<redacted>');
};

/** A log that cannot be handed the token, whatever is passed: fields are redacted as the text they become. */
export const createRedactingLog = (log: Log, redact: (text: string) => string): Log => {
  const clean = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? redact(value) : value]),
    );
  return {
    debug: (fields, message) => log.debug(clean(fields), redact(message)),
    info: (fields, message) => log.info(clean(fields), redact(message)),
    warn: (fields, message) => log.warn(clean(fields), redact(message)),
    error: (fields, message) => log.error(clean(fields), redact(message)),
  };
};

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  return `${code}${error.message}`;
};

/** One line for people and logs, without secrets and without a stack. */
export const describeError = (error: unknown, redact: (text: string) => string): string => {
  if (error instanceof GrammyError) return redact(`${error.error_code}: ${error.description}`);
  if (error instanceof HttpError) return redact(`${error.message} ${causeOf(error.error)}`.trim());
  return redact(causeOf(error));
};

/** 400s that are about the chat or the topic and not about the message. */
const CLOSED_CHAT =
  /chat not found|user is deactivated|PEER_ID_INVALID|not enough rights to send|have no rights to send|CHAT_RESTRICTED|CHAT_WRITE_FORBIDDEN|CHAT_SEND_\w+_FORBIDDEN|TOPIC_CLOSED|TOPIC_DELETED|message thread not found/i;

const classifyAnswer = (error: GrammyError, why: string): TelegramFailure => {
  const { retry_after: retryAfter, migrate_to_chat_id: migrateTo } = error.parameters;
  if (migrateTo !== undefined) return { kind: 'migrated', to: migrateTo, why };
  if (retryAfter !== undefined) return { kind: 'wait', after: retryAfter * SECOND_MS, why };
  switch (error.error_code) {
    case 429:
      return { kind: 'wait', after: 5 * SECOND_MS, why };
    case 401:
    case 404:
      return { kind: 'token', why };
    case 403:
      return { kind: 'forbidden', why };
    case 409:
      return { kind: 'conflict', why };
    default:
      if (error.error_code >= 500) return { kind: 'unreachable', why };
      if (CLOSED_CHAT.test(error.description)) return { kind: 'forbidden', why };
      return { kind: error.description.includes('message is not modified') ? 'not-modified' : 'impossible', why };
  }
};

/** The table of failures. Anything unknown is taken for unreachable: it is tried again, nothing is lost. */
export const classifyFailure = (error: unknown, redact: (text: string) => string): TelegramFailure => {
  const why = describeError(error, redact);
  return error instanceof GrammyError ? classifyAnswer(error, why) : { kind: 'unreachable', why };
};
