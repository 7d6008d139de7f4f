import { inspect } from 'node:util';

import { createRedactor, type Redactor } from './redact.ts';

/** The secret values; null = not configured. */
export interface SecretValues {
  readonly exchangeApiKey: string | null;
  readonly exchangeApiSecret: string | null;
  readonly telegramBotToken: string | null;
  readonly alertWebhookUrl: string | null;
  readonly heartbeatUrl: string | null;
  readonly unlockTotpSecret: string | null;
  readonly dashboardToken: string | null;
}

/**
 * Keeps secrets out of whatever prints a configuration. The values sit in a
 * private field behind getters: JSON, templates, spreads, `console.log` and
 * loggers all see "[redacted]" or nothing.
 */
export class Secrets implements SecretValues {
  readonly #values: SecretValues;

  constructor(values: SecretValues) {
    this.#values = values;
  }

  get exchangeApiKey(): string | null {
    return this.#values.exchangeApiKey;
  }

  get exchangeApiSecret(): string | null {
    return this.#values.exchangeApiSecret;
  }

  get telegramBotToken(): string | null {
    return this.#values.telegramBotToken;
  }

  get alertWebhookUrl(): string | null {
    return this.#values.alertWebhookUrl;
  }

  get heartbeatUrl(): string | null {
    return this.#values.heartbeatUrl;
  }

  get unlockTotpSecret(): string | null {
    return this.#values.unlockTotpSecret;
  }

  get dashboardToken(): string | null {
    return this.#values.dashboardToken;
  }

  /** A redactor that knows every one of these values. */
  redactor(): Redactor {
    const known = Object.values(this.#values as unknown as Readonly<Record<string, string | null>>);
    return createRedactor(known.filter((value) => value !== null));
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
