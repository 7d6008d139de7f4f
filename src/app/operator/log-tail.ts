import type { Log } from '../../ports/log.ts';
import type { LogLineView } from '../../ports/operator-tools.ts';
import type { EpochMs } from '../../core/units.ts';

/** Lines kept for /logs. */
const KEPT = 500;
/** Longest text of one line. */
const LONGEST = 300;

/** A log that also remembers its newest lines, redacted, for people who have only a phone. */
export interface LogTail extends Log {
  newest(count: number): readonly LogLineView[];
}

/** Whatever is logged: a line that cannot be written must not stop what it tells of. */
const inWords = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  if (typeof value === 'string') return value;
  try {
    return (
      JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'undefined'
    );
  } catch {
    return String(value);
  }
};

export const createLogTail = (log: Log, redact: (text: string) => string, wallNow: () => EpochMs): LogTail => {
  const lines: LogLineView[] = [];
  const keep = (level: LogLineView['level'], fields: Readonly<Record<string, unknown>>, message: string): void => {
    const details = Object.entries(fields).map(([name, value]) => `${name}=${inWords(value)}`);
    // One line, or what others have written into it could pass for lines of its own.
    const text = redact([message, ...details].join(' ')).replaceAll(/\s+/g, ' ');
    lines.push({ at: wallNow(), level, text: text.slice(0, LONGEST) });
    if (lines.length > KEPT) lines.splice(0, lines.length - KEPT);
  };
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => {
      keep('info', fields, message);
      log.info(fields, message);
    },
    warn: (fields, message) => {
      keep('warn', fields, message);
      log.warn(fields, message);
    },
    error: (fields, message) => {
      keep('error', fields, message);
      log.error(fields, message);
    },
    newest: (count) => lines.slice(-count),
  };
};
