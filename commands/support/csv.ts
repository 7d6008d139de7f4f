/** RFC 4180: fields with a comma, quote or line break are quoted, quotes doubled, lines end in CRLF. */
const field = (value: string | number): string => {
  const text = String(value);
  // A leading sign of a formula would run in a spreadsheet; numbers are what they are.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const toCsv = (head: readonly string[], rows: Iterable<readonly (string | number)[]>): Uint8Array => {
  const lines = [head.map(field).join(',')];
  for (const row of rows) lines.push(row.map(field).join(','));
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n`);
};
