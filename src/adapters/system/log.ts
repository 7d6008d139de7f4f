import { pino, stdSerializers, type DestinationStream } from 'pino';
import pretty from 'pino-pretty';

import type { Log } from '../../ports/log.ts';
import type { Redactor } from './redact.ts';
import { escapedJson, printable } from './terminal.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Applied to every finished line, so that no field, message, error or stack goes round it. */
  readonly redact: Redactor;
  /** For a person at a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
  /** Where lines go; standard output when absent. Each call holds one or more whole lines. */
  readonly write?: (text: string) => void;
}

/** Errors under any name keep their stack (plain JSON would make them `{}`); exact decimals are printed as text. */
const readable = (value: unknown): unknown => {
  if (value instanceof Error) return stdSerializers.err(value);
  return typeof value === 'bigint' ? value.toString() : value;
};

const withReadableFields = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readable(value)]));

/**
 * The log: pino behind the port. Lines are written synchronously, so that the
 * last words before a crash are not lost.
 */
export const createLog = (options: LogOptions): Log => {
  const write = options.write ?? ((text: string): void => void process.stdout.write(text));
  const plain: DestinationStream = { write: (line) => write(escapedJson(options.redact(line))) };
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.pretty ? prettyDestination(options.redact, write, options.write === undefined) : plain,
  );
  return {
    debug: (fields, message) => logger.debug(withReadableFields(fields), message),
    info: (fields, message) => logger.info(withReadableFields(fields), message),
    warn: (fields, message) => logger.warn(withReadableFields(fields), message),
    error: (fields, message) => logger.error(withReadableFields(fields), message),
  };
};

/**
 * Its words without orders to the terminal, which has its colours from us alone; a message stays one line, or it could
 * pass for two.
 */
const forTerminal = (line: string): string => {
  try {
    return JSON.stringify(
      JSON.parse(line, (name, value: unknown) =>
        typeof value !== 'string' ? value : printable(name === 'msg' ? value.replaceAll('\n', ' ') : value),
      ),
    );
  } catch {
    // What redaction has left is no JSON: it is shown as it is.
    return printable(line);
  }
};

/** Redaction comes before colouring: colour codes inside a secret would hide it from the redactor. */
const prettyDestination = (redact: Redactor, write: (text: string) => void, colorize: boolean): DestinationStream => {
  const format = pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  return {
    write: (line) => write(redact(format(forTerminal(redact(line))) ?? '')),
  };
};
