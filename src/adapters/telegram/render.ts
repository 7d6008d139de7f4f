import { fmt, FormattedString } from '@grammyjs/parse-mode';
import type { Alert, AlertKind } from '../../core/engine/alert.ts';
import type { EpochMs } from '../../core/units.ts';
import type { Reply, ReplyBlock, ReplyButton } from '../../ports/chat.ts';

/** Turns reply values into text with entities; no markup is ever written by hand, so nothing needs escaping. */
export const MAX_TEXT = 4096;

/**
 * An address in a text may be anybody's (in an answer of the exchange, in a reason): its page is not shown below what
 * the bot says.
 */
export const NO_PREVIEW = { link_preview_options: { is_disabled: true } } as const;
export const MAX_CAPTION = 1024;
const MAX_PARTS = 5;

export interface Keyboard {
  readonly inline_keyboard: { readonly text: string; readonly callback_data: string }[][];
}

/** Takes secrets out of a text. */
type Redact = (text: string) => string;

/** Control characters and direction overrides can make a line read as another. Line breaks stay. */
const strip = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, ' ').toWellFormed();

/**
 * A number and its unit as one word: "+2.84 %", "1,012.40 USDT", "2 h 05 min", "14:00 UTC". A phone breaks lines where
 * it likes, and a unit alone on the next line is read as nothing, or as another number's.
 */
const withUnits = (text: string): string =>
  text
    .replace(/(\d) (?=(?:%|ms|s|min|h|d|MB|[A-Z]{3,10})(?![\p{L}\d_]))/gu, '$1\u00A0')
    .replace(/(\d\u00A0[dh]) (?=\d+\u00A0(?:h|min)(?![\p{L}\d_]))/gu, '$1\u00A0');

const pad = (text: string, width: number, side: 'left' | 'right'): string =>
  side === 'left' ? text.padEnd(width) : text.padStart(width);

const alignFields = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`.trimEnd()).join('\n');
};

const alignTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): string => {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => pad(row[column] ?? '', width, align[column] ?? 'left'))
      .join(' ')
      .trimEnd();
  return all.map(line).join('\n');
};

const renderBlock = (block: ReplyBlock, clean: Redact): FormattedString => {
  switch (block.kind) {
    case 'text':
      return fmt`${clean(block.lines.join('\n'))}`;
    case 'fields':
      return FormattedString.pre(clean(alignFields(block.rows)));
    case 'table':
      return FormattedString.pre(clean(alignTable(block.head, block.rows, block.align)));
  }
};

/**
 * Title and blocks, a blank line between them; every word passes `redact`, and no line ends between a number and its
 * unit.
 */
export const renderReply = (reply: Pick<Reply, 'title' | 'blocks'>, redact: Redact): FormattedString => {
  const clean = (text: string): string => withUnits(redact(strip(text)));
  return FormattedString.join(
    [FormattedString.b(clean(reply.title)), ...reply.blocks.map((block) => renderBlock(block, clean))],
    '\n\n',
  );
};

const cutPoint = (text: string, limit: number): number => {
  for (const separator of ['\n', ' ']) {
    const at = text.lastIndexOf(separator, limit);
    if (at > limit / 2) return at;
  }
  // Never between the halves of one character.
  const code = text.charCodeAt(limit - 1);
  return code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit;
};

/** The one splitter: parts of at most `limit` UTF-16 units, cut at line ends where it can be. */
export const splitText = (text: FormattedString, limit: number): readonly FormattedString[] => {
  const parts: FormattedString[] = [];
  let rest = text;
  while (rest.text.length > limit && parts.length < MAX_PARTS - 1) {
    const at = cutPoint(rest.text, limit);
    parts.push(rest.slice(0, at));
    rest = rest.slice(/\s/.test(rest.text.charAt(at)) ? at + 1 : at);
  }
  if (rest.text.length <= limit) return [...parts, rest];
  const at = cutPoint(rest.text, limit - 1);
  return [...parts, FormattedString.join([rest.slice(0, at), '…'])];
};

export const buttonData = (button: ReplyButton): string => `${button.inPlace ? 'r' : 'n'}:${button.command}`;

/** Undefined when there is nothing to press. */
export const renderButtons = (buttons: Reply['buttons']): Keyboard | undefined => {
  const rows = (buttons ?? [])
    .map((row) => row.map((button) => ({ text: button.label, callback_data: buttonData(button) })))
    .filter((row) => row.length > 0);
  return rows.length === 0 ? undefined : { inline_keyboard: rows };
};

const KIND_SIGN: Readonly<Record<AlertKind, string>> = {
  lock: '🔒',
  unlock: '🔓',
  fill: '💱',
  stop: '🛡',
  drawdown: '📉',
  data: '📡',
  'order-failure': '⚠️',
  reconciliation: '🧾',
  deposit: '💰',
  lifecycle: '⚙️',
  model: '🧠',
  report: '📊',
  security: '🚨',
};

const startsWithSign = (title: string): boolean => /^\p{Extended_Pictographic}/u.test(title);

/** "05 Aug 14:00 UTC": when it happened, which on a late delivery and in a simulated market is not when it came. */
const momentIn = (zone: string): ((at: EpochMs) => string) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    day: '2-digit',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => `${format.format(at).replace('Sept', 'Sep').replace(',', '')} ${zone}`;
};

/**
 * One message, whatever its length: an alert sent in two could arrive by half.
 * The time of the cause is its last line, in the operator's zone; a report names its day itself.
 */
export const createAlertRenderer = (zone: string, redact: Redact) => {
  const moment = momentIn(zone);
  return (alert: Alert): RenderedAlert => {
    const lines = alert.kind === 'report' ? alert.lines : [...alert.lines, moment(alert.at)];
    return renderAlert({ ...alert, lines }, redact);
  };
};

interface RenderedAlert {
  readonly text: FormattedString;
  readonly keyboard: Keyboard | undefined;
}

const renderAlert = (alert: Alert, redact: Redact): RenderedAlert => {
  const title = startsWithSign(alert.title) ? alert.title : `${KIND_SIGN[alert.kind]} ${alert.title}`;
  const whole = renderReply(
    { title, blocks: alert.lines.length === 0 ? [] : [{ kind: 'text', lines: alert.lines }] },
    redact,
  );
  const text =
    whole.text.length <= MAX_TEXT
      ? whole
      : FormattedString.join([whole.slice(0, cutPoint(whole.text, MAX_TEXT - 1)), '…']);
  const row = alert.commands
    .filter((command) => Buffer.byteLength(command) <= 60)
    .map((command) => ({ label: command, command, inPlace: false }));
  return { text, keyboard: renderButtons([row]) };
};
