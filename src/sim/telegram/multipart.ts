/**
 * Reads multipart/form-data (RFC 7578) by hand: grammY's writer leaves file
 * names unquoted and header names in lower case, which the platform's own
 * form parser refuses.
 */
export interface FilePart {
  readonly filename: string;
  readonly content: Uint8Array;
}

export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  /** By the name that `attach://<name>` refers to. */
  readonly files: ReadonlyMap<string, FilePart>;
}

const CRLF = Buffer.from('\r\n');
const HEADER_END = Buffer.from('\r\n\r\n');

const headerValue = (headers: string, key: string): string | null => {
  const match = new RegExp(`(?:;|\\s)${key}=(?:"([^"]*)"|([^;\\r\\n]*))`, 'i').exec(headers);
  return match === null ? null : (match[1] ?? match[2] ?? '').trim();
};

/** The boundary in a content type, or null when it is no multipart form. */
export const boundaryOf = (contentType: string): string | null => {
  if (!/^multipart\/form-data\b/i.test(contentType)) return null;
  const boundary = headerValue(`;${contentType}`, 'boundary');
  return boundary === null || boundary === '' ? null : boundary;
};

/** @throws RangeError when the body is no well-formed form. */
export const parseMultipart = (body: Buffer, boundary: string): Form => {
  const fields = new Map<string, string>();
  const files = new Map<string, FilePart>();
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let at = body.indexOf(opening);
  if (at < 0) throw new RangeError('no opening boundary');
  at += opening.length;
  for (;;) {
    if (body.subarray(at, at + 2).toString() === '--') return { fields, files };
    if (!body.subarray(at, at + 2).equals(CRLF)) throw new RangeError('malformed boundary');
    const headEnd = body.indexOf(HEADER_END, at);
    const partEnd = body.indexOf(delimiter, at);
    if (headEnd < 0 || partEnd < 0 || headEnd > partEnd) throw new RangeError('part without end');
    const headers = body.subarray(at + 2, headEnd).toString();
    const content = body.subarray(headEnd + HEADER_END.length, partEnd);
    const name = headerValue(headers, 'name');
    if (name === null) throw new RangeError('part without name');
    const filename = headerValue(headers, 'filename');
    if (filename === null) fields.set(name, content.toString());
    else files.set(name, { filename, content: new Uint8Array(content) });
    at = partEnd + delimiter.length;
  }
};
