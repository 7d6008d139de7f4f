import { CANDLE_COLUMN_NAMES, emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Milliseconds } from '../../core/units.ts';

/** A candle file that cannot be used; its message is one line: file, line, value, what would be right. */
export class CandleFileError extends Error {
  override readonly name = 'CandleFileError';
}

const HEADERS = [
  'timestamp_ms',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'quote_volume',
  'trades',
  'taker_buy_base',
  'taker_buy_quote',
];
const SHORT_WIDTH = 6;
export const CANDLE_FILE_HEADER = HEADERS.join(',');

const COMMA = 44;
const NEWLINE = 10;
const RETURN = 13;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
/** Powers of ten that doubles hold exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const LARGEST_EXACT = Number.MAX_SAFE_INTEGER;

/**
 * Open times from here on are refused. A file in microseconds, as the exchange's own archives are, would otherwise pass
 * for candles tens of thousands of years ahead: its times lie on the hour as well.
 */
const END_OF_TIME = Date.UTC(2100, 0, 1);

const shown = (text: string): string => (text.length > 40 ? `"${text.slice(0, 40)}..."` : `"${text}"`);

/**
 * Reads the text of a candle file into columns. Written against bytes because
 * seventy thousand rows through `split` and `Number` take ten times as long.
 * @param bytes the text, uncompressed: a header line, then 10 or 6 columns a row
 * @param path names the file in messages
 * @param interval every open time is a multiple of this
 * @throws CandleFileError for a row that is unreadable, unsorted, repeated or not a candle
 */
export const parseCandles = (bytes: Uint8Array, path: string, interval: Milliseconds): CandleColumns => {
  const fields = new FieldReader(bytes, path);
  const width = fields.readHeader();
  const rows = fields.countRows();
  if (rows === 0) fields.fail(2, 'there is no candle; at least one row is needed');

  const columns = emptyColumns(rows, width === HEADERS.length);
  const targets = CANDLE_COLUMN_NAMES.map((name) => columns[name]);
  for (let missing = width; missing < targets.length; missing++) targets[missing]?.fill(Number.NaN);
  for (let row = 0; row < rows; row++) {
    const line = row + 2;
    for (let column = 0; column < width; column++) {
      const value = fields.readNumber(line, column, width);
      const target = targets[column];
      if (target !== undefined) target[row] = value;
    }
    fields.endLine(line);
    const fault = rowFault(columns, row, interval);
    if (fault !== null) fields.fail(line, fault);
  }
  return columns;
};

/** Reads a candle file field by field. Lines count from 1, the header's; columns from 0. */
class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #end: number;
  /** Of the next byte to be read. */
  #position = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
    this.#end = contentEnd(bytes);
  }

  fail(line: number, what: string): never {
    throw new CandleFileError(`${this.#path}, line ${line}: ${what}`);
  }

  /** Goes past the header. Returns how many columns it names. */
  readHeader(): number {
    const headerEnd = lineEnd(this.#bytes, 0);
    const header = this.#text(0, headerEnd);
    const width = header.split(',').length;
    if (header !== HEADERS.slice(0, width).join(',') || (width !== HEADERS.length && width !== SHORT_WIDTH)) {
      this.fail(
        1,
        `the header is ${shown(header)}; it should be "${CANDLE_FILE_HEADER}" or its first ${SHORT_WIDTH} columns`,
      );
    }
    this.#position = headerEnd + 1;
    return width;
  }

  /** Lines from here to the end of the file. */
  countRows(): number {
    let rows = 0;
    for (let at = this.#position; at < this.#end; at = lineEnd(this.#bytes, at) + 1) rows++;
    return rows;
  }

  /** Reads one field and the comma behind it; what ends a row is left for `endLine`. */
  readNumber(line: number, column: number, width: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#position;
    let position = start;
    let mantissa = 0;
    let digits = 0;
    let places = -1;
    let plain = true;
    let byte = 0;
    for (; position < end; position++) {
      byte = bytes[position] ?? NEWLINE;
      if (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        digits++;
        if (places >= 0) places++;
      } else if (byte === DOT && places < 0) places = 0;
      else if (byte === COMMA || byte === NEWLINE || byte === RETURN) break;
      else plain = false;
    }
    if (position >= end) byte = NEWLINE;
    const last = column === width - 1;
    if ((byte === COMMA) === last) this.#refuseWidth(line, start, width);
    this.#position = last ? position : position + 1;
    if (!plain || digits === 0) return this.#numberIn(line, column, this.#text(start, position));
    if (mantissa > LARGEST_EXACT || places > 22) return Number(this.#text(start, position));
    // Both operands are exact here, so one division rounds as `Number(text)` would.
    return places > 0 ? mantissa / (POWERS[places] ?? Number.NaN) : mantissa;
  }

  /** Goes past the end of a row, of either kind. */
  endLine(line: number): void {
    if (this.#bytes[this.#position] === RETURN) this.#position++;
    if (this.#position < this.#end && this.#bytes[this.#position] !== NEWLINE)
      this.fail(line, 'a carriage return stands inside the row; lines should end with a newline');
    this.#position++;
  }

  /** A field that is not plain digits: an exponent is legal in CSV, though rare; anything else is not a number. */
  #numberIn(line: number, column: number, field: string): number {
    const value = /^\d+(\.\d+)?[eE][+-]?\d+$/.test(field) ? Number(field) : Number.NaN;
    if (!Number.isFinite(value))
      this.fail(line, `${HEADERS[column]} is ${shown(field)}; it should be a number of at least zero`);
    return value;
  }

  #refuseWidth(line: number, at: number, width: number): never {
    const lineStart = this.#bytes.lastIndexOf(NEWLINE, at - 1) + 1;
    const found = this.#text(lineStart, lineEnd(this.#bytes, lineStart));
    this.fail(line, `the row ${shown(found)} has ${found.split(',').length} columns; it should have ${width}`);
  }

  #text(from: number, to: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(from, to)).replace(/\r$/, '');
  }
}

const lineEnd = (bytes: Uint8Array, from: number): number => {
  const found = bytes.indexOf(NEWLINE, from);
  return found < 0 ? bytes.length : found;
};

const contentEnd = (bytes: Uint8Array): number => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end--;
  return end;
};

/** What is wrong with a row of numbers, or null. The same rules as `candleFault`, on columns and for any interval. */
export const rowFault = (columns: CandleColumns, row: number, interval: Milliseconds): string | null => {
  const at = (column: Float64Array): number => column[row] ?? Number.NaN;
  const openTime = at(columns.openTime);
  if (!Number.isSafeInteger(openTime) || openTime % interval !== 0) {
    return `timestamp_ms is ${openTime}; it should be a multiple of ${interval}`;
  }
  if (openTime >= END_OF_TIME)
    return `timestamp_ms is ${openTime}, beyond the year 2100; it should be in milliseconds, not in microseconds`;
  if (row > 0) {
    const before = columns.openTime[row - 1] ?? Number.NaN;
    if (openTime === before) return `timestamp_ms ${openTime} is there twice; each candle should be there once`;
    if (openTime < before) return `timestamp_ms ${openTime} follows ${before}; rows should be sorted by time`;
  }
  const [open, high, low, close] = [at(columns.open), at(columns.high), at(columns.low), at(columns.close)];
  if (!(open > 0 && high > 0 && low > 0 && close > 0)) {
    return `a price is zero (open ${open}, high ${high}, low ${low}, close ${close}); prices should be above zero`;
  }
  if (high < open || high < close || low > open || low > close) {
    return `high ${high} and low ${low} should enclose open ${open} and close ${close}`;
  }
  const volume = at(columns.volume);
  if (columns.complete && at(columns.takerBuyBase) > volume * (1 + 1e-9)) {
    return `taker_buy_base ${at(columns.takerBuyBase)} should not be above volume ${volume}`;
  }
  return null;
};
